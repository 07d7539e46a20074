"""Alternating blocks of several contenders and the statistics of their ratios.

A block is {"seconds", "cpu_seconds", "items"}: what it took and how much was done. A noisy neighbour disturbs all
contenders of a round alike, so ratios are taken within a round, and between the fastest blocks of each.
"""
import os
import statistics

import numpy

from harness import machine

CLOCKS = {"wall": "seconds", "processor": "cpu_seconds"}


def interval(values, draws=2000):
    """95 % bootstrap interval of the median."""
    rng = numpy.random.default_rng(0)
    medians = [numpy.median(rng.choice(values, len(values))) for _ in range(draws)]
    return [float(bound) for bound in numpy.quantile(medians, [0.025, 0.975])]


class Race:
    """contenders: Child objects (or anything with name and ask). request: what each is asked per block."""

    def __init__(self, contenders, blocks, request=None, warm_up=1):
        self.names = [contender.name for contender in contenders]
        self.blocks = {name: [] for name in self.names}
        self.load, stolen = os.getloadavg()[0], machine.stolen_seconds()
        requests = request if isinstance(request, dict) and set(request) == set(self.names) else {n: request or {} for n in self.names}
        for contender in contenders:
            for _ in range(warm_up):
                contender.ask(**requests[contender.name])
        for _ in range(blocks):
            for contender in contenders:
                self.blocks[contender.name].append(contender.ask(**requests[contender.name]))
        self.stolen = machine.stolen_seconds() - stolen

    def rates(self, name, clock="wall"):
        """Items per second of each block."""
        return [block["items"] / max(block[CLOCKS[clock]], 1e-9) for block in self.blocks[name]]

    def fastest(self, names=None):
        return max(names or self.names, key=lambda name: max(self.rates(name)))

    def ratio(self, ours, theirs, clock="wall"):
        """How many times faster `ours` is."""
        mine, other = self.rates(ours, clock), self.rates(theirs, clock)
        ratios = [a / b for a, b in zip(mine, other)]
        return {"ratio_of_minima": max(mine) / max(other), "median_ratio": statistics.median(ratios), "interval": interval(ratios)}

    def summary(self, name):
        """Best and median rate of a contender by both clocks, and its peak memory."""
        result = {clock: {"best": max(self.rates(name, clock)), "median": statistics.median(self.rates(name, clock))} for clock in CLOCKS}
        peaks = [block["peak_mebibytes"] for block in self.blocks[name] if "peak_mebibytes" in block]
        if peaks:
            result["peak_mebibytes"] = max(peaks)
        return result
