"""A class as ann-benchmarks has them, with prepared queries: all vectors are compared, by their first coordinates first.

    python3 ann_benchmarks_module.py examples/prepared_module.py Prefix
"""

import numpy as np


class Prefix:
    """Compares the first `prefix` coordinates of all points, and all coordinates of the best `rerank` of them."""

    def __init__(self, metric, prefix):
        if metric not in ("euclidean", "angular"):
            raise NotImplementedError(f"Prefix has no metric {metric}")
        self.metric, self.prefix = metric, prefix
        self.rerank = None

    def fit(self, X):
        if self.metric == "angular":
            X /= np.linalg.norm(X, axis=1, keepdims=True)
        self.rows, self.heads = X, np.ascontiguousarray(X[:, : self.prefix])

    def set_query_arguments(self, rerank):
        self.rerank = rerank

    def prepare_query(self, q, n):
        if self.metric == "angular":
            q /= np.linalg.norm(q)
        self.q, self.n = q, n

    def run_prepared_query(self):
        kept = min(self.rerank or len(self.rows), len(self.rows))
        heads = ((self.heads - self.q[: self.prefix]) ** 2).sum(axis=1)
        near = np.argpartition(heads, kept - 1)[:kept]
        distances = ((self.rows[near] - self.q) ** 2).sum(axis=1)
        self.ids = near[np.argsort(distances, kind="stable")][: self.n]

    def get_prepared_query_results(self):
        return self.ids

    def done(self):
        del self.rows, self.heads

    def __str__(self):
        return f"Prefix(prefix={self.prefix}, rerank={self.rerank})"
