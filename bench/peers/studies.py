"""Trials that do nothing, through Optuna: in memory, in a journal file, in SQLite."""
import os

import optuna

from peers.serve import Stopwatch


def storage_of(kind, path):
    if os.path.exists(path):
        os.remove(path)
    if kind == "journal":
        return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    return f"sqlite:///{path}" if kind == "sqlite" else None


def serve(spec):
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def answer(request):
        path = os.path.join(spec["directory"], "study." + spec["storage"])
        study = optuna.create_study(storage=storage_of(spec["storage"], path), sampler=optuna.samplers.RandomSampler(seed=0))
        watch = Stopwatch()
        study.optimize(lambda trial: trial.suggest_float("lr", 1e-5, 1e-1, log=True), n_trials=request["trials"])
        return watch.block(request["trials"])

    return {"optuna": optuna.__version__}, answer
