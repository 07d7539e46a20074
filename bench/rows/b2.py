"""B2: the same step in bf16; only where the processor has AMX."""
from harness import machine
from harness.bench import AGGREGATIONS
from harness.race import Race
from harness.record import Target


def run(bench):
    record = bench.recorder("B2")
    if not machine.has_amx():
        record.note(f"bf16 is not raced: this processor ({machine.processor()[1]}) has no AMX, and without it bf16 products are slower than fp32 ones")
        return
    dump = bench.path("masking-bf16.h5")
    common = {"mode": "pretraining", "objective": {"kind": "attribute_masking"}, "corpus": bench.corpus, "batch": 256, "graphs": 32768}
    with bench.ours("graftage fp32", dump=dump, dumped_batches=4, **common) as ours, bench.ours("graftage bf16", precision="bf16", **common) as bf16:
        spec = {"dump": dump, "width": 300, "settings": ours.first["objective"], **AGGREGATIONS["torch CSR"]}
        comparison = bench.compare("torch CSR", **spec)
        with bench.peer("torch CSR fp32", **spec) as fp32_peer, bench.peer("torch CSR bf16 autocast", autocast=True, **spec) as bf16_peer:
            race = Race([ours, bf16, fp32_peer, bf16_peer], bench.blocks, {"steps": 2})
        record.race("attribute masking, batch 256, bf16 against the peer in fp32", race, "graftage bf16", "torch CSR fp32", Target(8), comparison=comparison)
        record.race("attribute masking, batch 256, bf16 against the peer in bf16", race, "graftage bf16", "torch CSR bf16 autocast", Target(4))
        record.race("attribute masking, batch 256, bf16 against our fp32", race, "graftage bf16", "graftage fp32")
