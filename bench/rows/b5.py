"""B5: reading graphs from the corpus and joining them to batches, one core; and how long a training step waits for them."""
from harness.race import Race
from harness.record import Target


def loading(bench, record):
    dump = bench.path("graphs-int64.h5")
    common = {"mode": "feeding", "corpus": bench.corpus, "batch": 256, "graphs": 16384}
    print("  reading and collating 16,384 graphs in batches of 256", flush=True)
    with bench.ours("graftage, cold", dump=dump, **common) as cold, bench.ours("graftage, warm", **common) as warm, \
            bench.ours("graftage, warm, with merged flow", **common) as flow, \
            bench.peer("PyG DataLoader, in memory", server="loader", dump=dump, source="memory", batch=256) as memory, \
            bench.peer("PyG DataLoader, int64 HDF5", server="loader", dump=dump, source="hdf5", batch=256) as hdf5:
        contenders = [cold, warm, flow, memory, hdf5]
        requests = {cold.name: {"pass": "cold"}, warm.name: {"pass": "warm"}, flow.name: {"pass": "warm", "flow": True},
                    memory.name: {}, hdf5.name: {"batches": 4}}
        race = Race(contenders, bench.blocks, requests)
    record.race("corpus read and collate, cold, against int64 HDF5", race, cold.name, hdf5.name, Target(10))
    record.race("collate, warm, against Data objects in memory", race, warm.name, memory.name, Target(10))
    record.race("corpus read and collate, cold, against Data objects in memory", race, cold.name, memory.name)
    record.race("collate and merged flow with its transposes, warm, against PyG's collate in memory", race, flow.name, memory.name)
    record.value("collate, warm", max(race.rates(warm.name)), "graphs/s/core", Target(500000))


def stall(bench, record):
    steps = 6 if bench.quick else 16
    for objective in ("attribute_masking", "graph_regression"):
        with bench.ours(mode="pretraining", objective={"kind": objective}, corpus=bench.corpus, batch=256, graphs=32768) as ours:
            ours.ask(steps=2)
            block = ours.ask(steps=steps)
        waiting = 100 * block["feed_seconds"] / (block["feed_seconds"] + block["compute_seconds"] + block["reduce_seconds"])
        record.value(f"stall of a step, {objective}, batch 256, loader on the same core", waiting, "%", Target(1, at_most=True), steps=steps)


def run(bench):
    record = bench.recorder("B5")
    loading(bench, record)
    stall(bench, record)
