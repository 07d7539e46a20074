"""ablation: what each technique contributes to a step of graftage, switched off one at a time (B1's tasks, one core)."""
import contextlib

from harness.race import Race

OBJECTIVES = {"attribute masking": {"kind": "attribute_masking"}, "uncorrupted": {"kind": "graph_regression"}}
# name -> (additions to the worker's spec, environment)
SWITCHES = {"without merged rows (train.flow: plain)": ({"flow": "plain"}, None),
            "without own float32 products (ATEN_CPU_CAPABILITY=avx2)": ({}, {"ATEN_CPU_CAPABILITY": "avx2"}),
            "without keeping freed memory (GLIBC_TUNABLES set)": ({}, {"GLIBC_TUNABLES": ""})}


def run(bench):
    record = bench.recorder("ablation")
    for name, objective in OBJECTIVES.items():
        for batch, steps in ((256, 2), (1024, 1)):
            common = {"mode": "pretraining", "objective": objective, "corpus": bench.corpus, "batch": batch, "graphs": 32768}
            with contextlib.ExitStack() as stack:
                children = [stack.enter_context(bench.ours("everything on", **common))]
                children += [stack.enter_context(bench.ours(label, env=env, **common, **more)) for label, (more, env) in SWITCHES.items()]
                race = Race(children, bench.blocks, {"steps": steps})
            for label in SWITCHES:
                record.race(f"{name}, batch {batch}: everything against {label}", race, "everything on", label, batch=batch)
