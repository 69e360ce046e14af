"""Writes golden.json: what SciPy and statsmodels say of the cases that main.rs checks swath's statistics on.

Run in an environment with NumPy, SciPy and statsmodels: python golden.py > golden.json
Values are whole numbers, to be divided by 1024, so that differences are exact and ties are ties.
"""

import json

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests

SCALE = 1024
rng = np.random.default_rng(20260)


def pair(n, levels, shift=0.0, skew=1.0):
    """Two columns of n values on so many levels; few levels make many ties and zeros."""
    base = rng.random(n)
    column = lambda lift: np.clip((base * 0.6 + rng.random(n) ** skew * 0.4 + lift) * levels, 0, levels)
    step = SCALE // levels
    return np.floor(column(shift)).astype(int) * step, np.floor(column(0.0)).astype(int) * step


def plain(n, shift):
    """Two columns whose differences are all different in size and not zero."""
    sizes = rng.permutation(np.arange(1, 4 * n))[:n]
    b = rng.integers(0, SCALE, n)
    return b + sizes * np.where(rng.random(n) < 0.5 + shift, 1, -1), b


def case(name, a, b):
    x, y = a / SCALE, b / SCALE
    d = x - y
    n = len(d)
    deviation = d.std(ddof=1)
    quantiles = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    delta = np.sign(x[:, None] - y[None, :]).mean()
    found = {
        "name": name,
        "a": a.tolist(),
        "b": b.tolist(),
        "wilcoxon": float(stats.wilcoxon(d).pvalue),
        "d_z": float(d.mean() / deviation),
        "cliffs_delta": float(delta),
        "smallest_detectable": float(quantiles * deviation / np.sqrt(n)),
    }
    if n <= 12:
        test = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=2**n)
        assert len(test.null_distribution) == 2**n
        found["permutation"] = float(test.pvalue)
    return found


cases = []
for n in (2, 5, 9, 12, 13, 14, 30, 50, 51, 200):
    for shift in (0.0, 0.25):
        cases.append(case(f"{n} pairs, no ties, shift {shift}", *plain(n, shift)))
for n in (4, 8, 12, 13, 14, 40, 50, 51, 200, 1000):
    for shift in (0.0, 0.05):
        cases.append(case(f"{n} pairs, ties and zeros, shift {shift}", *pair(n, 8, shift)))
for n in (10, 13, 100, 1000):
    cases.append(case(f"{n} pairs, skewed", *pair(n, 256, 0.02, 4.0)))
equal = np.full(20, SCALE // 4)
odd = equal.copy()
odd[3] += 64
odd[7] += 64
cases.append(case("all but two zero", odd, equal))

families = []
for size in (1, 2, 5, 20, 100):
    p = np.round(rng.random(size) ** 3, 4)
    if size > 4:
        p[1] = p[3]
    families.append({"p": p.tolist(), "holm": multipletests(p, method="holm")[1].tolist()})


def bca(name, column, resamples=200):
    """SciPy's BCa interval of the mean, and the resamples that it drew."""
    x, n = column / SCALE, len(column)
    seed = int(rng.integers(2**31))
    test = stats.bootstrap((x,), np.mean, n_resamples=resamples, method="BCa", rng=np.random.default_rng(seed))
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    assert (x[drawn].mean(axis=1) == test.bootstrap_distribution).all()
    lo, hi = test.confidence_interval
    return {"name": name, "values": column.tolist(), "drawn": drawn.tolist(), "lo": float(lo), "hi": float(hi)}


intervals = [bca("27 of 30", np.where(np.arange(30) < 27, SCALE, 0)), bca("1 of 8", np.where(np.arange(8) < 1, SCALE, 0))]
intervals.append(bca("16 on 5 levels", rng.integers(0, 5, 16) * (SCALE // 4)))
intervals.append(bca("24, skewed", np.floor(rng.random(24) ** 4 * SCALE).astype(int)))
intervals.append(bca("12 differences", rng.integers(-2, 3, 12) * (SCALE // 8)))

def strata(name, columns, resamples=200):
    """SciPy's BCa interval of the mean of several samples' means, and the resamples that it drew."""
    samples = [column / SCALE for column in columns]
    mean = lambda *parts, axis=-1: sum(part.mean(axis=axis) for part in parts) / len(parts)
    seed = int(rng.integers(2**31))
    test = stats.bootstrap(samples, mean, n_resamples=resamples, method="BCa", vectorized=True, rng=np.random.default_rng(seed))
    generator = np.random.default_rng(seed)
    drawn = [generator.integers(0, len(x), (resamples, len(x))) for x in samples]
    means = sum(x[d].mean(axis=1) for x, d in zip(samples, drawn)) / len(samples)
    assert np.allclose(means, test.bootstrap_distribution, rtol=0, atol=1e-12)
    lo, hi = test.confidence_interval
    columns = [column.tolist() for column in columns]
    return {"name": name, "values": columns, "drawn": [d.tolist() for d in drawn], "lo": float(lo), "hi": float(hi)}


several = [
    strata("sizes 20 and 7", [rng.integers(0, 257, 20), rng.integers(0, 257, 7)]),
    strata("skewed, sizes 30, 12 and 15", [np.floor(rng.random(n) ** 4 * SCALE).astype(int) for n in (30, 12, 15)]),
]


def ranked(retrievers, datasets, levels):
    """Friedman's test, and Nemenyi's p of the best and the worst, of columns of values."""
    columns = rng.integers(0, levels, (retrievers, datasets)) + np.arange(retrievers)[:, None] * levels // retrievers
    ranks = np.apply_along_axis(stats.rankdata, 0, columns).mean(axis=1)
    spread = np.sqrt(retrievers * (retrievers + 1) / (12 * datasets))
    beyond = lambda difference: stats.studentized_range.sf(abs(difference) / spread, retrievers, np.inf)
    return {
        "name": f"{retrievers} retrievers on {datasets} datasets",
        "values": columns.tolist(),
        "friedman": float(stats.friedmanchisquare(*columns).pvalue) if retrievers > 2 else None,
        "nemenyi": float(beyond(ranks.max() - ranks.min())),
        "critical_difference": float(stats.studentized_range.isf(0.05, retrievers, np.inf) * spread),
    }


rankings = [ranked(*sizes) for sizes in ((2, 6, 9), (3, 5, 4), (4, 8, 100), (7, 12, 1000), (24, 6, 50), (40, 20, 1000))]

versions = {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__}
lines = lambda items: ",\n".join(json.dumps(item) for item in items)
head = json.dumps({"versions": versions, "scale": SCALE})[1:-1]
print(f'{{{head},\n"cases": [\n{lines(cases)}\n],\n"holm": [\n{lines(families)}\n],\n"bca": [\n{lines(intervals)}\n],\n"strata": [\n{lines(several)}\n],\n"rankings": [\n{lines(rankings)}\n]}}')
