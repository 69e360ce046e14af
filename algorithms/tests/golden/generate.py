"""Small cases computed by well-known libraries, for the Rust tests to be held against.

    python -m venv golden && golden/bin/pip install -r requirements.txt && golden/bin/python generate.py

writes pyversity.json, apricot.json, vendi.json and pagerank.json beside this file. README.md says what each library computes and
which parameters of swath ask for the same.

A case is written only if swath's definition, computed below word for word in float64, gives what the library gave: a
wrong mapping ends the run with an error. Where the best two candidates are so near that rounding would choose, the case
ends (its k is cut) before that pick.
"""

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import apricot
import networkx
import numpy as np
import pyversity
from scipy.linalg import expm
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import expm_multiply
from sknetwork.ranking import PageRank
from vendi_score import vendi

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Precision:
    """What a library's arithmetic allows; both differences relative to the value, or to 1 where that is smaller."""

    tie: float  # candidates nearer than this count as tied
    error: float  # how far a gain may be from ours
    digits: int  # of a gain worth storing


FLOAT32 = Precision(tie=1e-5, error=2e-4, digits=6)
FLOAT64 = Precision(tie=1e-9, error=1e-9, digits=10)

cut = []  # what was cut for a tie, for the summary


# --- Pools ------------------------------------------------------------------------------------------------------------


@dataclass
class Pool:
    name: str
    vectors: np.ndarray  # n x d, every value exact in float32
    scores: np.ndarray  # n, different multiples of 1/4096

    def __post_init__(self):
        assert (self.vectors.astype(np.float32) == self.vectors).all()
        assert len(set(self.scores)) == len(self.scores)
        self.directions = self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True)
        self.cosines = self.directions @ self.directions.T
        self.similarities = self.cosines.clip(0, None)

    def __len__(self):
        return len(self.scores)


def uniform_scores(random, n):
    """Different scores in [0, 1]."""
    return random.choice(4097, n, replace=False) / 4096


def cosine_scores(random, vectors):
    """Cosines with a query near the first vector, as a retriever would give; equal ones moved apart."""
    query = vectors[0] + random.normal(size=vectors.shape[1]) * np.abs(vectors[0]).mean()
    cosines = vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
    steps = []
    for step in np.round(cosines * 4096).astype(int):
        while step in steps:
            step -= 1
        steps.append(step)
    return np.array(steps) / 4096


def integers(values):
    """Scaled to whole numbers from -99 to 99: short in JSON, exact in float32, and cosines do not mind the length."""
    return np.round(values * 99 / np.abs(values).max())


def scattered(random, n, d):
    return integers(random.normal(size=(n, d)))


def positive(random, n, d):
    """All cosines at least 0."""
    return integers(np.abs(random.normal(size=(n, d))))


def topics(random, n, d, count=4):
    """A few directions, each with many items: what a query finds in practice."""
    return integers(random.normal(size=(count, d))[random.integers(count, size=n)] + 0.4 * random.normal(size=(n, d)))


