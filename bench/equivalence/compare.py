#!/usr/bin/env python3
"""Do two configurations train equally good models? Paired seeds, then a TOST on the test metric (B11).

usage, fp32 against bf16 in adaptation, 10 seeds:
    compare.py --graftage build/release/graftage --task runs/corpora/bbbp --a train.precision=fp32 --b train.precision=bf16

and in pretraining, judged by linear probes on several tasks (their mean is far steadier than one of them):
    compare.py --graftage build/release/graftage --task runs/corpora/bbbp runs/corpora/tox21 runs/corpora/sider --pretrain configs/pretrain/quickstart_masking.yaml \\
        --a train.precision=fp32 --b train.precision=bf16

For each seed both sides start from the same weights and see the same batches. With --pretrain the settings apply to pretraining,
and both sides are adapted alike; without, they apply to the adaptation. The metric is that of the test part at the epoch of the best
validation, in points (100 x ROC-AUC), averaged over the tasks. Exit code: 0 equivalent, 1 not shown, 2 something failed.
"""
import argparse
import json
import os
import subprocess
import sys

from tost import paired_tost


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--graftage", required=True)
    arguments.add_argument("--task", required=True, nargs="+", metavar="CORPUS", help="labelled corpora with binary labels; the mean over them is compared")
    arguments.add_argument("--split", default="scaffold")
    arguments.add_argument("--a", nargs="+", default=[], metavar="KEY=VALUE", help="settings of the first side")
    arguments.add_argument("--b", nargs="+", default=[], metavar="KEY=VALUE", help="settings of the second side")
    arguments.add_argument("--pretrain", metavar="CONFIG", help="pretraining configuration that the settings apply to")
    arguments.add_argument("--method", help="adaptation method; default: full, or linear_probe with --pretrain")
    arguments.add_argument("--epochs", type=int, default=30)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--margin", type=float, default=1.0, help="points of the metric")
    arguments.add_argument("--output", default="runs/equivalence", help="folder for pretrained encoders")
    arguments.add_argument("--json", action="store_true", help="print the verdict as one JSON line")
    options = arguments.parse_args()
    options.method = options.method or ("linear_probe" if options.pretrain else "full")
    return options


def graftage(options, *arguments):
    """@return what the command prints"""
    done = subprocess.run([options.graftage, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        sys.exit(2)
    return done.stdout


def settings(pairs):
    return [part for pair in pairs for part in ("--set", pair)]


def pretrained(options, side, pairs, seed):
    directory = os.path.join(options.output, f"{side}-{seed}")
    graftage(options, "pretrain", "--config", options.pretrain, *settings([*pairs, f"seed={seed}", f"output={directory}"]))
    return directory


def adapted(options, task, pairs, seed, source):
    """Test metric of one task, in points, at the epoch of the best validation."""
    trial = {"task": {"corpus": task, "split": options.split}, "encoder": {"source": source}, "adapt": {"kind": options.method},
             "train": {"epochs": options.epochs, "evaluate_train": False}, "seed": seed}
    config = os.path.join(options.output, "trial.yaml")
    with open(config, "w", encoding="utf-8") as file:
        json.dump(trial, file)
    curves = json.loads(graftage(options, "adapt", "--config", config, *settings(pairs)))["curves"]
    valid, test = curves["valid/roc_auc"], curves["test/roc_auc"]
    return 100 * test[valid.index(max(valid))]


def result(options, side, pairs, seed):
    source = pretrained(options, side, pairs, seed) if options.pretrain else "random"
    adaptation = [] if options.pretrain else pairs
    metrics = [adapted(options, task, adaptation, seed, source) for task in options.task]
    return sum(metrics) / len(metrics)


def main():
    options = parse_arguments()
    os.makedirs(options.output, exist_ok=True)
    sides = {"a": [], "b": []}
    for seed in range(options.seeds):
        for side, pairs in (("a", options.a), ("b", options.b)):
            sides[side].append(result(options, side, pairs, seed))
        print(f"seed {seed}: {sides['a'][-1]:.2f} and {sides['b'][-1]:.2f}", file=sys.stderr, flush=True)
    verdict = {**paired_tost(sides["a"], sides["b"], options.margin), **sides}
    if options.json:
        print(json.dumps(verdict))
    else:
        low, high = verdict["interval"]
        print(f"b - a = {verdict['mean_difference']:+.3f} points, 90 % interval [{low:+.3f}, {high:+.3f}], margin {options.margin:g}, p = {verdict['p']:.3g}: "
              + ("equivalent" if verdict["equivalent"] else "equivalence not shown"))
    return 0 if verdict["equivalent"] else 1


if __name__ == "__main__":
    sys.exit(main())
