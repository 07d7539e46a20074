"""Writes tests/golden/roc_auc.json: scikit-learn's ROC-AUC on scores with and without ties.

Run from the checkout:  .venv/bin/python tests/oracles/roc_auc.py   (needs scikit-learn)
"""
import json
import pathlib

import numpy
import sklearn
from sklearn.metrics import roc_auc_score

generator = numpy.random.default_rng(5)
cases = []
for size, levels, rate in [(5, 0, 0.4), (40, 0, 0.5), (200, 0, 0.1), (60, 4, 0.5), (100, 2, 0.3), (30, 1, 0.5), (500, 20, 0.7)]:
    labels = (generator.random(size) < rate).astype(int)
    labels[:2] = [0, 1]
    scores = generator.normal(size=size).astype(numpy.float32) + 0.5 * labels.astype(numpy.float32)
    if levels:
        scores = numpy.round(scores * levels / 4).astype(numpy.float32) if levels > 1 else numpy.zeros(size, numpy.float32)
    cases.append({"scores": [float(s) for s in scores], "labels": labels.tolist(),
                  "auc": float(roc_auc_score(labels, scores))})
target = pathlib.Path(__file__).parent.parent / "golden" / "roc_auc.json"
target.write_text(json.dumps({"scikit-learn": sklearn.__version__, "cases": cases}) + "\n")
