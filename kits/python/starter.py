"""My algorithm: points by the signs of random projections, then measured exactly.

Build parameter: bits, how many projections there are. Search parameter: look, how many points are measured for a query."""

import numpy as np
import swath_retriever


class Mine(swath_retriever.Retriever):
    name, version = "mine", "1"

    def build(self, bits=64):
        self.points = np.asarray(self.base, dtype=np.float32)
        if self.distance == "angular":
            self.points = self.points / np.maximum(np.linalg.norm(self.points, axis=1, keepdims=True), 1e-30)
        self.directions = np.random.default_rng(self.seed).standard_normal((self.dimension, bits)).astype(np.float32)
        self.signs = np.where(self.points @ self.directions > 0, 1, -1).astype(np.float32)

    def set(self, look=200):
        self.look = look

    def search(self, query, k):
        alike = self.signs @ np.where(query @ self.directions > 0, 1, -1).astype(np.float32)
        look = min(max(self.look, k), len(alike))
        near = np.argpartition(-alike, look - 1)[:look]
        if self.distance == "euclidean":
            scores = -np.square(self.points[near] - query).sum(axis=1)
        else:
            scores = self.points[near] @ query
        return near[np.argsort(-scores, kind="stable")[:k]]


if __name__ == "__main__":
    swath_retriever.serve(Mine)
