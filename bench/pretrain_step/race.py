#!/usr/bin/env python3
"""Races pretraining steps against the same model in PyTorch Geometric, in one run on one core.

usage: race.py --objective SECTION --worker build/bench/bench/bench_pretrain_step --corpus CORPUS [options]

Both start from the same weights. Before timing, loss and gradient of the first batch are compared. Then blocks alternate:
graftage, peer, graftage, peer... graftage's blocks include reading, collating and drawing masks or pairs; the peer's batches
are collated and drawn beforehand, so only its forward, backward and Adam are timed. Prints graphs/s of both, the ratio of
minima and the median of block ratios with its bootstrap interval, and appends one JSON line to --output.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy
import torch
import torch_geometric

import peer

# In float32 two formulations of BatchNorm alone differ by up to 6e-3 in the gradient of this model.
LOSS_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 1e-2


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in lines.items()}
    flags = fields.get("flags", "").split()
    isa = next((name for flag, name in (("amx_bf16", "AMX"), ("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "scalar")
    return fields.get("model name", platform.machine()), isa


def stolen_seconds():
    with open("/proc/stat", encoding="utf-8") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def interval(ratios, draws=2000):
    rng = numpy.random.default_rng(0)
    medians = [numpy.median(rng.choice(ratios, len(ratios))) for _ in range(draws)]
    return [float(bound) for bound in numpy.quantile(medians, [0.025, 0.975])]


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--objective", default="attribute_masking", help="section: a name, or {kind: l2p, order: first}")
    arguments.add_argument("--worker", required=True)
    arguments.add_argument("--corpus", required=True)
    arguments.add_argument("--batch", type=int, default=256)
    arguments.add_argument("--width", type=int, default=300)
    arguments.add_argument("--steps", type=int, default=4, help="steps per block")
    arguments.add_argument("--blocks", type=int, default=10)
    arguments.add_argument("--revision", default="unknown", help="recorded in the JSON line")
    arguments.add_argument("--output", help="file that takes the JSON line")
    return arguments.parse_args()


class Worker:
    """The graftage side: a child process that trains a block for each line it is sent."""

    def __init__(self, options, dump):
        self.process = subprocess.Popen(
            [options.worker, options.objective, options.corpus, str(options.batch), str(options.steps), str(options.width), dump],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.first = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the worker ended with code {self.process.wait()}")
        return json.loads(line)

    def block(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    """The PyTorch Geometric side: same weights, same batches."""

    def __init__(self, options, objective, dump):
        self.steps = options.steps
        self.model, self.parameters = peer.create(objective, options.width)
        self.position = 0
        with h5py.File(dump) as file, torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(torch.from_numpy(file["parameters"][name][()]))
            self.batches = [self.model.read_batch(file["batch"][name]) for name in sorted(file["batch"], key=int)]
        self.optimizer = torch.optim.Adam(self.parameters.values(), lr=1e-3)

    def first(self):
        """Loss and gradients of the first batch, by name."""
        loss = self.model.backward(self.batches[0])
        gradients = {name: parameter.grad.clone() for name, parameter in self.parameters.items()}
        self.optimizer.zero_grad()
        return loss, gradients

    def block(self):
        graphs = 0
        start = time.perf_counter()
        for _ in range(self.steps):
            batch = self.batches[self.position % len(self.batches)]
            self.position += 1
            self.optimizer.zero_grad()
            self.model.backward(batch)
            self.optimizer.step()
            graphs += batch["graphs"]
        return {"seconds": time.perf_counter() - start, "graphs": graphs}


def compare(worker, contender, dump):
    """Both sides' first batch. Exits if they do not compute the same. Returns the relative difference of the gradients."""
    loss, gradients = contender.first()
    ours = worker.first
    with h5py.File(dump) as file:
        names = []
        file["gradient"].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        mine = {name: torch.from_numpy(file["gradient"][name][()]) for name in names}
    if mine.keys() != gradients.keys():
        sys.exit(f"the two models have different parameters: {sorted(mine.keys() ^ gradients.keys())}")
    norm = torch.sqrt(sum(g.double().square().sum() for g in gradients.values())).item()
    difference = torch.sqrt(sum((gradients[name] - mine[name]).double().square().sum() for name in mine)).item() / norm
    print(f"first batch: loss {ours['loss']:.7f} (peer {loss:.7f}), gradient norm {ours['gradient_norm']:.6f} (peer {norm:.6f}), "
          f"gradients differ by {difference:.1e}")
    if abs(ours["loss"] - loss) > LOSS_TOLERANCE * abs(loss) or difference > GRADIENT_TOLERANCE:
        sys.exit("the two models differ; not timed")
    return difference


def race(worker, contender, blocks):
    worker.block(), contender.block()  # caches, allocators, lazy initialisation
    mine, theirs = [], []
    for _ in range(blocks):
        for side, speeds in ((worker, mine), (contender, theirs)):
            result = side.block()
            speeds.append(result["graphs"] / result["seconds"])
    return mine, theirs


def main():
    options = parse_arguments()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        dump = os.path.join(folder, "dump.h5")
        worker = Worker(options, dump)
        contender = Peer(options, worker.first["objective"], dump)
        difference = compare(worker, contender, dump)
    stolen, load = stolen_seconds(), os.getloadavg()[0]
    mine, theirs = race(worker, contender, options.blocks)
    stolen = stolen_seconds() - stolen
    worker.close()
    ratios = [a / b for a, b in zip(mine, theirs)]
    low, high = interval(ratios)
    cpu, isa = processor()
    first = worker.first
    print(f"{first['objective']['kind']}, corpus {first['corpus']} ({first['corpus_graphs']:,} graphs), batch {options.batch}, width {options.width}, fp32, "
          f"one core of {cpu} ({isa}), {options.blocks} blocks of {options.steps} steps, load {load:.1f}, stolen {stolen:.1f} s")
    print(f"  graftage {max(mine):30.0f} graphs/s (median {statistics.median(mine):.0f}), feeding included")
    name = f"torch_geometric {torch_geometric.__version__}, torch {torch.__version__}"
    print(f"  {name:38s} {max(theirs):.0f} graphs/s (median {statistics.median(theirs):.0f}), batches made beforehand")
    print(f"  ratio of the fastest blocks {max(mine) / max(theirs):.2f}, median of block ratios {statistics.median(ratios):.2f} [{low:.2f}, {high:.2f}]")
    record = {"bench": "pretrain_step", "objective": first["objective"], "batch": options.batch, "width": options.width, "virtual_shards": 1,
              "precision": "fp32", "threads": 1, "cpu": cpu, "isa": isa, "load": load, "stolen_seconds": stolen, "revision": options.revision,
              "corpus": first["corpus"], "corpus_sha256": first["corpus_sha256"], "numerics": first["numerics"],
              "torch": torch.__version__, "torch_geometric": torch_geometric.__version__,
              "loss": first["loss"], "gradient_norm": first["gradient_norm"], "gradient_difference": difference,
              "graftage_graphs_per_second": mine, "peer_graphs_per_second": theirs,
              "ratio_of_fastest": max(mine) / max(theirs), "median_ratio": statistics.median(ratios), "interval": [low, high],
              "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    else:
        print(json.dumps(record))


if __name__ == "__main__":
    main()
