"""One harness for all benches: children that run blocks on request, races between them, and records of the results."""
