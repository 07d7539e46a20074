"""L2P-GNN in paper mode (one inner step, one child) with explicit fast weights: a loop over graphs, and torch.func's vmap.

BatchNorm statistics come from one forward pass over the batch; the inner gradients take them as constants, the outer gradient
does not. Each part is back-propagated as soon as it is known, up to the shared forward pass, which is back-propagated once at
the end: the same gradient as one large graph, in bounded memory.
"""
import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import logsigmoid

from peers import aggregation
from peers.encoder import with_self_loops
from peers.tasks import Task, tensors

ENDS = ("first", "second", "negative_first", "negative_second")


def contrast(positive, negative):
    return -(logsigmoid(positive) + logsigmoid(-negative))


class L2p(Task):
    """What both formulations share: the batch, the forward pass of all graphs and its gradient."""

    def __init__(self, width, settings, kind):
        super().__init__(width, settings, kind)
        fixed = {"inner_steps": 1, "children": 1, "batch_norm": "shard"}
        if any(settings[name] != value for name, value in fixed.items()):
            raise ValueError(f"the peer of l2p is written for {fixed}")
        self.second_order = settings["order"] == "second"
        self.inner_lr_node, self.inner_lr_graph = settings["inner_lr_node"], settings["inner_lr_graph"]
        self.pool = torch.nn.Linear(width, width, bias=False)

    def own_parameters(self):
        return {"objective.pool.weight": self.pool.weight}

    def read_batch(self, group):
        data = tensors(group)
        x, features = data["node_features"].view(-1, 2), data["edge_features"].view(-1, 2)
        node_ptr, edge_ptr = data["node_ptr"].tolist(), data["edge_ptr"].tolist()
        graphs = []
        for g in range(len(node_ptr) - 1):
            nodes, edges = slice(node_ptr[g], node_ptr[g + 1]), slice(edge_ptr[g], edge_ptr[g + 1])
            edge_index, edge_attr = with_self_loops(data["edge_source"][edges] - node_ptr[g], data["edge_target"][edges] - node_ptr[g],
                                                    features[edges], node_ptr[g + 1] - node_ptr[g])
            graph = {"number": g, "nodes": nodes, "x": x[nodes], "edge_index": edge_index, "edge_attr": edge_attr}
            for part in ("support", "query"):
                mine = data[part + "_child"] == g
                graph[part] = [data[f"{part}_{end}"][mine] - node_ptr[g] for end in ENDS]
            graphs.append(graph)
        edge_index, edge_attr = with_self_loops(data["edge_source"], data["edge_target"], features, x.size(0))
        return {"graphs": len(graphs), "nodes": [graph["nodes"] for graph in graphs], "input": self.encoder.prepare(x, edge_index, edge_attr),
                "parts": self.make_parts(graphs)}

    def backward(self, batch):
        shared = []
        nodes = self.encoder(*batch["input"], collect=shared)
        leaf = nodes.detach().requires_grad_()
        statistics = [tuple(value.detach().requires_grad_() for value in layer) for layer in shared]
        total = 0.0
        for part in batch["parts"]:
            loss = self.part_loss(part, statistics, leaf, batch["nodes"]) / batch["graphs"]
            loss.backward()
            total += loss.item()
        outputs, gradients = [nodes], [leaf.grad]
        for layer, stand_in in zip(shared, statistics):
            for value, copy in zip(layer, stand_in):
                if copy.grad is not None:
                    outputs.append(value)
                    gradients.append(copy.grad)
        torch.autograd.backward(outputs, gradients)
        return total


