"""B4: adaptation steps at batch 32 on a labelled task, one core."""
from harness.bench import AGGREGATIONS
from harness.race import Race
from harness.record import Target


def trial(bench, method, protocol):
    return {"task": {"corpus": bench.task, "split": "scaffold"}, "encoder": {"source": "random"}, "adapt": {"kind": method},
            "protocol": protocol, "train": {"batch_size": 32, "dropout": 0.5}}


def settings_of(first, method, protocol, frozen):
    return {"kind": "adaptation", "method": method, "protocol": protocol, "dropout": 0.5, "frozen": frozen, "targets": first["targets"], "num_basis": 5}


def fastest(bench, spec, settings, label, steps):
    """The faster aggregation of a formulation. @return its Child, renamed"""
    starts = {f"{label}, {name}": lambda text, f=formulation: bench.peer(text, **spec, settings=settings, **f)
              for name, formulation in AGGREGATIONS.items()}
    return bench.heat(starts, {"steps": steps}, blocks=2)


def prompt(bench, record, method, protocol, target):
    dump = bench.path(f"{method}-{protocol}.h5")
    case = f"{method}, protocol {protocol}"
    print(f"  {case}", flush=True)
    with bench.ours(mode="adaptation", trial=trial(bench, method, protocol), dump=dump) as ours:
        spec = {"dump": dump, "width": 300}
        reference, frozen = (settings_of(ours.first, method, protocol, kind) for kind in ("thrown_away", "detached"))
        comparison = bench.compare("PyG scatter", settings=reference, **spec, **AGGREGATIONS["PyG scatter"])
        name, peer, _ = fastest(bench, spec, reference, "gradient thrown away", 4)
        frozen_name, frozen_peer, _ = fastest(bench, spec, frozen, "frozen weights", 4)
        with peer, frozen_peer:
            race = Race([ours, peer, frozen_peer], bench.blocks, {"steps": 8})
        facts = {"batch": 32, "rows_left": ours.first["rows_left"], "corpus": ours.first["corpus"]}
        record.race(f"{case}, against the reference formulation", race, "graftage", name, Target(target) if target else None, comparison=comparison, **facts)
        record.race(f"{case}, against frozen weights", race, "graftage", frozen_name, **facts)


def full(bench, record):
    dump = bench.path("full.h5")
    print("  full fine-tuning, dropout 0.5", flush=True)
    with bench.ours(mode="adaptation", trial=trial(bench, "full", "fixed"), dump=dump) as ours:
        spec = {"dump": dump, "width": 300}
        settings = settings_of(ours.first, "full", "fixed", "detached")
        comparison = bench.compare("PyG scatter", settings=settings, **spec, **AGGREGATIONS["PyG scatter"])
        name, peer, _ = fastest(bench, spec, settings, "full", 4)
        with peer:
            race = Race([ours, peer], bench.blocks, {"steps": 8})
        record.race("full fine-tuning, dropout 0.5", race, "graftage", name, batch=32, rows_left=ours.first["rows_left"], corpus=ours.first["corpus"],
                    comparison=comparison)


def linear_probe(bench, record):
    dump = bench.path("probe.h5")
    print("  linear probe, an epoch after the first", flush=True)
    with bench.ours(mode="adaptation", trial=trial(bench, "linear_probe", "fixed"), dump=dump, dumped_batches=1000) as ours:
        spec = {"dump": dump, "width": 300}
        settings = settings_of(ours.first, "linear_probe", "fixed", "detached")
        comparison = bench.compare("PyG scatter", settings=settings, **spec, **AGGREGATIONS["PyG scatter"])
        name, peer, _ = fastest(bench, spec, settings, "forward every epoch", 8)
        epoch = ours.first["steps_per_epoch"]
        with peer:
            race = Race([ours, peer], bench.blocks, {"graftage": {"steps": 4 * epoch}, name: {"steps": epoch}})
        record.race("linear probe, epoch after the first", race, "graftage", name, Target(50), batch=32, corpus=ours.first["corpus"], comparison=comparison)


def run(bench):
    record = bench.recorder("B4")
    prompt(bench, record, "gpf", "fixed", 2.5)
    prompt(bench, record, "gpf", "reference", None)
    prompt(bench, record, "gpf_plus", "fixed", 2.5)
    full(bench, record)
    linear_probe(bench, record)
