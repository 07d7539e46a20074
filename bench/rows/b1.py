"""B1: whole training step of a 5 x 300 GIN, and embedding a corpus; float32, one core."""
import contextlib

from harness.bench import AGGREGATIONS, TUNED_MALLOC
from harness.race import Race
from harness.record import Target

MASKING, REGRESSION = {"kind": "attribute_masking"}, {"kind": "graph_regression"}
#        name, objective, batch, steps per block, target
CASES = [("attribute masking", MASKING, 256, 2, 2.2), ("attribute masking", MASKING, 1024, 1, 3.0), ("attribute masking", MASKING, 32, 8, None),
         ("uncorrupted", REGRESSION, 256, 2, 2.8), ("uncorrupted", REGRESSION, 1024, 1, 3.5)]

COMPILED = {"PyG scatter, torch.compile": "scatter", "torch CSR, torch.compile": "csr_operator"}


def formulations(bench, spec, compiled):
    """Ways to start the peer, by name. compiled: which of COMPILED take part"""
    kinds = {name: (settings, None) for name, settings in AGGREGATIONS.items()}
    kinds["torch CSR, glibc tuned"] = (AGGREGATIONS["torch CSR"], TUNED_MALLOC)
    kinds.update({name: ({"formulation": COMPILED[name], "compile": True}, TUNED_MALLOC) for name in compiled})
    return {name: lambda label, s=settings, e=env: bench.peer(label, env=e, **spec, **s) for name, (settings, env) in kinds.items()}


def gemm_facts(first, race, name):
    """Rate of the products really computed, and its share of what this core reaches on nothing else."""
    gflops = max(block["flops"] / block["seconds"] for block in race.blocks[name]) / 1e9
    return {"gemm_gflops": gflops, "gemm_rate": first["gemm_rate"], "gemm_share": gflops / first["gemm_rate"]}


def training(bench, record, name, objective, batch, steps, target, compiled):
    """@return the name of the fastest peer"""
    dump = bench.path(f"{objective['kind']}-{batch}.h5")
    common = {"mode": "pretraining", "objective": objective, "corpus": bench.corpus, "batch": batch, "graphs": 32768}
    large = batch > 256
    case = f"{name}, batch {batch}"
    print(f"  {case}", flush=True)
    with contextlib.ExitStack() as stack:
        ours = [stack.enter_context(bench.ours(dump=dump, dumped_batches=2 if large else 4, **common))]
        if not large:
            ours.append(stack.enter_context(bench.ours("graftage, plain flow", flow="plain", **common)))
        first = {**ours[0].first, "batch": batch}
        spec = {"dump": dump, "width": 300, "settings": first["objective"]}
        judge = "torch CSR" if large else "PyG scatter"
        comparison = bench.compare(judge, **spec, **AGGREGATIONS[judge])
        best, peer, heat = bench.heat(formulations(bench, spec, compiled), {"steps": 1}, blocks=1 if large else 2)
        stack.enter_context(peer)
        race = Race([*ours, peer], bench.blocks, {"steps": steps})
        record.race(case, race, "graftage", best, Target(target) if target else None, batch=batch, rows_left=first["rows_left"],
                    comparison=comparison, heat=heat, **gemm_facts(first, race, "graftage"))
        if not large:
            record.race(f"{case}, plain flow", race, "graftage, plain flow", best, batch=batch)
        pyg, mine = heat["PyG scatter"], race.summary("graftage")["peak_mebibytes"]
        if batch >= 256 and isinstance(pyg, dict):
            record.value(f"{case}: peak memory over PyG's default", mine / pyg["peak_mebibytes"], "", Target(0.5, at_most=True),
                         graftage_mebibytes=mine, pyg_mebibytes=pyg["peak_mebibytes"])
    return best


def embedding(bench, record):
    dump = bench.path("embedding.h5")
    print("  embedding, batches of 4096", flush=True)
    with bench.ours(mode="embedding", corpus=bench.corpus, batch=4096, graphs=32768, dump=dump, dumped_batches=2) as ours:
        spec = {"dump": dump, "width": 300, "settings": {"kind": "embedding"}}
        comparison = bench.compare("PyG scatter", **spec, **AGGREGATIONS["PyG scatter"])
        best, peer, heat = bench.heat(formulations(bench, spec, []), {"steps": 1}, blocks=1)
        with peer:
            race = Race([ours, peer], bench.blocks, {"steps": 1}, warm_up=0)
        ours.first["batch"] = 4096
        record.race("embedding a corpus, batches of 4096", race, "graftage", best, Target(4.0), batch=4096, rows_left=ours.first["rows_left"],
                    comparison=comparison, heat=heat, **gemm_facts(ours.first, race, "graftage"))


def run(bench):
    record = bench.recorder("B1")
    compiled = list(COMPILED)
    for name, objective, batch, steps, target in CASES:
        best = training(bench, record, name, objective, batch, steps, target, compiled)
        if compiled == list(COMPILED):  # compiling takes half a minute each: only what won goes on
            compiled = [best] if best in COMPILED else []
    embedding(bench, record)
