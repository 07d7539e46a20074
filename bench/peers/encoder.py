"""The chem GIN of Hu et al. 2020 in PyTorch, with the aggregation to choose."""
import torch

from peers import aggregation

SELF_LOOP = [4, 0]


class Layer(torch.nn.Module):
    """MLP of the sum of neighbours and bond embeddings, self-loops included."""

    def __init__(self, width, kind):
        super().__init__()
        self.mlp = torch.nn.Sequential(torch.nn.Linear(width, 2 * width), torch.nn.ReLU(), torch.nn.Linear(2 * width, width))
        self.edge_embedding1 = torch.nn.Embedding(aggregation.BOND_TYPES, width)
        self.edge_embedding2 = torch.nn.Embedding(aggregation.BOND_DIRECTIONS, width)
        self.aggregate = aggregation.KINDS[kind]()

    def forward(self, x, prepared):
        return self.mlp(self.aggregate(prepared, x, self.edge_embedding1.weight, self.edge_embedding2.weight))


class Encoder(torch.nn.Module):
    """Layers with BatchNorm; ReLU after all but the last; dropout after each."""

    def __init__(self, width, kind="scatter", layers=5, dropout=0.0):
        super().__init__()
        self.kind, self.dropout = kind, dropout
        self.x_embedding1 = torch.nn.Embedding(120, width)
        self.x_embedding2 = torch.nn.Embedding(3, width)
        self.gnns = torch.nn.ModuleList(Layer(width, kind) for _ in range(layers))
        self.batch_norms = torch.nn.ModuleList(torch.nn.BatchNorm1d(width) for _ in range(layers))

    def prepare(self, x, edge_index, edge_attr):
        """What forward takes for a batch; made before the clock starts."""
        dtype = self.x_embedding1.weight.dtype
        return x, aggregation.KINDS[self.kind].prepare(edge_index, edge_attr, x.size(0), dtype)

    def forward(self, x, prepared, given=None, collect=None, prompt=None):
        """Node embeddings. given: (mean, variance) per layer instead of the module's own normalisation; collect: a list that
        takes those of this batch; prompt: a function of the input embedding."""
        h = self.x_embedding1(x[:, 0]) + self.x_embedding2(x[:, 1])
        if prompt is not None:
            h = prompt(h)
        for layer, (gnn, norm) in enumerate(zip(self.gnns, self.batch_norms)):
            h = gnn(h, prepared)
            if given is None and collect is None:
                h = norm(h)
            else:
                mean, variance = given[layer] if given is not None else (h.mean(0), h.var(0, unbiased=False))
                if collect is not None:
                    collect.append((mean, variance))
                h = (h - mean) * torch.rsqrt(variance + norm.eps) * norm.weight + norm.bias
            if layer + 1 < len(self.gnns):
                h = torch.relu(h)
            if self.dropout > 0:
                h = torch.nn.functional.dropout(h, self.dropout, self.training)
        return h


def with_self_loops(source, target, features, num_nodes):
    loops = torch.arange(num_nodes)
    edge_index = torch.cat([torch.stack([source, target]), loops.repeat(2, 1)], 1)
    return edge_index, torch.cat([features.view(-1, 2), torch.tensor([SELF_LOOP]).repeat(num_nodes, 1)])


def mean_readout(h, graph_of_node, num_graphs, nodes_of_graph):
    """Mean over the nodes of each graph. nodes_of_graph: [B, 1] counts"""
    return h.new_zeros(num_graphs, h.size(1)).index_add(0, graph_of_node, h) / nodes_of_graph
