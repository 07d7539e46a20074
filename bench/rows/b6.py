"""B6: one and two ranks on two cores; the exact tree reduction against plain MPI_Allreduce."""
from harness.bench import AGGREGATIONS
from harness.race import Race
from harness.record import Target

MASKING = {"kind": "attribute_masking"}


def scaling(bench, record):
    dump = bench.path("masking-scaling.h5")
    common = {"mode": "pretraining", "objective": MASKING, "corpus": bench.corpus, "graphs": 32768}
    print("  1 rank, 2 ranks, torch on 2 cores", flush=True)
    with bench.ours("1 rank, batch 512, V 2", batch=512, virtual_shards=2, **common) as one, \
            bench.ours("1 rank, batch 256, V 1", batch=256, virtual_shards=1, dump=dump, dumped_batches=8, **common) as half, \
            bench.ranks("2 ranks, batch 512, V 2", 2, batch=512, virtual_shards=2, **common) as two:
        spec = {"dump": dump, "width": 300, "settings": half.first["objective"], **AGGREGATIONS["torch CSR"]}
        with bench.peer("torch, 2 threads, batch 256", cores=bench.all_cores, threads=2, env={"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}, **spec) as threads, \
                bench.peer("torch, 2 gloo processes, batch 2 x 256", cores=bench.all_cores, server="gloo", processes=2,
                           env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}, **spec) as gloo:
            race = Race([one, two, half, threads, gloo], bench.blocks, {"steps": 2})
    record.race("strong scaling, 1 to 2 ranks, batch 512", race, two.name, one.name, Target(1.9), V=2, batch=512)
    weak = race.ratio(two.name, half.name)
    record.race("weak scaling, 256 graphs per rank", race, two.name, half.name, Target(1.94), V=2, batch=512)
    record.value("weak efficiency", weak["ratio_of_minima"] / 2, "", Target(0.97))
    best = race.fastest([threads.name, gloo.name])
    record.race("attribute masking on 2 cores, 256 graphs per core", race, two.name, best, V=2, batch=512)
    imbalance = [block["imbalance"] for block in race.blocks[two.name]]
    record.value("imbalance of 2 ranks (slower rank's compute over the mean, median)", 100 * sorted(imbalance)[len(imbalance) // 2], "%", Target(1, at_most=True))
    return min(block["seconds"] / 2 for block in race.blocks[two.name])


def reduction(bench, record, step_seconds):
    with bench.ranks("tree", 2, mode="reduction") as tree, bench.ranks("MPI_Allreduce", 2, mode="reduction") as plain:
        race = Race([tree, plain], bench.blocks, {"tree": {"operation": "tree", "repeat": 10}, "MPI_Allreduce": {"operation": "allreduce", "repeat": 10}})
    record.race("exact tree against MPI_Allreduce, 1,857,900 floats, 2 ranks", race, "tree", "MPI_Allreduce", unit="reductions/s", V=2)
    extra = 1 / max(race.rates("tree")) - 1 / max(race.rates("MPI_Allreduce"))
    record.value("exact reduction's extra time, of a step of batch 512 on 2 ranks", 100 * extra / step_seconds, "%", Target(3, at_most=True),
                 step_seconds=step_seconds)


def run(bench):
    record = bench.recorder("B6")
    if len(bench.all_cores) < 2:
        record.note("scaling is not measured: this process may use one core only")
        return
    reduction(bench, record, scaling(bench, record))
