"""Programs that tests start: `programs.py NAME`. The import of the kit comes first, as in any program."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import swath_retriever

import os
import subprocess

import numpy as np


class Exact(swath_retriever.Retriever):
    version, normalised = "1.0", False
    threads_set = ()

    def open(self):
        print("noise from Python")
        os.write(1, b"noise from below Python\n" * 50_000)
        subprocess.run(["sh", "-c", "echo noise from a child; cat"], check=True)

    def set_threads(self, threads):
        self.threads_set += (threads,)

    def build(self, result=12345):
        return result

    def set(self, negative=False):
        self.negative = negative

    def search(self, query, k):
        scores = -((self.base.astype("f8") - query) ** 2).sum(axis=1)
        ids = np.argsort(-scores, kind="stable")[:k]
        return ids, scores[ids], len(scores)

    def search_batch(self, queries, k):
        if len(queries) == 0:
            raise ValueError("asked for nothing")
        return [self.search(query, k)[0] for query in queries]

    def select(self, query, pool_ids, pool_scores, k):
        assert len(pool_ids) == len(pool_scores) and (pool_ids >= 0).all()
        return pool_ids[::-1][:k]


class Threads(Exact):
    """Its ids are the numbers of threads that it was told."""

    def search(self, query, k):
        return list(self.threads_set)


class Overlap(swath_retriever.Retriever):
    """Sets by common members; packed bits by bits in common."""

    def search(self, query, k):
        if self.distance == "hamming":
            common = -np.unpackbits(np.bitwise_xor(self.base, query), axis=1)[:, : self.dimension].sum(axis=1, dtype=int)
        elif self.distance == "jaccard":
            common = np.array([len(np.intersect1d(self.base[i], query)) for i in range(len(self.base))])
        else:
            common = np.empty(len(self.base))
            for i in range(len(self.base)):
                columns, values = self.base[i]
                row = dict(zip(columns.tolist(), values.tolist()))
                common[i] = sum(row.get(c, 0.0) * v for c, v in zip(query[0].tolist(), query[1].tolist()))
        return np.argsort(-common, kind="stable")[:k].tolist()


class Extras(swath_retriever.Retriever):
    """Its ids are what `open` gave."""

    def search(self, query, k):
        assert self.learn.shape == (7, 20) and self.seed == 42 and self.role == "retriever"
        return [len(self.links), int(self.groups["colour"][3]), len(open(self.names).readlines())]


def returns(value):
    class Returns(swath_retriever.Retriever):
        def search(self, query, k):
            return value(k)

        def search_batch(self, queries, k):
            return None if value is nothing else [value(k)] * len(queries)

    return Returns


def nothing(k):
    return None


def fails(k):
    raise TypeError("this is my \udcff mistake")


WRONG = {
    "floats": lambda k: [1.0, 2.0],
    "too-many": lambda k: list(range(k + 1)),
    "two-dimensions": lambda k: np.zeros((1, k), int),
    "one-number": lambda k: 3,
    "none": nothing,
    "flags": lambda k: np.ones(k, bool),
    "words": lambda k: ["one"],
    "large": lambda k: np.array([2**32 + 5]),
    "negative": lambda k: [-7],
    "pair": lambda k: (3, 4),
    "scores": lambda k: ([1, 2], [0.5]),
    "fails": fails,
}

if __name__ == "__main__":
    name = sys.argv[1]
    classes = {"exact": Exact, "threads": Threads, "overlap": Overlap, "extras": Extras}
    swath_retriever.serve(classes.get(name) or returns(WRONG[name]))
