"""Tasks with one loss per batch: attribute masking, graph regression on uncorrupted batches, embedding, adaptation."""
import numpy
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from peers.encoder import Encoder, mean_readout, with_self_loops


def tensors(group):
    """The datasets of a dumped batch; integers as int64."""
    result = {}
    for name in group:
        values = group[name][()]
        result[name] = torch.from_numpy(values if values.dtype.kind == "f" else values.astype(numpy.int64))
    return result


class Task(torch.nn.Module):
    """An encoder and a loss. Subclasses have `loss(batch)` and own parameters under graftage's names."""

    def __init__(self, width, settings, kind, dropout=0.0):
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(width, kind, dropout=dropout)

    def own_parameters(self):
        return {}

    def named(self):
        """All parameters by graftage's names."""
        parameters = {f"encoder.{name}": value for name, value in self.encoder.named_parameters()}
        parameters.update(self.own_parameters())
        return parameters

    def read_batch(self, group):
        data = tensors(group)
        x = data["node_features"].view(-1, 2)
        edge_index, edge_attr = with_self_loops(data["edge_source"], data["edge_target"], data["edge_features"], x.size(0))
        counts = data["node_ptr"].diff()
        batch = {name: value for name, value in data.items() if not name.startswith(("edge_", "node_"))}
        return {**batch, "graphs": counts.numel(), "input": self.encoder.prepare(x, edge_index, edge_attr),
                "graph_of_node": torch.repeat_interleave(torch.arange(counts.numel()), counts),
                "nodes_of_graph": counts.unsqueeze(1).to(self.encoder.x_embedding1.weight.dtype)}

    def readout(self, batch, h):
        return mean_readout(h, batch["graph_of_node"], batch["graphs"], batch["nodes_of_graph"])

    def backward(self, batch):
        """Accumulates gradients. @return the loss"""
        loss = self.loss(batch)
        loss.backward()
        return loss.item()


class AttributeMasking(Task):
    """Predict the hidden atoms' types: cross-entropy over masked nodes."""

    def __init__(self, width, settings, kind):
        super().__init__(width, settings, kind)
        self.head = torch.nn.Linear(width, 119)

    def own_parameters(self):
        return {"objective.node_type.0.weight": self.head.weight, "objective.node_type.0.bias": self.head.bias}

    def loss(self, batch):
        h = self.encoder(*batch["input"])
        return cross_entropy(self.head(h[batch["masked_node"]]), batch["masked_type"])


class GraphRegression(Task):
    """Uncorrupted batches: squared error of a linear head on the mean readout against fixed random targets."""

    def __init__(self, width, settings, kind):
        super().__init__(width, settings, kind)
        self.head = torch.nn.Linear(width, 1)

    def own_parameters(self):
        return {"objective.head.0.weight": self.head.weight, "objective.head.0.bias": self.head.bias}

    def loss(self, batch):
        prediction = self.head(self.readout(batch, self.encoder(*batch["input"])))
        return (prediction.squeeze(1) - batch["target"].to(prediction.dtype)).square().mean()


class Embedding(Task):
    """Graph embeddings in evaluation: no gradient, running statistics."""

    def __init__(self, width, settings, kind):
        super().__init__(width, settings, kind)
        self.eval()

    def loss(self, batch):
        with torch.no_grad():
            return self.readout(batch, self.encoder(*batch["input"]))


class Adaptation(Task):
    """Supervised training on labelled graphs.

    settings: method (full, linear_probe, gpf, gpf_plus), protocol (fixed: running statistics and no dropout; reference: batch
    statistics and dropout), dropout, frozen: "detached" (backbone parameters need no gradient) or "thrown_away" (the published
    formulation: the gradient is computed and not used).
    """

    def __init__(self, width, settings, kind):
        trains = settings["method"] == "full"
        fixed = settings["protocol"] == "fixed" and not trains
        super().__init__(width, settings, kind, dropout=0.0 if fixed else settings["dropout"])
        self.fixed = fixed
        self.head = torch.nn.Linear(width, settings["targets"])
        self.own = {"head.0.weight": self.head.weight, "head.0.bias": self.head.bias}
        self.prompt = None
        if settings["method"] == "gpf":
            self.vector = torch.nn.Parameter(torch.zeros(1, width))
            self.own["prompt.p.weight"] = self.vector
            self.prompt = lambda h: h + self.vector
        elif settings["method"] == "gpf_plus":
            self.basis = torch.nn.Parameter(torch.zeros(settings["num_basis"], width))
            self.score = torch.nn.Linear(width, settings["num_basis"])
            self.own.update({"prompt.basis.weight": self.basis, "prompt.score.weight": self.score.weight, "prompt.score.bias": self.score.bias})
            self.prompt = lambda h: h + torch.softmax(self.score(h), 1) @ self.basis
        if not trains and settings["frozen"] == "detached":
            self.encoder.requires_grad_(False)

    def own_parameters(self):
        return self.own

    def trained(self):
        """What the optimiser steps."""
        return list(self.named().values()) if self.settings["method"] == "full" else list(self.own.values())

    def loss(self, batch):
        self.encoder.train(not self.fixed)
        if self.settings["method"] == "linear_probe":
            with torch.no_grad():
                h = self.readout(batch, self.encoder(*batch["input"]))
        else:
            h = self.readout(batch, self.encoder(*batch["input"], prompt=self.prompt))
        scores = self.head(h)
        mask = batch["label_mask"].to(scores.dtype)
        losses = binary_cross_entropy_with_logits(scores, batch["labels"].to(scores.dtype).nan_to_num(), weight=mask, reduction="none")
        return losses.sum() / mask.sum()
