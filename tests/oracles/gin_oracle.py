#!/usr/bin/env python3
"""Writes tests/golden/gin.json: the GIN of Hu et al. (2020) in plain PyTorch, with nn.Embedding, nn.Linear, nn.BatchNorm1d
and a gather and index_add per edge. It shares no code and no formulation with graftage, which multiplies sparse matrices.

Weights are not stored: both sides compute them from the parameter's name (`hashed`). Run with a Python that has torch:

    .venv/bin/python tests/oracles/gin_oracle.py
"""
import json
import pathlib

import numpy as np
import torch
from torch import nn

MASK = 0xFFFFFFFF


def hashed(shape, salt):
    """Pseudo-random float64 in [-1, 1), a pure function of shape and salt (tests/support/gradcheck.cpp)."""
    x = np.arange(int(np.prod(shape)), dtype=np.uint64) * 0x9E3779B1 + salt & MASK
    x = (x ^ x >> 16) * 0x85EBCA6B & MASK
    x = (x ^ x >> 13) * 0xC2B2AE35 & MASK
    x = x ^ x >> 16
    return torch.from_numpy(x.astype(np.float64) * 2.0**-31 - 1.0).reshape(shape)


def salt_of(name):
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 & MASK
    return value


class Conv(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.edge_embedding1 = nn.Embedding(6, width)
        self.edge_embedding2 = nn.Embedding(3, width)

    def forward(self, h, edge_index, edge_attr):
        nodes = torch.arange(h.size(0))
        loops = torch.tensor([[4, 0]]).repeat(h.size(0), 1)
        source = torch.cat([edge_index[0], nodes])
        target = torch.cat([edge_index[1], nodes])
        attr = torch.cat([edge_attr, loops])
        message = h[source] + self.edge_embedding1(attr[:, 0]) + self.edge_embedding2(attr[:, 1])
        return self.mlp(torch.zeros_like(h).index_add(0, target, message))


class Gin(nn.Module):
    def __init__(self, num_layers, width, jk):
        super().__init__()
        self.jk = jk
        self.x_embedding1 = nn.Embedding(120, width)
        self.x_embedding2 = nn.Embedding(3, width)
        self.gnns = nn.ModuleList(Conv(width) for _ in range(num_layers))
        self.batch_norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(num_layers))
        self.double()
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                values = hashed(tuple(parameter.shape), salt_of(name))
                if name.startswith("batch_norms"):
                    values = 1.0 + 0.3 * values if name.endswith("weight") else 0.2 * values
                elif "embedding" in name:
                    values = 0.5 * values
                elif name.endswith("bias"):
                    values = 0.1 * values
                else:
                    values = values * (1.5 / parameter.shape[1] ** 0.5)
                parameter.copy_(values)

    def forward(self, x, edge_index, edge_attr):
        h = self.x_embedding1(x[:, 0]) + self.x_embedding2(x[:, 1])
        layers = [h]
        for layer, (conv, norm) in enumerate(zip(self.gnns, self.batch_norms)):
            h = norm(conv(h, edge_index, edge_attr))
            if layer + 1 < len(self.gnns):
                h = torch.relu(h)
            layers.append(h)
        if self.jk == "last":
            return h
        if self.jk == "concat":
            return torch.cat(layers, dim=1)
        if self.jk == "max":
            return torch.max(torch.stack(layers), dim=0)[0]
        return torch.stack(layers).sum(dim=0)


def molecule(rng, num_nodes, extra):
    bonds = [(int(rng.integers(0, v)), v) for v in range(1, num_nodes)]
    for _ in range(extra):
        a, b = sorted(int(v) for v in rng.choice(num_nodes, 2, replace=False))
        if (a, b) not in bonds:
            bonds.append((a, b))
    edge_index, edge_features = [], []
    for a, b in bonds:
        code = [int(rng.integers(0, 4)), int(rng.integers(0, 3))]
        edge_index += [[a, b], [b, a]]
        edge_features += [code, code]
    nodes = [[int(rng.integers(0, 20)), int(rng.integers(0, 3))] for _ in range(num_nodes)]
    return {"node_features": nodes, "edge_index": edge_index, "edge_features": edge_features}


