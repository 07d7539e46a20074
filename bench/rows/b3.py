"""B3: L2P-GNN meta-step, paper mode, batch 64, against the same definition in PyTorch."""
from harness.race import Race
from harness.record import Target


def run(bench):
    record = bench.recorder("B3")
    common = {"mode": "pretraining", "corpus": bench.corpus, "batch": 64, "graphs": 32768}
    rates = {}
    for order, target in (("second", 10.0), ("first", None)):
        dump = bench.path(f"l2p-{order}.h5")
        print(f"  L2P-GNN, {order} order", flush=True)
        objective = {"kind": "l2p", "order": order}
        with bench.ours(dump=dump, dumped_batches=3, objective=objective, **common) as ours, \
                bench.ours("plain-flow masking step", objective={"kind": "attribute_masking"}, flow="plain", **common) as plain:
            spec = {"dump": dump, "width": 300, "settings": ours.first["objective"]}
            comparison = {name: bench.compare(name, formulation=name, **spec) for name in ("loop over graphs", "vmap")}
            starts = {name: lambda label: bench.peer(label, formulation=label, **spec) for name in comparison}
            best, peer, heat = bench.heat(starts, {"steps": 1}, blocks=1)
            with peer:
                race = Race([ours, plain, peer], min(bench.blocks, 8), {"steps": 1})
            record.race(f"L2P-GNN, {order} order, batch 64", race, "graftage", best, Target(target) if target else None, batch=64,
                        rows_left=ours.first["rows_left"], comparison=comparison, heat=heat)
            rates[order] = max(race.rates("graftage"))
            record.value(f"L2P-GNN, {order} order: cost in plain-flow steps", max(race.rates("plain-flow masking step")) / rates[order], "steps",
                         Target(6, at_most=True) if order == "second" else None)
    record.value("L2P-GNN: cost of second order over first", rates["first"] / rates["second"], "", Target(1.9, at_most=True))
