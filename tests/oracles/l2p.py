"""Writes tests/golden/l2p.json: the outer loss of L2P-GNN in paper mode and its gradient, in float64.

Plain torch, one graph and one pair at a time, every graph with its own copy of the adapted weights; written from
methods 3.5a and the formulas of the GIN encoder, sharing no code with graftage. Run from the checkout:
    .venv/bin/python tests/oracles/l2p.py
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(17)
WIDTH, LAYERS, EPS = 4, 2, 1e-5
ALPHA, BETA = 0.01, 0.05


def molecule(bonds, nodes):
    atoms = torch.randint(0, 20, (nodes,), generator=generator)
    tags = torch.randint(0, 3, (nodes,), generator=generator)
    types = torch.randint(0, 4, (len(bonds),), generator=generator)
    directions = torch.randint(0, 3, (len(bonds),), generator=generator)
    return {"nodes": nodes, "node_features": torch.stack([atoms, tags], 1).tolist(), "bonds": bonds,
            "bond_features": torch.stack([types, directions], 1).tolist()}


graphs = [molecule([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0], [2, 5]], 6), molecule([[0, 1], [1, 2], [1, 3]], 4),
          molecule([[0, 1], [1, 2]], 3), molecule([[0, 1], [1, 2], [2, 3], [3, 4]], 5)]
# Local node numbers; two children; graph 2 has two bonds and so no node loss. Pair i stands beside non-edge i.
links = {
    "support": [[[[0, 1], [2, 3], [4, 0]], [[1, 2], [3, 4]]], [[[0, 1], [1, 2]], [[1, 3]]], [[], []], [[[0, 1]], [[2, 3], [1, 2]]]],
    "support_negative": [[[[0, 2], [1, 5], [3, 5]], [[0, 3], [1, 4]]], [[[0, 2], [2, 3]], [[0, 3]]], [[], []], [[[0, 4]], [[0, 2], [1, 4]]]],
    "query": [[[[2, 5]], [[0, 1], [2, 5]]], [[[1, 3]], [[0, 1]]], [[], []], [[[3, 4], [2, 3]], [[0, 1]]]],
    "query_negative": [[[[0, 5]], [[2, 4], [4, 5]]], [[[0, 3]], [[2, 3]]], [[], []], [[[1, 3], [0, 2]], [[2, 4]]]],
}
CHILDREN = 2


def parameter(*shape, scale=0.6, shift=0.0):
    return (torch.randn(*shape, generator=generator) * scale + shift).requires_grad_()


weights = {"x_embedding1.weight": parameter(120, WIDTH), "x_embedding2.weight": parameter(3, WIDTH)}
for layer in range(LAYERS):
    weights |= {f"gnns.{layer}.mlp.0.weight": parameter(2 * WIDTH, WIDTH), f"gnns.{layer}.mlp.0.bias": parameter(2 * WIDTH),
                f"gnns.{layer}.mlp.2.weight": parameter(WIDTH, 2 * WIDTH), f"gnns.{layer}.mlp.2.bias": parameter(WIDTH),
                f"gnns.{layer}.edge_embedding1.weight": parameter(6, WIDTH), f"gnns.{layer}.edge_embedding2.weight": parameter(3, WIDTH)}
for layer in range(LAYERS):
    weights |= {f"batch_norms.{layer}.weight": parameter(WIDTH, shift=1.0), f"batch_norms.{layer}.bias": parameter(WIDTH)}
omega = parameter(WIDTH, WIDTH)  # stored transposed: "pool.weight" [out, in]


def embed(w, members, statistics):
    """Rows of some graphs; statistics None: take them over these rows and return them."""
    found, h, sources, targets, types = [], [], [], [], []
    offset = 0
    for graph in members:
        features = torch.tensor(graph["node_features"])
        h.append(w["x_embedding1.weight"][features[:, 0]] + w["x_embedding2.weight"][features[:, 1]])
        for (u, v), codes in zip(graph["bonds"], graph["bond_features"]):
            for a, b in ((u, v), (v, u)):
                sources.append(a + offset), targets.append(b + offset), types.append(codes)
        for v in range(graph["nodes"]):
            sources.append(v + offset), targets.append(v + offset), types.append([4, 0])
        offset += graph["nodes"]
    h, sources, targets, types = torch.cat(h), torch.tensor(sources), torch.tensor(targets), torch.tensor(types)
    for layer in range(LAYERS):
        name = f"gnns.{layer}."
        message = h[sources] + w[name + "edge_embedding1.weight"][types[:, 0]] + w[name + "edge_embedding2.weight"][types[:, 1]]
        h = torch.zeros(offset, WIDTH).index_add(0, targets, message)
        h = F.linear(F.relu(F.linear(h, w[name + "mlp.0.weight"], w[name + "mlp.0.bias"])), w[name + "mlp.2.weight"], w[name + "mlp.2.bias"])
        if statistics is None:
            found.append((h.mean(0), h.var(0, unbiased=False)))
        mean, variance = found[layer] if statistics is None else statistics[layer]
        h = (h - mean) / torch.sqrt(variance + EPS) * w[f"batch_norms.{layer}.weight"] + w[f"batch_norms.{layer}.bias"]
        if layer + 1 < LAYERS:
            h = F.relu(h)
    return h, found


def node_loss(h, positives, negatives):
    total = 0
    for child in range(CHILDREN):
        terms = [-F.logsigmoid(h[u] @ h[v]) for u, v in positives[child]] + [-F.logsigmoid(-(h[u] @ h[v])) for u, v in negatives[child]]
        total = total + sum(terms) / len(positives[child])
    return total / CHILDREN


def graph_loss(pool, h, positives, other):
    total = 0
    for child in range(CHILDREN):
        ends = [h[end] for pair in positives[child] for end in pair] or list(h)
        task, graph, negative = (sum(ends) / len(ends)) @ pool, h.mean(0) @ pool, other @ pool
        total = total - F.logsigmoid(task @ graph) - F.logsigmoid(-(task @ negative))
    return total / CHILDREN


def outer_loss(second_order):
    rows, statistics = embed(weights, graphs, None)
    before = torch.split(rows, [graph["nodes"] for graph in graphs])
    total = 0
    for g, graph in enumerate(graphs):
        psi = {name: tensor * 1 for name, tensor in weights.items()}  # gradients of this copy do not reach the statistics
        pool = omega.T * 1
        has_nodes = bool(links["support"][g][0])
        if has_nodes:
            inner = node_loss(embed(psi, [graph], statistics)[0], links["support"][g], links["support_negative"][g])
            steps = torch.autograd.grad(inner, list(psi.values()), create_graph=second_order, retain_graph=True, allow_unused=True)
            psi = {name: tensor if step is None else tensor - ALPHA * step for (name, tensor), step in zip(psi.items(), steps)}
        other = before[(g + 1) % len(graphs)].mean(0)
        inner = graph_loss(pool, before[g], links["support"][g], other)
        pool = pool - BETA * torch.autograd.grad(inner, pool, create_graph=second_order, retain_graph=True)[0]
        after, _ = embed(psi, [graph], statistics)
        total = total + graph_loss(pool, after, links["query"][g], other)
        if has_nodes:
            total = total + node_loss(after, links["query"][g], links["query_negative"][g])
    return total


golden = {"torch": torch.__version__, "alpha": ALPHA, "beta": BETA, "children": CHILDREN, "graphs": graphs, "links": links,
          "weights": {name: tensor.tolist() for name, tensor in weights.items()}, "pool.weight": omega.tolist()}
for order in ("second", "first"):
    loss = outer_loss(order == "second")
    gradients = torch.autograd.grad(loss, [*weights.values(), omega])
    golden[order] = {"loss": loss.item(), "gradient": {name: tensor.tolist() for name, tensor in zip([*weights, "pool.weight"], gradients)}}
    print(order, loss.item(), float(sum(g.abs().sum() for g in gradients)))
target = pathlib.Path(__file__).parent.parent / "golden" / "l2p.json"
target.write_text(json.dumps(golden) + "\n")
