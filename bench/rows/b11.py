"""B11: do two ways of computing train equally good models? Paired seeds and a TOST; here a short demonstration."""
import json
import os
import subprocess
import sys

from harness import machine


def run(bench):
    record = bench.recorder("B11")
    seeds = 3 if bench.quick else 4
    output = bench.path("equivalence")
    command = [sys.executable, os.path.join(machine.ROOT, "bench", "equivalence", "compare.py"), "--graftage", bench.graftage, "--task", bench.task,
               "--a", "train.flow=plain", "--b", "train.flow=merged", "--seeds", str(seeds), "--epochs", "3", "--method", "gpf",
               "--output", output, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=machine.ROOT)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"compare.py ended with code {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    record.value(f"merged minus plain flow, gpf, {seeds} paired seeds, ROC-AUC points", result["mean_difference"], "points", result=result)
    record.note(f"TOST, margin {result['margin']} points: p = {result['p']:.3g}, {'equivalent' if result['equivalent'] else 'not shown to be equivalent'} "
                f"with {seeds} seeds and 3 epochs; bench/equivalence/compare.py runs the 10 or more that a verdict needs")
