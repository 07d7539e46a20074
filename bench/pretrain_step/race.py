#!/usr/bin/env python3
"""Races pretraining steps against the same model in PyTorch Geometric, in one run on one core.

usage: race.py --objective SECTION --worker build/bench/bench/bench_pretrain_step --corpus CORPUS [options]

Both start from the same weights. Before timing, loss and gradient of the first batch are held against the peer's in float64. Then blocks alternate:
graftage, peer, graftage, peer... graftage's blocks include reading, collating and drawing masks or pairs; the peer's batches
are collated and drawn beforehand, so only its forward, backward and Adam are timed. Prints graphs/s of both, the ratio of the
fastest blocks and the median of block ratios with its bootstrap interval, by the wall clock and by processor time (which
other programs on the machine disturb less), and appends one JSON line to --output.
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

# Against the peer in float64, whose rounding counts as none. In float32 the gradient of this model is badly conditioned: torch's
# own BatchNorm is 2e-2 away for attribute masking, and for l2p the low-rank form of the adapted weights is 3e-3 away.
LOSS_TOLERANCE = 1e-3
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

    def __init__(self, options, objective, dump, dtype=torch.float32):
        self.steps = options.steps
        self.position = 0
        with h5py.File(dump) as file:
            self.model, self.parameters = peer.create(objective, options.width, file["parameters"], dtype)
            self.batches = [self.model.read_batch(file["batch"][name]) for name in sorted(file["batch"], key=int)]
        self.optimizer = torch.optim.Adam(self.parameters.values(), lr=1e-3)

    def first(self):
        """Loss and gradients of the first batch, by name."""
        loss = self.model.backward(self.batches[0])
        gradients = {name: parameter.grad.double() for name, parameter in self.parameters.items()}
        self.optimizer.zero_grad()
        return loss, gradients

    def block(self):
        graphs = 0
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(self.steps):
            batch = self.batches[self.position % len(self.batches)]
            self.position += 1
            self.optimizer.zero_grad()
            self.model.backward(batch)
            self.optimizer.step()
            graphs += batch["graphs"]
        return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu_start, "graphs": graphs}


def distance(gradients, reference):
    """Length of the difference over the length of the reference, all parameters together."""
    norm = sum(value.square().sum() for value in reference.values())
    return torch.sqrt(sum((gradients[name] - value).square().sum() for name, value in reference.items()) / norm).item()


def compare(worker, contender, reference, dump):
    """Both sides' first batch against the peer in float64. Exits if graftage computes something else."""
    with h5py.File(dump) as file:
        names = []
        file["gradient"].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        mine = {name: torch.from_numpy(file["gradient"][name][()]).double() for name in names}
    loss, exact = reference.first()
    if mine.keys() != exact.keys():
        sys.exit(f"the two models have different parameters: {sorted(mine.keys() ^ exact.keys())}")
    peer_loss, theirs = contender.first()
    result = {"loss": worker.first["loss"], "peer_loss": peer_loss, "peer_loss_float64": loss,
              "gradient_difference": distance(mine, exact), "peer_gradient_difference": distance(theirs, exact)}
    print(f"first batch, peer in float64: loss {loss:.7f}; graftage {result['loss']:.7f}, gradient differs by {result['gradient_difference']:.1e}; "
          f"peer in float32 {peer_loss:.7f}, {result['peer_gradient_difference']:.1e}")
    if abs(result["loss"] - loss) > LOSS_TOLERANCE * abs(loss) or result["gradient_difference"] > GRADIENT_TOLERANCE:
        sys.exit("the two models differ; not timed")
    return result


class Race:
    """Alternating blocks; graphs per second of both sides, by the wall clock and by processor time."""

    def __init__(self, worker, contender, blocks):
        worker.block(), contender.block()  # caches, allocators, lazy initialisation
        self.mine, self.theirs = [], []
        for _ in range(blocks):
            self.mine.append(worker.block())
            self.theirs.append(contender.block())

    def result(self, clock):
        mine, theirs = ([block["graphs"] / block[clock] for block in side] for side in (self.mine, self.theirs))
        ratios = [a / b for a, b in zip(mine, theirs)]
        return {"graftage_graphs_per_second": mine, "peer_graphs_per_second": theirs, "ratio_of_fastest": max(mine) / max(theirs),
                "median_ratio": statistics.median(ratios), "interval": interval(ratios)}


def print_row(name, result):
    mine, theirs = result["graftage_graphs_per_second"], result["peer_graphs_per_second"]
    low, high = result["interval"]
    print(f"  {name:15s} {max(mine):9.0f} ({statistics.median(mine):.0f}) {max(theirs):9.0f} ({statistics.median(theirs):.0f})"
          f" {result['ratio_of_fastest']:9.2f} {result['median_ratio']:9.2f} [{low:.2f}, {high:.2f}]")


def main():
    options = parse_arguments()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        dump = os.path.join(folder, "dump.h5")
        worker = Worker(options, dump)
        contender = Peer(options, worker.first["objective"], dump)
        comparison = compare(worker, contender, Peer(options, worker.first["objective"], dump, torch.float64), dump)
    stolen, load = stolen_seconds(), os.getloadavg()[0]
    outcome = Race(worker, contender, options.blocks)
    stolen = stolen_seconds() - stolen
    worker.close()
    wall, processor_time = outcome.result("seconds"), outcome.result("cpu_seconds")
    cpu, isa = processor()
    first = worker.first
    print(f"{first['objective']['kind']}, corpus {first['corpus']} ({first['corpus_graphs']:,} graphs), batch {options.batch}, width {options.width}, "
          f"fp32, one core of {cpu} ({isa}), {options.blocks} blocks of {options.steps} steps, load {load:.1f}, stolen {stolen:.1f} s")
    print(f"  graphs/s, fastest block (median): graftage with feeding; torch_geometric {torch_geometric.__version__} on torch "
          f"{torch.__version__} with batches made beforehand")
    print(f"  {'':15s} {'graftage':>14s} {'peer':>14s} {'ratio':>10s}   median of block ratios [95 %]")
    print_row("wall clock", wall)
    print_row("processor time", processor_time)
    record = {"bench": "pretrain_step", "objective": first["objective"], "batch": options.batch, "width": options.width, "virtual_shards": 1,
              "precision": "fp32", "threads": 1, "cpu": cpu, "isa": isa, "load": load, "stolen_seconds": stolen, "revision": options.revision,
              "corpus": first["corpus"], "corpus_sha256": first["corpus_sha256"], "numerics": first["numerics"],
              "torch": torch.__version__, "torch_geometric": torch_geometric.__version__,
              "first_batch": comparison, "wall": wall, "cpu_time": processor_time,
              "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    else:
        print(json.dumps(record))


if __name__ == "__main__":
    main()
