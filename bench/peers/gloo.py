"""Two processes of one thread each, torch.nn.parallel.DistributedDataParallel over gloo; the same peer model in each."""
import os
import tempfile

import torch
import torch.multiprocessing as processes

from peers import serve as single


class Loss(torch.nn.Module):
    """DistributedDataParallel wraps a forward: the task's loss."""

    def __init__(self, task):
        super().__init__()
        self.task = task

    def forward(self, batch):
        return self.task.loss(batch)


def work(rank, spec, rendezvous, pipe):
    os.sched_setaffinity(0, [sorted(os.sched_getaffinity(0))[rank]])
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=spec["processes"])
    contender = single.Trained(spec)
    model = torch.nn.parallel.DistributedDataParallel(Loss(contender.task), find_unused_parameters=False)
    contender.task.backward = lambda batch: model(batch).backward()
    contender.position = rank
    pipe.send(len(contender.batches))
    while (request := pipe.recv()) is not None:
        pipe.send(contender.block(request["steps"]))
        contender.position += spec["processes"] - 1  # the batches of the others


def serve(spec):
    rendezvous = os.path.join(tempfile.mkdtemp(), "rendezvous")
    context = processes.get_context("spawn")
    pipes, started = [], []
    for rank in range(spec["processes"]):
        mine, other = context.Pipe()
        started.append(context.Process(target=work, args=(rank, spec, rendezvous, other), daemon=True))
        started[-1].start()
        pipes.append(mine)
    batches = [pipe.recv() for pipe in pipes]

    def answer(request):
        for pipe in pipes:
            pipe.send(request)
        blocks = [pipe.recv() for pipe in pipes]
        return {"seconds": max(b["seconds"] for b in blocks), "cpu_seconds": sum(b["cpu_seconds"] for b in blocks),
                "items": sum(b["items"] for b in blocks), "peak_mebibytes": sum(b["peak_mebibytes"] for b in blocks)}

    return {"batches": batches[0]}, answer
