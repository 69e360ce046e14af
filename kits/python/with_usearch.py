"""USearch: a graph in layers (HNSW). Build parameters connectivity, expansion_add; search parameter expansion_search."""

import swath_retriever
from importlib.metadata import version

import numpy as np
from usearch.index import Index

METRICS = {"euclidean": "l2sq", "angular": "cos", "ip": "ip", "hamming": "hamming"}


class Usearch(swath_retriever.Retriever):
    name, version = "usearch", version("usearch")
    normalised = False

    def open(self):
        if self.distance not in METRICS:
            raise ValueError(f"this program has no distance {self.distance}; it has {', '.join(METRICS)}")

    def build(self, connectivity=16, expansion_add=128):
        dtype = "b1" if self.distance == "hamming" else "f32"
        options = {"connectivity": connectivity, "expansion_add": expansion_add}
        self.index = Index(ndim=self.dimension, metric=METRICS[self.distance], dtype=dtype, **options)
        self.index.add(np.arange(len(self.base)), self.base, threads=self.build_threads)
        return self.index.memory_usage

    def set(self, expansion_search=64):
        self.index.expansion_search = expansion_search

    def search(self, query, k):
        # USearch takes its number of threads with each call.
        found = self.index.search(query, k, threads=1)
        return found.keys, -found.distances, found.computed_distances

    def search_batch(self, queries, k):
        found = self.index.search(queries, k, threads=self.threads)
        ids = found.keys.astype(np.int64)
        ids[np.arange(ids.shape[1]) >= np.asarray(found.counts)[:, None]] = -1
        return ids, -found.distances


if __name__ == "__main__":
    swath_retriever.serve(Usearch)
