"""hnswlib: a graph in layers (HNSW). Build parameters M, ef_construction; search parameter ef."""

import swath_retriever
from importlib.metadata import version

import hnswlib

SPACES = {"euclidean": "l2", "angular": "cosine", "ip": "ip"}


class Hnswlib(swath_retriever.Retriever):
    name, version = "hnswlib", version("hnswlib")
    normalised = True  # hnswlib's "cosine" keeps unit vectors

    def open(self):
        if self.distance not in SPACES:
            raise ValueError(f"hnswlib has no distance {self.distance}; it has {', '.join(SPACES)}")

    def build(self, M=16, ef_construction=200):
        self.index = hnswlib.Index(SPACES[self.distance], self.dimension)
        self.index.init_index(len(self.base), M=M, ef_construction=ef_construction, random_seed=self.seed)
        self.index.add_items(self.base, num_threads=self.build_threads)
        return self.index.index_file_size()

    def set(self, ef=50):
        self.index.set_ef(ef)

    def search(self, query, k):
        # hnswlib takes its number of threads with each call. It cannot answer with fewer than k.
        ids, distances = self.index.knn_query(query, min(k, len(self.base)), num_threads=1)
        return ids[0], -distances[0]

    def search_batch(self, queries, k):
        ids, distances = self.index.knn_query(queries, min(k, len(self.base)), num_threads=self.threads)
        return ids, -distances


if __name__ == "__main__":
    swath_retriever.serve(Hnswlib)
