"""Three ways of summing messages x[source] + bond embeddings over the neighbours of a node, itself included.

Each is an aggregation class with `prepare(edge_index, edge_attr, num_nodes)`, done before the clock starts, and
`__call__(prepared, x, table1, table2)`.
"""
import torch
from torch_geometric.nn import MessagePassing

BOND_TYPES, BOND_DIRECTIONS = 6, 3


class Scatter(MessagePassing):
    """PyTorch Geometric's own way: gather, add, scatter."""

    def __init__(self):
        super().__init__(aggr="add")

    @staticmethod
    def prepare(edge_index, edge_attr, num_nodes, dtype):
        return edge_index, edge_attr

    def forward(self, prepared, x, table1, table2):
        edge_index, edge_attr = prepared
        e = torch.nn.functional.embedding(edge_attr[:, 0], table1) + torch.nn.functional.embedding(edge_attr[:, 1], table2)
        return self.propagate(edge_index, x=x, e=e)

    def message(self, x_j, e):
        return x_j + e


def csr(rows, columns, num_rows, num_columns, dtype):
    indices = torch.stack([rows, columns])
    ones = torch.ones(rows.numel(), dtype=dtype)
    return torch.sparse_coo_tensor(indices, ones, (num_rows, num_columns)).coalesce().to_sparse_csr()


class Multiply(torch.autograd.Function):
    """matrix @ x with the transpose made beforehand; differentiable any number of times."""

    @staticmethod
    def forward(context, matrix, transposed, x):
        context.matrices = matrix, transposed
        return matrix @ x

    @staticmethod
    def backward(context, gradient):
        matrix, transposed = context.matrices
        return None, None, Multiply.apply(transposed, matrix, gradient)


class Csr(torch.nn.Module):
    """Sparse products: A x + C T, A the adjacency with self-loops, C the counts of (bond type, direction), T their 18 rows."""

    @staticmethod
    def prepare(edge_index, edge_attr, num_nodes, dtype):
        source, target = edge_index
        code = edge_attr[:, 0] * BOND_DIRECTIONS + edge_attr[:, 1]
        codes = BOND_TYPES * BOND_DIRECTIONS
        return (csr(target, source, num_nodes, num_nodes, dtype), csr(source, target, num_nodes, num_nodes, dtype),
                csr(target, code, num_nodes, codes, dtype), csr(code, target, codes, num_nodes, dtype))

    def forward(self, prepared, x, table1, table2):
        adjacency, adjacency_transposed, counts, counts_transposed = prepared
        table = (table1.unsqueeze(1) + table2.unsqueeze(0)).flatten(0, 1)
        return Multiply.apply(adjacency, adjacency_transposed, x) + Multiply.apply(counts, counts_transposed, table)


def _parts(matrix):
    """Copies: a compiler of graphs does not take views of a sparse matrix."""
    return matrix.crow_indices().clone(), matrix.col_indices().clone(), matrix.values().clone()


@torch.library.custom_op("graftage_bench::spmm", mutates_args=())
def spmm(crow: torch.Tensor, column: torch.Tensor, value: torch.Tensor, t_crow: torch.Tensor, t_column: torch.Tensor, t_value: torch.Tensor,
         x: torch.Tensor) -> torch.Tensor:
    return torch.sparse_csr_tensor(crow, column, value, (crow.numel() - 1, x.size(0)), check_invariants=False) @ x


@spmm.register_fake
def _(crow, column, value, t_crow, t_column, t_value, x):
    return x.new_empty((crow.size(0) - 1, x.size(1)))


def _spmm_setup(ctx, inputs, output):
    ctx.save_for_backward(*inputs[:6])


def _spmm_backward(ctx, gradient):
    crow, column, value, t_crow, t_column, t_value = ctx.saved_tensors
    return None, None, None, None, None, None, spmm(t_crow, t_column, t_value, crow, column, value, gradient)


spmm.register_autograd(_spmm_backward, setup_context=_spmm_setup)


class CsrOperator(torch.nn.Module):
    """Csr as an opaque operator, which torch.compile can leave in its graph."""

    @staticmethod
    def prepare(edge_index, edge_attr, num_nodes, dtype):
        matrices = Csr.prepare(edge_index, edge_attr, num_nodes, dtype)
        return tuple(part for matrix in matrices for part in _parts(matrix))

    def forward(self, prepared, x, table1, table2):
        table = (table1.unsqueeze(1) + table2.unsqueeze(0)).flatten(0, 1)
        return spmm(*prepared[0:6], x) + spmm(*prepared[6:12], table)


KINDS = {"scatter": Scatter, "csr": Csr, "csr_operator": CsrOperator}
