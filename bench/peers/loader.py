"""PyTorch Geometric's loaders: Data objects in memory, and graphs read one by one from int64 arrays in HDF5."""
import h5py
import torch
from torch_geometric.data import Data, Dataset
from torch_geometric.loader import DataLoader

from peers.serve import Stopwatch


def graph_of(arrays, g, node_ptr, edge_ptr):
    """arrays: tensors, or datasets of a file."""
    nodes, edges = slice(node_ptr[g], node_ptr[g + 1]), slice(edge_ptr[g], edge_ptr[g + 1])

    def part(name, rows, width):
        return torch.as_tensor(arrays[name][rows.start * width:rows.stop * width]).view(-1, width)

    index = torch.stack([part("edge_source", edges, 1).view(-1), part("edge_target", edges, 1).view(-1)]) - node_ptr[g]
    return Data(x=part("node_features", nodes, 2), edge_index=index, edge_attr=part("edge_features", edges, 2))


class FromHdf5(Dataset):
    """Opens a file and reads each graph when it is asked for."""

    def __init__(self, path):
        super().__init__()
        self.file = h5py.File(path)
        self.node_ptr, self.edge_ptr = self.file["node_ptr"][()].tolist(), self.file["edge_ptr"][()].tolist()

    def len(self):
        return len(self.node_ptr) - 1

    def get(self, idx):
        return graph_of(self.file, idx, self.node_ptr, self.edge_ptr)


def in_memory(path):
    with h5py.File(path) as file:
        arrays = {name: torch.from_numpy(file[name][()]) for name in file}
    node_ptr, edge_ptr = arrays["node_ptr"].tolist(), arrays["edge_ptr"].tolist()
    return [graph_of(arrays, g, node_ptr, edge_ptr) for g in range(len(node_ptr) - 1)]


def serve(spec):
    torch.set_num_threads(1)
    data = in_memory(spec["dump"]) if spec["source"] == "memory" else FromHdf5(spec["dump"])
    loader = DataLoader(data, batch_size=spec["batch"], shuffle=True)

    def answer(request):
        watch = Stopwatch()
        graphs = 0
        for number, batch in enumerate(loader):
            graphs += batch.num_graphs
            if number + 1 == request.get("batches"):
                break
        return watch.block(graphs)

    return {"graphs": len(data)}, answer
