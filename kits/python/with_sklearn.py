"""scikit-learn's NearestNeighbors: exact. Build parameters algorithm (brute, kd_tree, ball_tree or auto) and leaf_size."""

import swath_retriever

import numpy as np
import sklearn
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits


class Sklearn(swath_retriever.Retriever):
    name, version = "scikit-learn", sklearn.__version__
    normalised = True

    def open(self):
        if self.distance not in ("euclidean", "angular"):
            raise ValueError(f"scikit-learn's trees have no distance {self.distance}; it has euclidean, angular")

    def rows(self, vectors):
        """Vectors of length 1 for angular: the nearest by Euclidean distance are then the nearest by angle."""
        if self.distance == "angular":
            return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo("f4").tiny)
        return vectors

    def build(self, algorithm="auto", leaf_size=30):
        self.index = NearestNeighbors(algorithm=algorithm, leaf_size=leaf_size, n_jobs=self.threads)
        self.index.fit(self.rows(self.base))

    def set_threads(self, threads):
        threadpool_limits(threads)

    def search(self, query, k):
        ids, scores = self.search_batch(query[None], k)
        return ids[0], scores[0]

    def search_batch(self, queries, k):
        distances, ids = self.index.kneighbors(self.rows(queries), min(k, len(self.base)))
        return ids, -distances


if __name__ == "__main__":
    swath_retriever.serve(Sklearn)
