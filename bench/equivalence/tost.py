"""Two one-sided t-tests (Schuirmann 1987) on paired results: is the mean difference inside (-margin, +margin)?"""
import math

from scipy import stats


def paired_tost(a, b, margin, level=0.05):
    """a, b: results of the same seeds. margin > 0, in their unit.

    @return mean difference b - a, its standard error, the larger of the two one-sided p values, the 1 - 2 level interval, and
    whether p < level. Differences without any spread are judged by their mean alone.
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"needs at least two pairs, got {len(a)} and {len(b)} results")
    if margin <= 0:
        raise ValueError("the margin must be positive")
    differences = [y - x for x, y in zip(a, b)]
    count = len(differences)
    mean = sum(differences) / count
    error = math.sqrt(sum((d - mean) ** 2 for d in differences) / (count - 1) / count)
    if error == 0:
        p = 0.0 if abs(mean) < margin else 1.0
        bounds = [mean, mean]
    else:
        above = stats.t.sf((mean + margin) / error, count - 1)  # against: mean <= -margin
        below = stats.t.cdf((mean - margin) / error, count - 1)  # against: mean >= margin
        p = max(above, below)
        half = stats.t.ppf(1 - level, count - 1) * error
        bounds = [mean - half, mean + half]
    return {"pairs": count, "mean_difference": mean, "standard_error": error, "p": float(p), "interval": [float(bound) for bound in bounds],
            "margin": margin, "equivalent": bool(p < level)}
