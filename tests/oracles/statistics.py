#!/usr/bin/env python3
"""Writes tests/golden/statistics.json: what SciPy says about the paired statistics of the report.

Needs SciPy >= 1.11; the tests themselves run without Python. The exact signed-rank p value with ties (mid-ranks) is
counted over all sign patterns here, and compared with SciPy's permutation test.
"""
import itertools
import json
import pathlib

import numpy as np
from scipy import stats


def exact_wilcoxon(differences):
    d = differences[differences != 0]
    if len(d) == 0:
        return None
    ranks = stats.rankdata(np.abs(d))
    observed = ranks[d > 0].sum()
    sums = np.array([ranks[np.array(signs, dtype=bool)].sum() for signs in itertools.product([0, 1], repeat=len(d))])
    tolerance = 1e-9
    p = 2 * min((sums <= observed + tolerance).mean(), (sums >= observed - tolerance).mean())
    if len(d) == 1:
        return min(1.0, p)
    permuted = stats.permutation_test(
        (d,), lambda x: ranks[x > 0].sum(), permutation_type="samples", n_resamples=np.inf).pvalue
    assert abs(min(1.0, p) - permuted) < 1e-12, (p, permuted)
    if len(np.unique(np.abs(d))) == len(d):
        assert abs(min(1.0, p) - stats.wilcoxon(d, method="exact").pvalue) < 1e-12
    return min(1.0, p)


def paired(name, a, b):
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    keep = ~(np.isnan(a) | np.isnan(b))
    d = a[keep] - b[keep]
    case = {"name": name, "a": [None if np.isnan(x) else x for x in a], "b": [None if np.isnan(x) else x for x in b],
            "n": len(d), "mean": float(d.mean()), "n_of_a": int((~np.isnan(a)).sum())}
    if case["n_of_a"] >= 2:
        case["std_of_a"] = float(np.nanstd(a, ddof=1))
    if len(d) >= 2:
        test = stats.ttest_rel(a[keep], b[keep])
        interval = test.confidence_interval(0.95)
        case.update(low=float(interval.low), high=float(interval.high), p_t=float(test.pvalue))
    case["p_wilcoxon"] = exact_wilcoxon(d)
    return case


def holm(p_values):
    """min over supersets form: adjusted p_i = max over j with p_j <= p_i of (number of p_k >= p_j) * p_j."""
    finite = [p for p in p_values if p is not None]
    m = len(finite)
    ordered = sorted(finite)
    adjusted = {}
    for p in finite:
        adjusted[p] = min(1.0, max((m - i) * q for i, q in enumerate(ordered) if q <= p))
    return [None if p is None else adjusted[p] for p in p_values]


def main():
    rng = np.random.default_rng(20240611)
    cases = [
        paired("three seeds", [0.658, 0.671, 0.702], [0.640, 0.668, 0.671]),
        paired("two seeds", [0.5, 0.75], [0.25, 0.625]),
        paired("one pair left", [0.5, np.nan], [0.25, 0.5]),
        paired("missing seeds", [0.7, np.nan, 0.72, 0.69, 0.75, 0.71, 0.73, 0.68],
               [0.66, 0.7, 0.71, np.nan, 0.7, 0.7, 0.69, 0.69]),
        paired("ties and zeros", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [0, 3, 3, 2, 5, 5, 6, 9, 5, 6]),
        paired("large effect", list(rng.normal(0.75, 0.01, 8)), list(rng.normal(0.65, 0.01, 8))),
    ]
    for n in (5, 6, 9, 12, 15):
        cases.append(paired(f"random {n}", list(rng.normal(0.7, 0.05, n)), list(rng.normal(0.68, 0.05, n))))
    families = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.9], [0.2, None, 0.01, 0.01, None], [None], [0.04, 0.04, 0.04],
                [float(p) for p in rng.uniform(0, 0.2, 9)]]
    golden = {"scipy": __import__("scipy").__version__, "paired": cases,
              "holm": [{"p": family, "adjusted": holm(family)} for family in families]}
    target = pathlib.Path(__file__).resolve().parent.parent / "golden" / "statistics.json"
    target.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
