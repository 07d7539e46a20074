"""The models that bench/pretrain_step races against: the same definitions written plainly in PyTorch and PyTorch Geometric.

They share no code with graftage. Weights, batches and what an objective drew for them (masked nodes, pairs) come from the
worker's dump.
"""
import numpy
import torch
from torch.func import functional_call
from torch.nn.functional import cross_entropy, logsigmoid
from torch_geometric.nn import MessagePassing

SELF_LOOP = [4, 0]


class ChemGIN(MessagePassing):
    """GIN layer of Hu et al. 2020: MLP of the sum of neighbours and bond embeddings, self-loops included."""

    def __init__(self, width):
        super().__init__(aggr="add")
        self.mlp = torch.nn.Sequential(torch.nn.Linear(width, 2 * width), torch.nn.ReLU(), torch.nn.Linear(2 * width, width))
        self.edge_embedding1 = torch.nn.Embedding(6, width)
        self.edge_embedding2 = torch.nn.Embedding(3, width)

    def forward(self, x, edge_index, edge_attr):
        e = self.edge_embedding1(edge_attr[:, 0]) + self.edge_embedding2(edge_attr[:, 1])
        return self.mlp(self.propagate(edge_index, x=x, e=e))

    def message(self, x_j, e):
        return x_j + e


class Encoder(torch.nn.Module):
    """Five layers with BatchNorm; ReLU after all but the last."""

    def __init__(self, width, layers=5):
        super().__init__()
        self.x_embedding1 = torch.nn.Embedding(120, width)
        self.x_embedding2 = torch.nn.Embedding(3, width)
        self.gnns = torch.nn.ModuleList(ChemGIN(width) for _ in range(layers))
        self.batch_norms = torch.nn.ModuleList(torch.nn.BatchNorm1d(width) for _ in range(layers))

    def forward(self, x, edge_index, edge_attr, given=None, collect=None):
        """Node embeddings. `given`: (mean, variance) per layer instead of the module's own normalisation; `collect`: a list
        that takes those of this batch."""
        h = self.x_embedding1(x[:, 0]) + self.x_embedding2(x[:, 1])
        for layer, (gnn, norm) in enumerate(zip(self.gnns, self.batch_norms)):
            h = gnn(h, edge_index, edge_attr)
            if given is None and collect is None:
                h = norm(h)
            else:
                mean, variance = given[layer] if given is not None else (h.mean(0), h.var(0, unbiased=False))
                if collect is not None:
                    collect.append((mean, variance))
                h = (h - mean) * torch.rsqrt(variance + norm.eps) * norm.weight + norm.bias
            if layer + 1 < len(self.gnns):
                h = torch.relu(h)
        return h


def with_self_loops(source, target, features, num_nodes):
    loops = torch.arange(num_nodes)
    edge_index = torch.cat([torch.stack([source, target]), loops.repeat(2, 1)], 1)
    return edge_index, torch.cat([features.view(-1, 2), torch.tensor([SELF_LOOP]).repeat(num_nodes, 1)])


def tensors(group):
    return {name: torch.from_numpy(group[name][()].astype(numpy.int64)) for name in group}


class AttributeMasking:
    """Predict the hidden atoms' types: cross-entropy over masked nodes."""

    def __init__(self, width, settings):
        self.encoder = Encoder(width)
        self.head = torch.nn.Linear(width, 119)

    def own_parameters(self):
        return [("objective.node_type.0.weight", self.head.weight), ("objective.node_type.0.bias", self.head.bias)]

    @staticmethod
    def read_batch(group):
        data = tensors(group)
        x = data["node_features"].view(-1, 2)
        edge_index, edge_attr = with_self_loops(data["edge_source"], data["edge_target"], data["edge_features"], x.size(0))
        return {"graphs": data["node_ptr"].numel() - 1, "input": (x, edge_index, edge_attr),
                "masked_node": data["masked_node"], "masked_type": data["masked_type"]}

    def backward(self, batch):
        """Accumulates gradients. Returns the loss."""
        h = self.encoder(*batch["input"])
        loss = cross_entropy(self.head(h[batch["masked_node"]]), batch["masked_type"])
        loss.backward()
        return loss.item()


