"""Masked losses and their gradients by torch and scikit-learn -> tests/golden/adapt_losses.json.

Run with the checkout's Python (.venv/bin/python tests/oracles/adapt_losses.py); the test itself needs no Python.
"""

import json
import pathlib

import numpy
import torch
from sklearn.metrics import log_loss

RANDOM = numpy.random.default_rng(20240607)
GRAPHS, TARGETS = 7, 3


def case(kind):
    predictions = RANDOM.normal(0, 3, (GRAPHS, TARGETS))
    labels = RANDOM.integers(0, 2, (GRAPHS, TARGETS)).astype(float) if kind == "binary" else RANDOM.normal(0, 2, (GRAPHS, TARGETS))
    mask = RANDOM.random((GRAPHS, TARGETS)) < 0.7
    x = torch.tensor(predictions, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(labels, dtype=torch.float64)
    present = torch.tensor(mask)
    if kind == "binary":
        total = torch.nn.functional.binary_cross_entropy_with_logits(x[present], y[present], reduction="sum")
        probability = 1 / (1 + numpy.exp(-predictions[mask]))
        reference = log_loss(labels[mask], probability, normalize=False, labels=[0, 1])
        assert abs(reference - total.item()) < 1e-9, (reference, total.item())
    else:
        total = torch.nn.functional.mse_loss(x[present], y[present], reduction="sum")
    total.backward()
    return {
        "kind": kind,
        "predictions": predictions.tolist(),
        "labels": labels.tolist(),
        "mask": mask.astype(int).tolist(),
        "sum": total.item(),
        "count": int(mask.sum()),
        "gradient": x.grad.tolist(),
    }


path = pathlib.Path(__file__).parent.parent / "golden" / "adapt_losses.json"
path.write_text(json.dumps([case("binary"), case("real")], indent=1) + "\n")
print(path.name)
