"""B9: checkpoints of a 5 x 300 encoder with its Adam state: what they take, their size, and resuming."""
import os

from harness.race import Race
from harness.record import Target


def run(bench):
    record = bench.recorder("B9")
    ours_directory, peer_directory = bench.path("checkpoints"), bench.path("torch-checkpoints")
    os.makedirs(ours_directory), os.makedirs(peer_directory)
    with bench.ours(mode="checkpoints", directory=ours_directory) as ours, bench.peer("torch.save", server="checkpoint", directory=peer_directory) as peer:
        durable = Race([ours, peer], bench.blocks, {"graftage": {"operation": "write"}, "torch.save": {"operation": "save_durably"}})
        plain = Race([ours, peer], bench.blocks, {"graftage": {"operation": "write_plain"}, "torch.save": {"operation": "save"}})
        load = Race([ours, peer], bench.blocks, {"graftage": {"operation": "load"}, "torch.save": {"operation": "load"}})
    with bench.ours("step", mode="pretraining", objective={"kind": "attribute_masking"}, corpus=bench.corpus, batch=256, graphs=8192) as training:
        training.ask(steps=1)
        step = min(training.ask(steps=1)["seconds"] for _ in range(3))
    write = 1 / max(durable.rates("graftage"))
    record.race("checkpoint written, read back and fsynced, against torch.save and fsync", durable, "graftage", "torch.save", unit="checkpoints/s")
    record.value("checkpoint written durably", 1000 * write, "ms", torch_save_without_fsync_ms=1000 / max(plain.rates("torch.save")),
                 disk_alone_ms=1000 / max(plain.rates("graftage")))
    record.value("size of a checkpoint", durable.blocks["graftage"][-1]["bytes"] / 1e6, "MB", torch_save_mb=durable.blocks["torch.save"][-1]["bytes"] / 1e6)
    record.value("stall of a checkpoint every 1,000 steps of batch 256", 100 * write / (1000 * step), "%", Target(1, at_most=True), step_seconds=step)
    record.race("checkpoint verified and loaded, against torch.load", load, "graftage", "torch.save", unit="loads/s")
    record.value("resume: checkpoint verified and loaded", 1 / max(load.rates("graftage")), "s", Target(1, at_most=True))