def join(graphs):
    x, edges, attr, batch = [], [], [], []
    for number, graph in enumerate(graphs):
        edges += [[a + len(x), b + len(x)] for a, b in graph["edge_index"]]
        attr += graph["edge_features"]
        batch += [number] * len(graph["node_features"])
        x += graph["node_features"]
    return torch.tensor(x), torch.tensor(edges).t(), torch.tensor(attr), torch.tensor(batch)


def digest(tensor, name):
    """What is kept of a large tensor: its scale, two projections and its first values."""
    flat = tensor.detach().double().flatten()
    return {
        "max": flat.abs().max().item(),
        "dot1": (flat @ hashed(flat.shape, salt_of(name + "/1"))).item(),
        "dot2": (flat @ hashed(flat.shape, salt_of(name + "/2"))).item(),
        "head": flat[:8].tolist(),
    }


def loss_of(rows, batch, num_graphs):
    """Mean pooling, fixed coefficients, a smooth non-linearity: sum c * softplus(mean of a graph's rows)."""
    pooled = torch.zeros(num_graphs, rows.size(1), dtype=rows.dtype).index_add(0, batch, rows)
    pooled = pooled / torch.bincount(batch, minlength=num_graphs).unsqueeze(1)
    return (nn.functional.softplus(pooled) * hashed(tuple(pooled.shape), salt_of("loss"))).sum()


def run_case(graphs, num_layers, width, jk, keep_rows):
    x, edge_index, edge_attr, batch = join(graphs)
    model = Gin(num_layers, width, jk).train()
    names = [name for name, _ in model.named_parameters()]
    parameters = [parameter for _, parameter in model.named_parameters()]
    rows = model(x, edge_index, edge_attr)
    loss = loss_of(rows, batch, len(graphs))
    first = torch.autograd.grad(loss, parameters, create_graph=True)
    projection = sum((g * hashed(tuple(g.shape), salt_of(n + "/v"))).sum() for n, g in zip(names, first))
    second = torch.autograd.grad(projection, parameters, allow_unused=True)
    second = [torch.zeros_like(p) if s is None else s for s, p in zip(second, parameters)]
    case = {
        "num_layers": num_layers,
        "width": width,
        "jumping_knowledge": jk,
        "num_parameters": sum(p.numel() for p in parameters),
        "rows": digest(rows, "rows"),
        "loss": loss.item(),
        "gradient": {n: digest(g, n) for n, g in zip(names, first)},
        "second_gradient": {n: digest(g, n) for n, g in zip(names, second)},
    }
    if keep_rows:
        case["all_rows"] = rows.detach().flatten().tolist()
    # A second training forward moves the running statistics again; then evaluation uses them.
    model(x, edge_index, edge_attr)
    case["running"] = {n: digest(b, n) for n, b in model.named_buffers() if "running" in n}
    case["num_batches_tracked"] = int(model.batch_norms[0].num_batches_tracked)
    with torch.no_grad():
        case["evaluation_rows"] = digest(model.eval()(x, edge_index, edge_attr), "rows")
    return case


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(20)
    shapes = [(9, 1), (1, 0), (14, 3), (2, 0), (6, 1), (11, 2)]
    graphs = [molecule(rng, nodes, extra) for nodes, extra in shapes]
    cases = [run_case(graphs, 5, 16, "last", True)]
    cases += [run_case(graphs, 3, 8, jk, False) for jk in ("concat", "max", "sum")]
    cases.append(run_case(graphs, 5, 300, "last", False))
    golden = {"written_by": "tests/oracles/gin_oracle.py", "torch": torch.__version__.split("+")[0], "graphs": graphs,
              "cases": cases}
    path = pathlib.Path(__file__).parent.parent / "golden" / "gin.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes, {cases[-1]['num_parameters']} parameters in the largest case")


if __name__ == "__main__":
    main()
