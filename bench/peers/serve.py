"""The child side of a race: builds a peer from a dump, compares it, runs blocks."""
import resource
import time

import h5py
import torch

from peers import l2p, tasks

TASKS = {"attribute_masking": tasks.AttributeMasking, "graph_regression": tasks.GraphRegression, "embedding": tasks.Embedding,
         "adaptation": tasks.Adaptation}


def distance(gradients, reference):
    """Length of the difference over the length of the reference, all parameters together."""
    norm = sum(value.square().sum() for value in reference.values())
    return torch.sqrt(sum((gradients[name] - value).square().sum() for name, value in reference.items()) / norm).item()


def peak_mebibytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Stopwatch:
    """Wall and processor seconds of a block."""

    def __init__(self):
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def block(self, items, **more):
        return {"seconds": time.perf_counter() - self.wall, "cpu_seconds": time.process_time() - self.processor, "items": items,
                "peak_mebibytes": peak_mebibytes(), **more}


class Trained:
    """A task with weights and batches of a dump, trained by Adam.

    spec: dump, width, settings, formulation (aggregation, or how l2p is written), compile, autocast (bfloat16),
    batches (how many of the dump's).
    """

    def __init__(self, spec, dtype=torch.float32):
        settings = spec["settings"]
        with h5py.File(spec["dump"]) as file:
            if settings["kind"] == "l2p":
                self.task = l2p.FORMULATIONS[spec["formulation"]](spec["width"], settings, "scatter").to(dtype)
            else:
                self.task = TASKS[settings["kind"]](spec["width"], settings, spec["formulation"]).to(dtype)
            self.parameters = self.task.named()
            with torch.no_grad():
                for name, parameter in self.parameters.items():
                    parameter.copy_(torch.from_numpy(file["parameters"][name][()]))
                buffers = dict(self.task.encoder.named_buffers())
                for name in file["buffers"] if "buffers" in file else ():
                    buffers[name].copy_(torch.from_numpy(file["buffers"][name][()]))
            self.batches = [self.task.read_batch(file["batch"][name]) for name in sorted(file["batch"], key=int)[:spec.get("batches")]]
        if spec.get("compile"):
            self.task.loss = torch.compile(self.task.loss, dynamic=True)
        trained = self.task.trained() if hasattr(self.task, "trained") else list(self.parameters.values())
        self.optimizer = torch.optim.Adam(trained, lr=1e-3, fused=True)
        self.everything = list(self.task.parameters())
        self.autocast = bool(spec.get("autocast"))
        self.position = 0

    def first(self):
        """Loss and gradients of the first batch by name; nothing trained. Dropout off."""
        dropout, self.task.encoder.dropout = self.task.encoder.dropout, 0.0
        loss = self.task.backward(self.batches[0])
        gradients = {name: p.grad.double() for name, p in self.parameters.items() if p.grad is not None}
        self.clear()
        self.task.encoder.dropout = dropout
        return loss, gradients

    def clear(self):
        for parameter in self.everything:
            parameter.grad = None

    def block(self, steps):
        items = 0
        watch = Stopwatch()
        for _ in range(steps):
            batch = self.batches[self.position % len(self.batches)]
            self.position += 1
            self.clear()
            with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
                self.task.backward(batch)
            self.optimizer.step()
            items += batch["graphs"]
        return watch.block(items)


class Embedded:
    """Embeds batches in evaluation."""

    def __init__(self, spec, dtype=torch.float32):
        self.trained = Trained(spec, dtype)
        self.position = 0

    def first(self):
        return 0.0, {"embedding": self.trained.task.loss(self.trained.batches[0]).double()}

    def block(self, steps):
        items = 0
        watch = Stopwatch()
        for _ in range(steps):
            batch = self.trained.batches[self.position % len(self.trained.batches)]
            self.position += 1
            self.trained.task.loss(batch)
            items += batch["graphs"]
        return watch.block(items)


def compare(kind, spec):
    """The dump's first loss and gradient, and this formulation's in float32, against the same in float64."""
    exact_loss, exact = kind({**spec, "compile": False, "batches": 1}, torch.float64).first()
    with h5py.File(spec["dump"]) as file:
        mine = {}
        file["gradient"].visititems(lambda name, item: mine.update({name: torch.from_numpy(item[()]).double()}) if hasattr(item, "shape") else None)
        loss = float(file.attrs["loss"]) if "loss" in file.attrs else float(file["loss"][()])
    missing = [name for name in mine if name not in exact]
    if missing:
        raise ValueError(f"the two models have different parameters: {missing}")
    exact = {name: exact[name] for name in mine}
    theirs_loss, theirs = kind({**spec, "batches": 1}).first()
    return {"loss": loss, "peer_loss": theirs_loss, "peer_loss_float64": exact_loss, "gradient_difference": distance(mine, exact),
            "peer_gradient_difference": distance(theirs, exact)}


def serve(spec):
    """@return (first line, function that answers a request)"""
    torch.set_num_threads(spec.get("threads", 1))
    kind = Embedded if spec["settings"]["kind"] == "embedding" else Trained
    if spec.get("compare"):
        return compare(kind, spec), None
    contender = kind(spec)
    return {"torch": torch.__version__}, lambda request: contender.block(request["steps"])
