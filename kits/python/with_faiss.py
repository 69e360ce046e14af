"""FAISS. Build parameter index: flat, ivf (with nlist) or hnsw (with M, efConstruction); search parameters are those that
FAISS's ParameterSpace knows: nprobe for ivf, efSearch for hnsw."""

import swath_retriever

import faiss
import numpy as np

METRICS = {"euclidean": faiss.METRIC_L2, "angular": faiss.METRIC_INNER_PRODUCT, "ip": faiss.METRIC_INNER_PRODUCT}


def flat(dimension, metric):
    return faiss.IndexFlat(dimension, metric)


def ivf(dimension, metric, nlist=100):
    return faiss.IndexIVFFlat(faiss.IndexFlat(dimension, metric), dimension, nlist, metric)


def hnsw(dimension, metric, M=16, efConstruction=200):
    index = faiss.IndexHNSWFlat(dimension, M, metric)
    index.hnsw.efConstruction = efConstruction
    return index


class Faiss(swath_retriever.Retriever):
    name, version = "faiss", faiss.__version__
    normalised = True

    def open(self):
        if self.distance not in METRICS:
            raise ValueError(f"this program has no distance {self.distance}; it has {', '.join(METRICS)}")

    def rows(self, vectors):
        """Vectors as FAISS wants them: in one piece, and of length 1 for angular."""
        vectors = np.ascontiguousarray(vectors)
        if self.distance == "angular":
            vectors = vectors.copy()
            faiss.normalize_L2(vectors)
        return vectors

    def build(self, index="hnsw", **params):
        kinds = {"flat": flat, "ivf": ivf, "hnsw": hnsw}
        if index not in kinds:
            raise ValueError(f'index is "{index}"; it is one of {", ".join(kinds)}')
        self.index = kinds[index](self.dimension, METRICS[self.distance], **params)
        if index == "ivf":
            self.index.cp.seed = self.seed
            self.index.train(self.rows(self.base if self.learn is None else self.learn))
        self.index.add(self.rows(self.base))

    def set(self, **params):
        for name, value in params.items():
            faiss.ParameterSpace().set_index_parameter(self.index, name, value)

    def set_threads(self, threads):
        faiss.omp_set_num_threads(threads)

    def search(self, query, k):
        ids, scores = self.search_batch(query[None], k)
        return ids[0], scores[0]

    def search_batch(self, queries, k):
        found, ids = self.index.search(self.rows(queries), k)  # ids of -1 at the tail where there are fewer
        return ids, -found if self.distance == "euclidean" else found


if __name__ == "__main__":
    swath_retriever.serve(Faiss)
