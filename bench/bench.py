#!/usr/bin/env python3
"""Runs rows of the benchmark suite: bench.py [B1 B3 ... | all]. scripts/bench.sh prepares what they need.

Each row compares outputs before it times, alternates contenders in one run, prints its results and appends them as JSON lines.
A row that fails does not stop the others; it is told at the end, and the exit code is 1.
"""
import argparse
import importlib
import os
import shutil
import sys
import time
import traceback

from harness import machine
from harness.bench import Bench

ROWS = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B9", "B11", "kernels"]
EXTRA = ["ablation"]


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("rows", nargs="*", default=["all"], help=f"{', '.join(ROWS)}, {', '.join(EXTRA)}, or all")
    arguments.add_argument("--build", default="build/bench", help="build folder with bench_worker and graftage")
    arguments.add_argument("--corpus", required=True, help="corpus for pretraining")
    arguments.add_argument("--task", required=True, help="labelled corpus for adaptation")
    arguments.add_argument("--results", default=os.path.join(machine.ROOT, "build", "bench-results.jsonl"))
    arguments.add_argument("--quick", action="store_true", help="few and short blocks: a trial of the bench, not a result")
    options = arguments.parse_args()
    by_name = {name.lower(): name for name in ROWS + EXTRA}
    wanted = [row.lower() for row in options.rows]
    unknown = [row for row in wanted if row != "all" and row not in by_name]
    if unknown:
        arguments.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS + EXTRA)}")
    options.rows = ROWS if "all" in wanted else [by_name[row] for row in wanted]
    return options


def print_machine(options):
    facts = machine.facts()
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    print(f"{facts['cpu']} ({facts['isa']}), {facts['cores']} cores, governor {facts['governor']}, load {os.getloadavg()[0]:.1f}")
    print(f"graftage {facts['revision']}; {versions}; corpus {options.corpus}, task {options.task}")


def main():
    options = parse_arguments()
    print_machine(options)
    bench = Bench(options)
    failed = []
    try:
        for row in options.rows:
            module = importlib.import_module("rows." + row.lower())
            start = time.monotonic()
            print(f"\n{module.__doc__.splitlines()[0]}", flush=True)
            try:
                module.run(bench)
            except Exception as error:  # the other rows go on
                traceback.print_exc(limit=3)
                failed.append(f"{row}: {type(error).__name__}: {error}")
            print(f"  {row} took {time.monotonic() - start:.0f} s", flush=True)
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    print(f"\ndetails: {os.path.relpath(options.results, os.getcwd())}")
    for line in failed:
        print(f"FAILED {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