class L2pLoop(L2p):
    """One graph after the other: functional_call with fast weights from autograd.grad(create_graph)."""

    def make_parts(self, graphs):
        for graph in graphs:
            graph["input"] = self.encoder.prepare(graph["x"], graph["edge_index"], graph["edge_attr"])
        return graphs

    @staticmethod
    def link_loss(h, pairs):
        u, v, negative_u, negative_v = (h[index] for index in pairs)
        return contrast((u * v).sum(1), (negative_u * negative_v).sum(1)).mean()

    @staticmethod
    def graph_loss(omega, task, graph, other):
        task, graph, other = task @ omega.T, graph @ omega.T, other @ omega.T
        return contrast(task @ graph, task @ other)

    def adapted_nodes(self, part, statistics):
        fast = {name: parameter.view_as(parameter) for name, parameter in self.encoder.named_parameters()}
        options = {"given": statistics}
        h = functional_call(self.encoder, fast, part["input"], options)
        gradients = torch.autograd.grad(self.link_loss(h, part["support"]), list(fast.values()), create_graph=self.second_order)
        adapted = {name: value - self.inner_lr_node * g for (name, value), g in zip(fast.items(), gradients)}
        return functional_call(self.encoder, adapted, part["input"], options)

    @staticmethod
    def endpoint_mean(h, pairs):
        return torch.cat([h[pairs[0]], h[pairs[1]]]).mean(0) if pairs[0].numel() else h.mean(0)

    def part_loss(self, part, statistics, nodes, of_graph):
        """L_node(query) + L_graph(query) of one graph."""
        h = nodes[part["nodes"]]
        other = nodes[of_graph[(part["number"] + 1) % len(of_graph)]].mean(0)
        loss, after = torch.zeros((), dtype=h.dtype), h
        if part["support"][0].numel():
            after = self.adapted_nodes(part, statistics)
            loss = loss + self.link_loss(after, part["query"])
        omega = self.pool.weight.view_as(self.pool.weight)
        support = self.graph_loss(omega, self.endpoint_mean(h, part["support"]), h.mean(0), other)
        (gradient,) = torch.autograd.grad(support, [omega], create_graph=self.second_order, retain_graph=True)
        omega = omega - self.inner_lr_graph * gradient
        return loss + self.graph_loss(omega, self.endpoint_mean(after, part["query"]), after.mean(0), other)


