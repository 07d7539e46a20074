"""torch.save and torch.load of a model of 5 x 300 and its Adam state."""
import os

import torch

from peers.encoder import Encoder
from peers.serve import Stopwatch


def serve(spec):
    torch.set_num_threads(1)
    model = Encoder(300)
    optimizer = torch.optim.Adam(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    path = os.path.join(spec["directory"], "checkpoint.pt")

    def save(durable):
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path + ".part")
        if durable:
            with open(path + ".part", "rb") as file:
                os.fsync(file.fileno())
        os.replace(path + ".part", path)

    def answer(request):
        watch = Stopwatch()
        if request["operation"] == "load":
            state = torch.load(path, weights_only=True)
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
        else:
            save(durable=request["operation"] == "save_durably")
        return watch.block(1, bytes=os.path.getsize(path))

    return {"torch": torch.__version__}, answer
