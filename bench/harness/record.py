"""Results on the terminal and as JSON lines."""
import json
import time

from harness import machine


class Target:
    """A promise: `value` at least (or at most) `bound`."""

    def __init__(self, bound, at_most=False):
        self.bound, self.at_most = bound, at_most

    def met(self, value):
        return value <= self.bound if self.at_most else value >= self.bound

    def text(self):
        return f"{'<=' if self.at_most else '>='} {self.bound:g}"


class Recorder:
    """Prints each result of a row and appends it to the file."""

    def __init__(self, row, path, corpus=""):
        self.row, self.path, self.corpus = row, path, corpus
        self.machine = machine.facts()
        self.shown = None  # the race whose contenders were printed last

    def _write(self, record):
        record = {"row": self.row, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "corpus": self.corpus, **record, "machine": self.machine}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def race(self, case, race, ours, theirs, target=None, unit="graphs/s", **facts):
        """A race between two of a race's contenders. facts: V, batch, rows_left, comparison, ..."""
        wall, processor = race.ratio(ours, theirs), race.ratio(ours, theirs, "processor")
        sides = {name: race.summary(name) for name in race.names}
        memory = {}
        if all("peak_mebibytes" in sides[name] for name in (ours, theirs)):
            memory = {"memory_ratio": sides[ours]["peak_mebibytes"] / sides[theirs]["peak_mebibytes"]}
        self._write({"kind": "race", "case": case, "ours": ours, "theirs": theirs, "unit": unit, "V": 1, **facts, "wall": wall, "processor": processor,
                     "contenders": sides, "blocks": race.blocks, "load": race.load, "stolen_seconds": race.stolen, **memory,
                     "target": target and {"bound": target.bound, "at_most": target.at_most, "met": target.met(wall["ratio_of_minima"])}})
        low, high = wall["interval"]
        promise = f"  target {target.text()}: {'met' if target.met(wall['ratio_of_minima']) else 'MISSED'}" if target else ""
        print(f"  {case}: {wall['ratio_of_minima']:.2f}x (median {wall['median_ratio']:.2f} [{low:.2f}, {high:.2f}], processor time "
              f"{processor['ratio_of_minima']:.2f}x){promise}")
        for name in race.names if race is not self.shown else ():
            side = sides[name]["wall"]
            peak = f", peak {sides[name]['peak_mebibytes']:,.0f} MiB" if "peak_mebibytes" in sides[name] else ""
            print(f"      {name:34s} {side['best']:12,.1f} {unit} (median {side['median']:,.1f}){peak}")
        self.shown = race
        left = f", rows left {', '.join(f'{part:.3f}' for part in facts['rows_left'])}" if "rows_left" in facts else ""
        print(f"      load {race.load:.1f}, stolen {race.stolen:.1f} s{left}", flush=True)

    def value(self, case, value, unit, target=None, **facts):
        """A single number, with its promise."""
        self._write({"kind": "value", "case": case, "value": value, "unit": unit, **facts,
                     "target": target and {"bound": target.bound, "at_most": target.at_most, "met": target.met(value)}})
        promise = f"  target {target.text()}: {'met' if target.met(value) else 'MISSED'}" if target else ""
        print(f"  {case}: {value:,.4g} {unit}{promise}", flush=True)

    def note(self, text):
        """Something that was not measured, and why."""
        self._write({"kind": "note", "case": text})
        print(f"  {text}", flush=True)
