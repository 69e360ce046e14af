"""Golden values of swath's metrics, computed by other libraries. Writes metrics.json beside itself.

    python3 -m venv venv && venv/bin/pip install numpy scipy vendi-score==0.0.3 ranx==0.3.21 pyndeval==0.0.8
    venv/bin/python metrics.py

What each library computes and how it is scaled to ours:
  vendi                vendi_score.vendi.score_K of the cosines, orders 0.5, 1, 2 and 5
  mst                  scipy.sparse.csgraph.minimum_spanning_tree of the angles / pi; mean edge
  log-volume           numpy.linalg.slogdet of cosines + 1e-6 I
  spectral-entropy     numpy.linalg.eigvals of the walk's matrix itself, which is not symmetric
  ndcg-qrels           ranx ndcg (linear gains) and ndcg_burges (exponential)
  mrr, hit             ranx
  alpha-ndcg           pyndeval alpha-nDCG, alpha 0.5; of equals its greedy ideal takes the item last by name, ours the lowest,
                       so that items are named backwards
  err-ia               pyndeval ERR-IA, which takes a gain of 1 where the probability to stop is 1/2, and divides by what a
                       list would reach of which every item covers every subtopic: times sum of 2^-i / i, i from 1 to k
  err-ia(normalise=ndeval)  pyndeval ERR-IA as it is
  nrbp, p-ia, map-ia   pyndeval NRBP, P-IA and MAP-IA, of a run of K results
  subtopic-recall      pyndeval strec
  all-subtopics        whether that is 1
  ilad                 mean of scipy.spatial.distance.pdist(x, "cosine")
  sum-cosine           1 - scipy.spatial.distance.cosine of the query, all ones, and the sum of the results' directions
"""
import json
import pathlib

import numpy as np
import pyndeval
import ranx
import scipy
import scipy.spatial
from scipy.sparse.csgraph import minimum_spanning_tree
from vendi_score import vendi

rng = np.random.default_rng(20261123)
K = 10
cases = []
for case in range(40):
    d, n = int(rng.integers(2, 12)), 30
    vectors = rng.standard_normal((n, d)).astype(np.float32)
    returned = rng.permutation(n)[:K]
    x = vectors[returned].astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cos = np.clip(x @ x.T, -1, 1)
    angle = np.arccos(cos) / np.pi
    np.fill_diagonal(angle, 0)
    values = {f"vendi(q={q})": float(vendi.score_K(cos, q=q)) for q in (0.5, 2, 5)}
    values["vendi"] = float(vendi.score_K(cos, q=1))
    values["mst"] = float(minimum_spanning_tree(angle).sum() / (K - 1))
    values["log-volume"] = float(np.linalg.slogdet(cos + 1e-6 * np.eye(K))[1])
    clipped = np.maximum(cos, 0)
    root = np.sqrt(clipped.sum(axis=1))
    even = clipped / np.outer(root, root)
    power = np.abs(np.linalg.eigvals(even / even.sum(axis=1, keepdims=True)))
    share = power / power.sum()
    share = share[share > 1e-12]
    values["spectral-entropy"] = float(-(share * np.log2(share)).sum())
    values["ilad"] = float(scipy.spatial.distance.pdist(x, "cosine").mean())
    values["sum-cosine"] = float(1 - scipy.spatial.distance.cosine(np.ones(d), x.sum(axis=0)))

    subtopics = sorted({(int(rng.integers(0, n)), int(rng.integers(0, 6))) for _ in range(14)})
    qrels = sorted({int(item): int(rng.integers(0, 4)) for item in rng.permutation(n)[:12]}.items())
    judged = [pyndeval.SubtopicQrel("0", str(s), f"{999 - item}", 1) for item, s in subtopics]
    run = [pyndeval.ScoredDoc("0", f"{999 - item}", float(-rank)) for rank, item in enumerate(returned)]
    found = pyndeval.ndeval(judged, run, ["alpha-nDCG@10", "alpha-nDCG@5", "ERR-IA@10", "strec@10", "NRBP", "P-IA@10", "MAP-IA"])["0"]
    values["alpha-ndcg"], values["alpha-ndcg@5"] = found["alpha-nDCG@10"], found["alpha-nDCG@5"]
    values["err-ia"], values["subtopic-recall"] = found["ERR-IA@10"] * sum(2.0**-i / i for i in range(1, K + 1)), found["strec@10"]
    values["err-ia(normalise=ndeval)"], values["all-subtopics"] = found["ERR-IA@10"], float(found["strec@10"] == 1)
    values["nrbp"], values["p-ia"], values["map-ia"] = found["NRBP"], found["P-IA@10"], found["MAP-IA"]
    if any(grade for _, grade in qrels):
        truth = ranx.Qrels({"0": {str(item): grade for item, grade in qrels if grade}})
        answer = ranx.Run({"0": {str(item): float(K - rank) for rank, item in enumerate(returned)}})
        names = {"ndcg-qrels": "ndcg@10", "ndcg-qrels@5": "ndcg@5", "ndcg-qrels(gain=exponential)": "ndcg_burges@10",
                 "mrr": "mrr", "hit": "hit_rate"}
        values |= {ours: float(ranx.evaluate(truth, answer, theirs)) for ours, theirs in names.items()}
    cases.append({"dim": d, "vectors": [float(v) for v in vectors.ravel()], "returned": [int(i) for i in returned],
                  "subtopics": subtopics, "qrels": qrels, "values": values})

versions = {"numpy": np.__version__, "scipy": scipy.__version__, "vendi-score": "0.0.3", "ranx": "0.3.21", "pyndeval": "0.0.8"}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"versions": versions, "cases": cases}) + "\n")
