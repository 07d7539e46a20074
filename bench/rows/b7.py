"""B7: what a sweep costs beside its trials; starting a process."""
import json
import os
import subprocess
import sys
import time

import numpy

from harness import machine
from harness.child import ChildFailed
from harness.race import Race
from harness.record import Target


class Command:
    """A contender that is a whole process."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def ask(self):
        start, used = time.perf_counter(), os.times()
        subprocess.run(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, cwd=machine.ROOT)
        after = os.times()
        return {"seconds": time.perf_counter() - start, "items": 1,
                "cpu_seconds": after.children_user + after.children_system - used.children_user - used.children_system}


def overhead(bench, record):
    trials = 50 if bench.quick else 200
    nothing = [0.0] * trials
    with bench.ours("sweep of empty trials", mode="trials", directory=bench.path("trials-run")) as run, \
            bench.ours("durable commits alone", mode="trials", directory=bench.path("trials-commit")) as commit:
        race = Race([run, commit], max(3, bench.blocks // 2), {run.name: {"seconds": nothing}, commit.name: {"seconds": nothing, "operation": "commit"}})
        short = run.ask(seconds=[0.02] * trials)
    whole, stored = (1000 / max(race.rates(name)) for name in race.names)
    record.value("empty trial through the sweep, durable commit included", whole, "ms/trial")
    record.value("durable commit of a trial's result", stored, "ms")
    record.value("trial overhead beside the durable commit", whole - stored, "ms/trial", Target(1, at_most=True))
    record.value("trial of 20 ms: time beside its work", 1000 * (short["seconds"] - short["all_busy_seconds"]) / trials, "ms/trial")
    for storage in ("memory", "journal", "sqlite"):
        try:
            with bench.peer(f"Optuna, {storage}", server="studies", storage=storage, directory=bench.folder) as peer:
                peer.ask(trials=10)
                block = min((peer.ask(trials=30) for _ in range(3)), key=lambda b: b["seconds"])
            record.value(f"empty trial in Optuna, {storage}", 1000 * block["seconds"] / block["items"], "ms/trial")
        except ChildFailed as error:
            record.note(f"Optuna, {storage}: {error}")


def utilisation(bench, record):
    if len(bench.all_cores) < 2:
        record.note("utilisation is not measured: this process may use one core only")
        return
    rng = numpy.random.default_rng(0)
    seconds = rng.lognormal(0, 1, 60 if bench.quick else 500)
    seconds = (seconds * 0.04 / seconds.mean()).tolist()
    with bench.ranks("trials", 2, mode="trials", directory=bench.path("trials-tail")) as ranks:
        block = ranks.ask(seconds=seconds)
    record.value(f"utilisation of 2 ranks, {len(seconds)} trials of 40 ms on average, heavy tail up to {max(seconds):.1f} s",
                 100 * block["all_busy_seconds"] / (2 * block["seconds"]), "%", Target(97))


def start(bench, record):
    race = Race([Command("graftage --version", [bench.graftage, "--version"]), Command("python -c 'import torch'", [sys.executable, "-c", "import torch"])],
                bench.blocks)
    record.race("process start with LibTorch", race, "graftage --version", "python -c 'import torch'", unit="starts/s")
    record.value("process start with LibTorch", 1 / max(race.rates("graftage --version")), "s", Target(0.8, at_most=True))


def probes(bench, record):
    """Models per minute: linear probes on the labelled task, 3 seeds x learning rates, one process."""
    rates = [round(1e-4 * 1.3 ** i, 8) for i in range(4 if bench.quick else 20)]
    sweep = {"name": "bench", "output": bench.path("probe-sweep"), "method": "grid", "metric": {"name": "valid/roc_auc", "goal": "maximize"},
             "replicates": {"seeds": [0, 1, 2]}, "parameters": {"optimizer.lr": {"values": rates}, "adapt.kind": {"values": ["linear_probe"]}},
             "trial": {"task": {"corpus": bench.task, "split": "scaffold"}, "encoder": {"source": "random"}, "train": {"epochs": 10}}}
    path = bench.path("probe-sweep.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(sweep, file)
    begin = time.perf_counter()
    done = subprocess.run([bench.graftage, "sweep", "--config", path], capture_output=True, text=True, check=False, cwd=machine.ROOT,
                          preexec_fn=lambda: os.sched_setaffinity(0, bench.core))
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        raise RuntimeError(f"graftage sweep ended with code {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    trials = 3 * len(rates)
    record.value(f"models per minute: {trials} linear probes of 10 epochs, 3 random encoders, one core", 60 * trials / seconds, "models/min",
                 seconds=seconds)


def run(bench):
    record = bench.recorder("B7")
    overhead(bench, record)
    utilisation(bench, record)
    start(bench, record)
    probes(bench, record)
