"""Writes tests/golden/adam.json: torch.optim.Adam on a fixed sequence of gradients.

Run from the checkout:  .venv/bin/python tests/oracles/adam.py
"""
import json
import pathlib

import torch


def trajectory(**options):
    generator = torch.Generator().manual_seed(3)
    value = torch.randn(7, generator=generator).requires_grad_()
    start = value.detach().tolist()
    optimizer = torch.optim.Adam([value], foreach=False, fused=False, **options)
    gradients, values = [], []
    for _ in range(12):
        value.grad = torch.randn(7, generator=generator)
        gradients.append(value.grad.tolist())
        optimizer.step()
        values.append(value.detach().tolist())
    state = optimizer.state[value]
    return {"options": options, "start": start, "gradients": gradients, "values": values,
            "first_moment": state["exp_avg"].tolist(), "second_moment": state["exp_avg_sq"].tolist()}


cases = [trajectory(lr=1e-3), trajectory(lr=0.05, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)]
target = pathlib.Path(__file__).parent.parent / "golden" / "adam.json"
target.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1) + "\n")
