"""One module per row of the suite, each with `run(bench)`."""
