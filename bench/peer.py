#!/usr/bin/env python3
"""The other side of a race, one process: bench/peer.py SPEC, SPEC a JSON object with "server", a module of bench/peers.

The module's `serve(spec)` returns the first line to print and the function that answers requests.
"""
import importlib
import json
import os
import sys
import traceback


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints goes to the log

    def say(answer):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        spec = json.loads(sys.argv[1])
        first, answer = importlib.import_module("peers." + spec.get("server", "serve")).serve(spec)
        say(first)
        for line in sys.stdin:
            say(answer(json.loads(line)))
    except Exception as error:  # the bench reports it and goes on
        traceback.print_exc()
        say({"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:400]})


if __name__ == "__main__":
    main()