class L2p:
    """L2P-GNN in paper mode, second order, one inner step, one child: explicit fast weights, one graph after the other.

    BatchNorm statistics come from one forward pass over the batch; the inner gradients take them as constants, the outer
    gradient does not. Each graph's part is back-propagated as soon as it is known, up to the shared forward pass, which is
    back-propagated once at the end: the same gradient as one large graph, in the memory of one molecule.
    """

    def __init__(self, width, settings):
        fixed = {"inner_steps": 1, "children": 1, "order": "second", "batch_norm": "shard"}
        if any(settings[name] != value for name, value in fixed.items()):
            raise SystemExit(f"the peer of l2p is written for {fixed}")
        self.inner_lr_node, self.inner_lr_graph = settings["inner_lr_node"], settings["inner_lr_graph"]
        self.encoder = Encoder(width)
        self.pool = torch.nn.Linear(width, width, bias=False)

    def own_parameters(self):
        return [("objective.pool.weight", self.pool.weight)]

    @staticmethod
    def read_batch(group):
        data = tensors(group)
        x = data["node_features"].view(-1, 2)
        features = data["edge_features"].view(-1, 2)
        node_ptr, edge_ptr = data["node_ptr"].tolist(), data["edge_ptr"].tolist()
        graphs = []
        for g in range(len(node_ptr) - 1):
            nodes = slice(node_ptr[g], node_ptr[g + 1])
            edges = slice(edge_ptr[g], edge_ptr[g + 1])
            edge_index, edge_attr = with_self_loops(data["edge_source"][edges] - node_ptr[g], data["edge_target"][edges] - node_ptr[g],
                                                    features[edges], node_ptr[g + 1] - node_ptr[g])
            graph = {"nodes": nodes, "input": (x[nodes], edge_index, edge_attr)}
            for part in ("support", "query"):
                mine = data[part + "_child"] == g
                graph[part] = [data[f"{part}_{end}"][mine] - node_ptr[g] for end in ("first", "second", "negative_first", "negative_second")]
            graphs.append(graph)
        edge_index, edge_attr = with_self_loops(data["edge_source"], data["edge_target"], features, x.size(0))
        return {"graphs": len(graphs), "input": (x, edge_index, edge_attr), "parts": graphs}

    @staticmethod
    def contrast(positive, negative):
        return -(logsigmoid(positive) + logsigmoid(-negative))

    def link_loss(self, h, pairs):
        u, v, negative_u, negative_v = (h[index] for index in pairs)
        return self.contrast((u * v).sum(1), (negative_u * negative_v).sum(1)).mean()

    def graph_loss(self, omega, task, graph, other):
        task, graph, other = task @ omega.T, graph @ omega.T, other @ omega.T
        return self.contrast(task @ graph, task @ other)

    def adapted_nodes(self, part, statistics):
        """Node embeddings with this graph's own psi'."""
        fast = {name: parameter.view_as(parameter) for name, parameter in self.encoder.named_parameters()}
        options = {"given": statistics}
        h = functional_call(self.encoder, fast, part["input"], options)
        gradients = torch.autograd.grad(self.link_loss(h, part["support"]), list(fast.values()), create_graph=True)
        adapted = {name: value - self.inner_lr_node * g for (name, value), g in zip(fast.items(), gradients)}
        return functional_call(self.encoder, adapted, part["input"], options)

    @staticmethod
    def endpoint_mean(h, pairs):
        return torch.cat([h[pairs[0]], h[pairs[1]]]).mean(0) if pairs[0].numel() else h.mean(0)

    def part_loss(self, part, statistics, h, other):
        """L_node(query) + L_graph(query) of one graph. h: its nodes before adaptation; other: the next graph's mean."""
        loss = torch.zeros(())
        after = h
        if part["support"][0].numel():
            after = self.adapted_nodes(part, statistics)
            loss = loss + self.link_loss(after, part["query"])
        omega = self.pool.weight.view_as(self.pool.weight)
        support = self.graph_loss(omega, self.endpoint_mean(h, part["support"]), h.mean(0), other)
        (gradient,) = torch.autograd.grad(support, [omega], create_graph=True)
        omega = omega - self.inner_lr_graph * gradient
        return loss + self.graph_loss(omega, self.endpoint_mean(after, part["query"]), after.mean(0), other)

    def backward(self, batch):
        """Accumulates gradients. Returns the loss."""
        shared = []
        nodes = self.encoder(*batch["input"], collect=shared)
        nodes_leaf = nodes.detach().requires_grad_()
        leaves = [tuple(value.detach().requires_grad_() for value in layer) for layer in shared]
        parts = batch["parts"]
        total = 0.0
        for g, part in enumerate(parts):
            other = nodes_leaf[parts[(g + 1) % len(parts)]["nodes"]].mean(0)
            loss = self.part_loss(part, leaves, nodes_leaf[part["nodes"]], other) / len(parts)
            loss.backward()
            total += loss.item()
        outputs, gradients = [nodes], [nodes_leaf.grad]
        for layer, leaf in zip(shared, leaves):
            for value, stand_in in zip(layer, leaf):
                outputs.append(value)
                gradients.append(stand_in.grad)
        torch.autograd.backward(outputs, gradients)
        return total


OBJECTIVES = {"attribute_masking": AttributeMasking, "l2p": L2p}


def create(settings, width, weights, dtype=torch.float32):
    """The peer of an objective section, with these weights, and its parameters by graftage's names."""
    peer = OBJECTIVES[settings["kind"]](width, settings)
    for module in vars(peer).values():
        if isinstance(module, torch.nn.Module):
            module.to(dtype)
    parameters = {f"encoder.{name}": value for name, value in peer.encoder.named_parameters()}
    parameters.update(peer.own_parameters())
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.from_numpy(weights[name][()]))
    return peer, parameters