class L2pVmap(L2p):
    """Graphs of similar size padded to one, torch.func.grad inside torch.func.vmap: fast weights as one batch of weights."""

    BUCKET = 16

    def make_parts(self, graphs):
        order = sorted(range(len(graphs)), key=lambda g: graphs[g]["x"].size(0))
        return [self.pad([graphs[g] for g in order[first:first + self.BUCKET]]) for first in range(0, len(order), self.BUCKET)]

    def pad(self, graphs):
        dtype, size = self.pool.weight.dtype, max(graph["x"].size(0) for graph in graphs)
        codes = aggregation.BOND_TYPES * aggregation.BOND_DIRECTIONS
        bucket = {"x": torch.zeros(len(graphs), size, 2, dtype=torch.long), "adjacency": torch.zeros(len(graphs), size, size, dtype=dtype),
                  "counts": torch.zeros(len(graphs), size, codes, dtype=dtype), "real": torch.zeros(len(graphs), size, dtype=dtype)}
        for i, graph in enumerate(graphs):
            n = graph["x"].size(0)
            bucket["x"][i, :n], bucket["real"][i, :n] = graph["x"], 1
            source, target = graph["edge_index"]
            bucket["adjacency"][i].index_put_((target, source), torch.ones(source.numel(), dtype=dtype), accumulate=True)
            code = graph["edge_attr"][:, 0] * aggregation.BOND_DIRECTIONS + graph["edge_attr"][:, 1]
            bucket["counts"][i].index_put_((target, code), torch.ones(code.numel(), dtype=dtype), accumulate=True)
        for part in ("support", "query"):
            most = max(1, max(graph[part][0].numel() for graph in graphs))
            pairs, weight = torch.zeros(len(graphs), 4, most, dtype=torch.long), torch.zeros(len(graphs), most, dtype=dtype)
            ends = torch.zeros(len(graphs), size, dtype=dtype)
            for i, graph in enumerate(graphs):
                count = graph[part][0].numel()
                pairs[i, :, :count] = torch.stack(graph[part])
                if count:
                    weight[i, :count] = 1 / count
                    ends[i].index_add_(0, torch.cat(graph[part][:2]), torch.full((2 * count,), 0.5 / count, dtype=dtype))
                else:
                    ends[i, :graph["x"].size(0)] = 1 / graph["x"].size(0)
            bucket.update({part: pairs, part + "_weight": weight, part + "_ends": ends})
        bucket["mean"] = bucket["real"] / bucket["real"].sum(1, keepdim=True)
        bucket["adapts"] = (bucket["support_weight"].sum(1) > 0).to(dtype)
        return {"numbers": [graph["number"] for graph in graphs], "size": size, "bucket": bucket}

    def encode(self, weights, statistics, graph):
        """Node embeddings of one padded graph; rows of padding hold nothing of meaning and are never read."""
        h = weights["x_embedding1.weight"][graph["x"][:, 0]] + weights["x_embedding2.weight"][graph["x"][:, 1]]
        for layer, (mean, variance) in enumerate(statistics):
            name = f"gnns.{layer}."
            table = (weights[name + "edge_embedding1.weight"].unsqueeze(1) + weights[name + "edge_embedding2.weight"].unsqueeze(0)).flatten(0, 1)
            h = graph["adjacency"] @ h + graph["counts"] @ table
            h = torch.relu(h @ weights[name + "mlp.0.weight"].T + weights[name + "mlp.0.bias"])
            h = h @ weights[name + "mlp.2.weight"].T + weights[name + "mlp.2.bias"]
            norm = f"batch_norms.{layer}."
            h = (h - mean) * torch.rsqrt(variance + 1e-5) * weights[norm + "weight"] + weights[norm + "bias"]
            if layer + 1 < len(statistics):
                h = torch.relu(h)
        return h

    @staticmethod
    def link_loss(h, pairs, weight):
        u, v, negative_u, negative_v = (h[pairs[i]] for i in range(4))
        return (contrast((u * v).sum(1), (negative_u * negative_v).sum(1)) * weight).sum()

    @staticmethod
    def graph_loss(omega, task, graph, other):
        task, graph, other = task @ omega.T, graph @ omega.T, other @ omega.T
        return contrast((task * graph).sum(), (task * other).sum())

    def constant(self, gradients):
        return gradients if self.second_order else {name: value.detach() for name, value in gradients.items()}

    def one(self, weights, omega, statistics, graph, before, other):
        """Loss of one padded graph. before: [size, H] its nodes before adaptation; other: [H] mean of the next graph"""
        gradients = self.constant(grad(lambda w: self.link_loss(self.encode(w, statistics, graph), graph["support"], graph["support_weight"]))(weights))
        adapted = {name: value - self.inner_lr_node * gradients[name] for name, value in weights.items()}
        after = self.encode(adapted, statistics, graph)
        loss = self.link_loss(after, graph["query"], graph["query_weight"])
        after = graph["adapts"] * after + (1 - graph["adapts"]) * before
        step = grad(lambda w: self.graph_loss(w["omega"], graph["support_ends"] @ before, graph["mean"] @ before, other))({"omega": omega})
        omega = omega - self.inner_lr_graph * self.constant(step)["omega"]
        return loss + self.graph_loss(omega, graph["query_ends"] @ after, graph["mean"] @ after, other)

    def part_loss(self, part, statistics, nodes, of_graph):
        rows = [nodes[of_graph[g]] for g in part["numbers"]]
        before = torch.stack([torch.nn.functional.pad(h, (0, 0, 0, part["size"] - h.size(0))) for h in rows])
        other = torch.stack([nodes[of_graph[(g + 1) % len(of_graph)]].mean(0) for g in part["numbers"]])
        weights = dict(self.encoder.named_parameters())
        losses = vmap(lambda graph, b, o: self.one(weights, self.pool.weight, statistics, graph, b, o))(part["bucket"], before, other)
        return losses.sum()


FORMULATIONS = {"loop over graphs": L2pLoop, "vmap": L2pVmap}
