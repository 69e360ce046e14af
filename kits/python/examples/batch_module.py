"""A class as ann-benchmarks has them, with queries in batches: a coarse quantiser by k-means.

    python3 ann_benchmarks_module.py examples/batch_module.py Cells
"""

import numpy as np


class Cells:
    """Each point belongs to the nearest of `method_param["cells"]` centres; queries look into the nearest `probes` cells."""

    def __init__(self, metric, method_param):
        if metric not in ("euclidean", "angular"):
            raise NotImplementedError(f"Cells has no metric {metric}")
        self.metric = metric
        self.count, self.rounds = method_param["cells"], method_param.get("rounds", 5)
        self.probes = 1

    def fit(self, X):
        X = self.rows = self.unit(X)
        self.centres = X[np.random.default_rng(0).choice(len(X), self.count, replace=False)].copy()
        for _ in range(self.rounds):
            cell = self.squares(X, self.centres).argmin(axis=1)
            for c in np.unique(cell):
                self.centres[c] = X[cell == c].mean(axis=0)
        cell = self.squares(X, self.centres).argmin(axis=1)
        self.cells = [np.flatnonzero(cell == c) for c in range(self.count)]

    def unit(self, X):
        """Of unit vectors the nearest are those of the smallest angle."""
        return X / np.linalg.norm(X, axis=1, keepdims=True) if self.metric == "angular" else X

    def squares(self, a, b):
        return (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)

    def set_query_arguments(self, probes):
        self.probes = probes

    def query(self, v, n):
        self.batch_query(v[None], n)
        return self.result[0]

    def batch_query(self, X, n):
        X = self.unit(X)
        nearest = self.squares(X, self.centres).argsort(axis=1)[:, : self.probes]
        self.result = []
        for query, cells in zip(X, nearest):
            ids = np.concatenate([self.cells[c] for c in cells])
            distances = ((self.rows[ids] - query) ** 2).sum(axis=1)
            self.result.append(ids[np.argsort(distances, kind="stable")][:n].tolist())

    def get_batch_results(self):
        return self.result

    def get_memory_usage(self):
        """In kilobytes: before `fit` there is nothing."""
        return (self.centres.nbytes + 8 * len(self.rows)) / 1024 if hasattr(self, "cells") else 0

    def __str__(self):
        return f"Cells(cells={self.count}, probes={self.probes})"