def near_duplicates(random, n, d):
    """Every vector beside two that hardly differ from it."""
    originals = 90 * random.uniform(-1, 1, size=((n + 2) // 3, d))
    return np.round(np.repeat(originals, 3, axis=0)[:n] + random.integers(-3, 4, size=(n, d)))


def unit(random, n, d):
    """Of length 1 but for rounding to float32."""
    values = random.normal(size=(n, d))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)


def pools():
    plan = [
        (scattered, 8, 3, "uniform"),
        (positive, 20, 5, "uniform"),
        (positive, 60, 8, "cosine"),
        (topics, 40, 16, "cosine"),
        (near_duplicates, 24, 8, "uniform"),
        (near_duplicates, 30, 12, "cosine"),
        (scattered, 48, 32, "cosine"),
        (unit, 16, 6, "uniform"),
    ]
    made = []
    for seed, (shape, n, d, kind) in enumerate(plan):
        random = np.random.default_rng(seed)
        vectors = shape(random, n, d)
        scores = uniform_scores(random, n) if kind == "uniform" else cosine_scores(random, vectors)
        made.append(Pool(f"{shape.__name__}-{n}x{d}-{kind}".replace("_", "-"), vectors, scores))
    return made


# --- swath's definitions: the value of every candidate after `picked` -------------------------------------------------


def top_k(pool):
    return lambda picked: pool.scores


def mmr(pool, lam):
    def values(picked):
        if not picked:
            return pool.scores
        return lam * pool.scores - (1 - lam) * pool.cosines[:, picked].max(axis=1)

    return values


def max_sum(pool, lam):
    """Borodin et al.'s greedy: the gain in relevance halved. The distance is 1 - cosine."""
    return lambda picked: pool.scores / 2 + lam * (1 - pool.cosines[:, picked]).sum(axis=1)


def dpp(pool, theta):
    """The gain in log determinant."""
    quality = np.exp(theta / (2 * (1 - theta)) * pool.scores)
    kernel = quality[:, None] * pool.cosines * quality

    def log_det(chosen):
        sign, value = np.linalg.slogdet(kernel[np.ix_(chosen, chosen)])
        return value if sign > 0 else -np.inf

    return lambda picked: np.array(
        [-np.inf if i in picked else log_det([*picked, i]) - log_det(picked) for i in range(len(pool))]
    )


def ssd(pool, gamma, window, bias):
    """Relevance plus gamma times the length of what the last `window` bases leave of a vector."""
    vectors = np.hstack([pool.directions, np.ones((len(pool), 1))]) if bias else pool.directions

    def residual(vectors, bases):
        for basis in bases[-window:]:
            if basis @ basis > 1e-12:
                vectors = vectors - np.multiply.outer(vectors @ basis / (basis @ basis), basis)
        return vectors

    def values(picked):
        bases = []
        for item in picked:
            bases.append(residual(vectors[item], bases))
        gain = gamma * np.linalg.norm(residual(vectors, bases), axis=1) if picked else 0
        return pool.scores + gain

    return values


def facility_location(pool):
    s = pool.similarities

    def values(picked):
        covered = s[:, picked].max(axis=1, initial=0)
        return (s - covered[:, None]).clip(0, None).sum(axis=0)

    return values


def graph_cut(pool, lam):
    s = pool.similarities
    return lambda picked: s.sum(axis=0) - lam * (s.diagonal() + 2 * s[:, picked].sum(axis=1))


def saturated_coverage(pool, alpha):
    s = pool.similarities
    full = alpha * s.sum(axis=1)

    def values(picked):
        covered = s[:, picked].sum(axis=1)
        before = np.minimum(covered, full)
        return (np.minimum(covered[:, None] + s, full[:, None]) - before[:, None]).sum(axis=0)

    return values


def vendi_greedy(pool, s, score):
    """(1 - s) rel + s * score / size, by a Vendi score of a matrix of cosines."""

    def values(picked):
        sets = ([*picked, i] for i in range(len(pool)))
        return (1 - s) * pool.scores + s * np.array([score(pool.cosines[np.ix_(c, c)]) / len(c) for c in sets])

    return values


def vendi_by_eigenvalues(cosines):
    """exp of the entropy of the eigenvalues over their number."""
    shares = np.linalg.eigvalsh(cosines) / len(cosines)
    shares = shares[shares > 1e-12]
    return np.exp(-(shares * np.log(shares)).sum())


def greedy(values, k, tie):
    """The picks and their values, up to the first pick that a tie decides."""
    picked, gains = [], []
    while len(picked) < k:
        value = np.array(values(picked), dtype=float)
        value[picked] = -np.inf
        *_, second, best = np.argsort(value, kind="stable") if len(value) > 1 else (0, 0)
        if len(picked) + 1 < len(value) and value[best] - value[second] <= tie * max(1, abs(value[best])):
            break
        picked.append(int(best))
        gains.append(float(value[best]))
    return picked, gains


# --- Cases of selectors -----------------------------------------------------------------------------------------------


def case(pool, selector, values, k, run, parameters, ours, scale=1.0, offset=0.0, precision=FLOAT32):
    """Runs the library by `run(k)` -> (picks, gains), and checks both against `values`.

    `scale` and `offset`: the library's gain of a pick, from the second on, is scale * ours + offset.
    """
    label = " ".join([pool.name, selector, *(f"{key}={value}" for key, value in parameters.items())])
    picked, gains = greedy(values, k, precision.tie)
    if len(picked) < k:
        cut.append(f"{label}: k {k} -> {len(picked)}")
    if not picked:
        return None
    k = len(picked)
    expected, expected_gains = run(k)
    assert list(expected) == picked, f"{label}: library {list(expected)}, definition {picked}"
    mapped = scale * np.array(gains) + offset
    error = np.abs(mapped - expected_gains)[1:] / np.maximum(1, np.abs(mapped[1:]))
    assert (error <= precision.error).all(), f"{label}: gains {list(expected_gains)}, definition {list(mapped)}"
    return {
        "name": f"{label} k={k}",
        "selector": selector,
        "dim": pool.vectors.shape[1],
        "vectors": pool.vectors.tolist(),
        "scores": pool.scores.tolist(),
        "parameters": parameters,
        "ours": ours,
        "k": k,
        "expected": picked,
        "gains": [float(f"{gain:.{precision.digits}g}") for gain in expected_gains],
        "gain_scale": scale,
        "gain_offset": offset,
    }


def run_pyversity(strategy, vectors, scores, logarithm=False, **parameters):
    def run(k):
        result = strategy(vectors.astype(np.float32), scores.astype(np.float32), k, **parameters)
        gains = result.selection_scores.astype(np.float64)
        return result.indices, np.log(gains) if logarithm else gains

    return run


def mmr_case(pool, diversity, k):
    """They clip cosines to [0, 1]. Where some are negative they get (direction, 1), whose cosines are (1 + cos) / 2."""
    lam = 1 - diversity
    lifted = pool.cosines.min() < 0
    vectors = np.hstack([pool.directions, np.ones((len(pool), 1))]) if lifted else pool.vectors
    ours = 2 * lam / (1 + lam) if lifted else lam
    return case(
        pool,
        "mmr",
        mmr(pool, ours),
        k,
        run_pyversity(pyversity.mmr, vectors, pool.scores, diversity=diversity),
        {"strategy": "mmr", "diversity": diversity, "lifted": bool(lifted)},
        {"lambda": ours},
        scale=(1 + lam) / 2 if lifted else 1.0,
        offset=-(1 - lam) / 2 if lifted else 0.0,
    )


def msd_case(pool, diversity, k):
    ours = diversity / (2 * (1 - diversity))
    return case(
        pool,
        "max-sum",
        max_sum(pool, ours),
        k,
        run_pyversity(pyversity.msd, pool.vectors, pool.scores, diversity=diversity),
        {"strategy": "msd", "diversity": diversity},
        {"lambda": ours, "distance": "cosine"},
        scale=2 * (1 - diversity),
    )


def dpp_case(pool, diversity, k):
    """Their quality is exp(beta * z-score): ours but for a factor common to all."""
    beta = 1 - diversity
    alpha = beta / pool.scores.std()
    theta = 2 * alpha / (1 + 2 * alpha)
    return case(
        pool,
        "dpp",
        dpp(pool, theta),
        k,
        run_pyversity(pyversity.dpp, pool.vectors, pool.scores, logarithm=True, diversity=diversity),
        {"strategy": "dpp", "diversity": diversity, "scale": 1.0},
        {"theta": theta},
        offset=-2 * beta * pool.scores.mean() / pool.scores.std(),
    )


def ssd_case(pool, diversity, k, window, gamma=1.0, bias=False, z_scores=True):
    theta = 1 - diversity
    mean, std = (pool.scores.mean(), pool.scores.std()) if z_scores else (0.0, 1.0)
    ours = diversity / theta * gamma * std
    parameters = {"diversity": diversity, "window": window, "gamma": gamma, "append_bias": bias}
    parameters["normalize_scores"] = z_scores
    return case(
        pool,
        "ssd",
        ssd(pool, ours, window, bias),
        k,
        run_pyversity(pyversity.ssd, pool.vectors, pool.scores, **parameters),
        {"strategy": "ssd", **parameters},
        {"gamma": ours, "window": window, "bias": bias},
        scale=theta / std,
        offset=-theta * mean / std,
    )


def cover_case(pool, selector, k):
    """At gamma 1 and diversity 1 the gain is a sum of similarities: graph cut or saturated coverage, at their edge."""
    ours = {"graph-cut": {"lambda": 0.0}, "saturated-coverage": {"alpha": 1.0}}[selector]
    values = {"graph-cut": graph_cut(pool, 0), "saturated-coverage": saturated_coverage(pool, 1)}[selector]
    parameters = {"diversity": 1.0, "gamma": 1.0}
    run = run_pyversity(pyversity.cover, pool.vectors, pool.scores, **parameters)
    return case(pool, selector, values, k, run, {"strategy": "cover", **parameters}, ours)


def plain_case(pool, strategy, k):
    """Without diversity every strategy is the k largest scores."""
    run = run_pyversity(getattr(pyversity, strategy), pool.vectors, pool.scores, diversity=0.0)
    return case(pool, "top-k", top_k(pool), k, run, {"strategy": strategy, "diversity": 0.0}, {})


def pyversity_cases():
    small, positive_small, positive_large, topical, twins, twins_cosine, wide, normal = pools()
    cases = [plain_case(normal, strategy, k) for strategy, k in [("mmr", 16), ("msd", 1), ("dpp", 9), ("cover", 8)]]
    for pool, ks in [
        (small, (1, 8)),
        (positive_small, (20, 10)),
        (positive_large, (25, 60)),
        (topical, (10, 40)),
        (twins, (24, 8)),
        (wide, (12, 48)),
    ]:
        for diversity, k in zip((0.3, 0.75), ks, strict=True):
            cases.append(mmr_case(pool, diversity, k))
            cases.append(msd_case(pool, diversity, k))
    cases.append(mmr_case(twins_cosine, 1.0, 30))
    cases.append(msd_case(normal, 0.05, 16))
    for pool, diversity, k in [
        (small, 0.5, 3),
        (positive_small, 0.9, 5),
        (topical, 0.2, 12),
        (topical, 0.8, 12),
        (twins, 0.5, 8),
        (twins_cosine, 0.7, 12),
        (wide, 0.3, 32),
        (wide, 0.95, 20),
        (normal, 0.6, 6),
    ]:
        cases.append(dpp_case(pool, diversity, k))
    cases += [
        ssd_case(small, 0.5, 3, window=3),
        ssd_case(small, 0.5, 8, window=1),
        ssd_case(positive_small, 0.7, 20, window=3),
        ssd_case(positive_small, 0.7, 20, window=3, bias=True),
        ssd_case(topical, 0.3, 12, window=12),
        ssd_case(topical, 0.8, 40, window=5),
        ssd_case(twins, 0.6, 24, window=4, gamma=2.0),
        ssd_case(twins_cosine, 0.4, 30, window=2, gamma=0.5, z_scores=False),
        ssd_case(wide, 0.7, 24, window=24, bias=True),
        ssd_case(wide, 0.9, 48, window=10),
        ssd_case(normal, 0.5, 16, window=2, z_scores=False),
    ]
    for pool, selector, k in [
        (small, "graph-cut", 8),
        (twins, "graph-cut", 24),
        (topical, "saturated-coverage", 15),
        (positive_small, "saturated-coverage", 20),
    ]:
        cases.append(cover_case(pool, selector, k))
    return cases


def run_apricot(selection, pool, **parameters):
    """By the naive and by the lazy optimizer, which must agree."""

    def run(k):
        naive, lazy = (
            selection(k, metric="precomputed", optimizer=optimizer, **parameters).fit(pool.similarities)
            for optimizer in ("naive", "lazy")
        )
        assert naive.ranking.tolist() == lazy.ranking.tolist()
        return naive.ranking.tolist(), naive.gains

    return run


def apricot_case(pool, selector, selection, values, k, parameters, ours, scale=1.0):
    run = run_apricot(selection, pool, **parameters)
    named = {"selection": selection.__name__, "metric": "precomputed", "optimizer": "naive, lazy", **parameters}
    return case(pool, selector, values, k, run, named, ours, scale, precision=FLOAT64)


def facility_location_case(pool, k):
    selection = apricot.FacilityLocationSelection
    return apricot_case(pool, "facility-location", selection, facility_location(pool), k, {}, {})


def graph_cut_case(pool, k, alpha):
    values = graph_cut(pool, 1 / alpha)
    ours = {"lambda": 1 / alpha}
    return apricot_case(pool, "graph-cut", apricot.GraphCutSelection, values, k, {"alpha": alpha}, ours, scale=alpha)


def saturated_coverage_case(pool, k, alpha):
    values = saturated_coverage(pool, alpha)
    selection = apricot.SaturatedCoverageSelection
    return apricot_case(pool, "saturated-coverage", selection, values, k, {"alpha": alpha}, {"alpha": alpha})


def apricot_cases():
    small, positive_small, positive_large, topical, twins, twins_cosine, wide, normal = pools()
    return [
        facility_location_case(small, 8),
        facility_location_case(positive_small, 20),
        facility_location_case(positive_large, 60),
        facility_location_case(topical, 20),
        facility_location_case(twins_cosine, 20),
        facility_location_case(wide, 48),
        graph_cut_case(small, 8, alpha=1.0),
        graph_cut_case(positive_large, 20, alpha=2.0),
        graph_cut_case(topical, 40, alpha=4.0),
        graph_cut_case(twins, 24, alpha=0.8),
        graph_cut_case(twins_cosine, 30, alpha=2.5),
        saturated_coverage_case(normal, 16, alpha=0.3),
        saturated_coverage_case(positive_large, 40, alpha=0.3),
        saturated_coverage_case(topical, 20, alpha=0.25),
        saturated_coverage_case(twins, 24, alpha=0.5),
        saturated_coverage_case(wide, 48, alpha=0.6),
        saturated_coverage_case(wide, 20, alpha=0.15),
    ]


def vendi_case(pool, s, k):
    """The library scores a set, and picks nothing: greedily by its scores."""

    def run(k):
        return greedy(vendi_greedy(pool, s, vendi.score_K), k, FLOAT64.tie)

    ours = vendi_greedy(pool, s, vendi_by_eigenvalues)
    return case(pool, "vendi", ours, k, run, {"function": "vendi.score_K", "s": s}, {"s": s}, precision=FLOAT64)


def vendi_cases():
    small, positive_small, positive_large, topical, twins, twins_cosine, wide, normal = pools()
    return [
        vendi_case(small, 0.5, 8),
        vendi_case(small, 0.9, 8),
        vendi_case(positive_small, 0.5, 20),
        vendi_case(positive_large, 0.7, 15),
        vendi_case(positive_large, 0.5, 60),
        vendi_case(topical, 0.5, 20),
        vendi_case(topical, 0.95, 20),
        vendi_case(twins, 0.5, 24),
        vendi_case(twins_cosine, 0.8, 30),
        vendi_case(wide, 0.3, 12),
        vendi_case(wide, 0.7, 48),
        vendi_case(normal, 0.2, 16),
    ]


# --- Cases of diffusion -----------------------------------------------------------------------------------------------


def random_graph(seed, n, out_degree, dangling, symmetric=False):
    """Weights in eighths, as a dense matrix; no loops. The last `dangling` vertices have no edge out."""
    random = np.random.default_rng(100 + seed)
    weights = np.zeros((n, n))
    for u in range(n - dangling):
        others = np.delete(np.arange(n), u)
        ends = random.choice(others, random.integers(1, 2 * out_degree), replace=False)
        weights[u, ends] = random.integers(1, 33, size=len(ends)) / 8
    if symmetric:
        weights = np.maximum(weights, weights.T)
    seeds = np.zeros(n)
    seeds[random.choice(n, 4, replace=False)] = np.array([8, 4, 3, 1]) / 16
    return weights, seeds


def transitions(weights):
    totals = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def walk(weights, seeds, restart):
    """swath's definition, solved: p = restart * s + (1 - restart) * p P, where a vertex without edges restarts."""
    stochastic = transitions(weights)
    stochastic[weights.sum(axis=1) == 0] = seeds
    return np.linalg.solve(np.eye(len(seeds)) - (1 - restart) * stochastic.T, restart * seeds)


def diffusion_case(name, expansion, weights, seeds, parameters, ours, expected):
    sources, targets = np.nonzero(weights)
    return {
        "name": name,
        "expansion": expansion,
        "vertices": len(seeds),
        "edges": [[int(u), int(v), float(weights[u, v])] for u, v in zip(sources, targets, strict=True)],
        "seeds": [[int(u), float(seeds[u])] for u in np.flatnonzero(seeds)],
        "parameters": parameters,
        "ours": ours,
        "expected": [float(f"{value:.12g}") for value in expected],
    }


def walk_case(name, weights, seeds, restart):
    alpha = 1 - restart
    graph = networkx.from_numpy_array(weights, create_using=networkx.DiGraph)
    start = dict(enumerate(seeds))
    parameters = {"alpha": alpha, "tol": 1e-12, "max_iter": 10_000}
    ranks = networkx.pagerank(graph, personalization=start, dangling=start, weight="weight", **parameters)
    expected = np.array([ranks[u] for u in range(len(seeds))])
    solved = walk(weights, seeds, restart)
    second = PageRank(damping_factor=alpha, solver="RH", n_iter=1000)  # others spread dangling mass otherwise: README
    second = second.fit_predict(csr_matrix(weights), weights=seeds)
    assert np.abs(expected - solved).max() < FLOAT64.error, name
    assert np.abs(second - solved).max() < FLOAT64.error, name
    parameters = {"function": "networkx.pagerank", **parameters}
    return diffusion_case(name, "walk", weights, seeds, parameters, {"restart": restart}, expected)


def heat_case(name, weights, seeds, t):
    generator = -t * (np.eye(len(seeds)) - transitions(weights))
    expected = expm_multiply(csr_matrix(generator.T), seeds)
    assert np.abs(expected - seeds @ expm(generator)).max() < FLOAT64.error, name
    parameters = {"function": "scipy.sparse.linalg.expm_multiply", "t": t}
    return diffusion_case(name, "heat", weights, seeds, parameters, {"t": t}, expected)


def diffusion_cases():
    cases = []
    for seed, (n, out_degree, dangling, symmetric) in enumerate(
        [(10, 2, 2, False), (25, 3, 5, False), (60, 4, 10, False), (40, 2, 0, True)]
    ):
        weights, seeds = random_graph(seed, n, out_degree, dangling, symmetric)
        shape = "undirected" if symmetric else f"directed {dangling} dangling"
        for restart in (0.15, 0.5):
            cases.append(walk_case(f"walk {n} vertices {shape} restart={restart}", weights, seeds, restart))
    for seed, (n, out_degree, symmetric) in enumerate([(12, 2, False), (50, 4, False), (30, 2, True)], start=10):
        weights, seeds = random_graph(seed, n, out_degree, 0, symmetric)
        shape = "undirected" if symmetric else "directed"
        for t in (0.5, 3.0):
            cases.append(heat_case(f"heat {n} vertices {shape} t={t}", weights, seeds, t))
    return cases


# --- Files ------------------------------------------------------------------------------------------------------------


def short(value):
    """Whole floats as integers: a third of the size, and JSON knows one kind of number."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [short(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def write(name, libraries, cases):
    """One line per field of a case, so that a change shows where it is."""
    cases = [entry for entry in cases if entry]
    blocks = []
    for entry in cases:
        fields = [
            f"{json.dumps(key)}: {json.dumps(short(value), separators=(',', ':'))}" for key, value in entry.items()
        ]
        blocks.append("{\n" + ",\n".join(fields) + "\n}")
    made_with = json.dumps({library: version(library) for library in libraries})
    text = f'{{\n"made_with": {made_with},\n"cases": [\n' + ",\n".join(blocks) + "\n]\n}\n"
    json.loads(text)
    (HERE / name).write_text(text)
    print(f"{name}: {len(cases)} cases, {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    write("pyversity.json", ["pyversity", "numpy"], pyversity_cases())
    write("apricot.json", ["apricot-select", "numpy", "numba"], apricot_cases())
    write("vendi.json", ["vendi-score", "numpy", "scipy"], vendi_cases())
    write("pagerank.json", ["networkx", "scikit-network", "scipy", "numpy"], diffusion_cases())
    print("cut before a tie:", *(cut or ["none"]), sep="\n  ")
