"""swath's graphs, Vamana and HNSW, beside hnswlib and FAISS's HNSW, in one run.

    python3 algorithms/benches/peers/graphs.py FOLDER           # needs numpy, hnswlib, faiss-cpu and npm, see words.py
    python3 algorithms/benches/peers/graphs.py FOLDER --rows 100000 --rounds 5

Every graph is built once with one thread and once with all, in turn. Then each round searches with every graph at every width of
walks, in turn, by one thread: queries a second and recall of 10 neighbours, medians over rounds. The last table interpolates
between widths: queries a second at a recall, and how many times faster swath is than the faster of the two peers. HNSW has M 16
and walks of width 200 at building; Vamana has its defaults. All search normalised vectors by inner product, or by angle, which
is the same.
"""

import argparse
import math
import os
import pathlib
import statistics
import sys
import time

import faiss
import hnswlib
import numpy

from points import Swath
import words

POOL, WIDTHS, RECALLS = 10, (10, 20, 40, 80, 160, 320, 640), (0.90, 0.95, 0.99)
M, WIDTH_OF_BUILD = 16, 200


def seconds(function):
    start = time.perf_counter()
    answer = function()
    return time.perf_counter() - start, answer


class OfSwath:
    """One of swath's graphs; it is built at the first search."""

    def __init__(self, swath, name, data, parameters):
        self.swath, self.name, self.data, self.parameters = swath, name, data, parameters

    def ask(self, width, threads):
        candidates = {self.name: {"pool": POOL, "ef": width, **self.parameters}}
        return self.swath.ask({"kind": "vectors", "size": 0, **self.data, "candidates": candidates, "threads": threads})

    def build(self, threads):
        self.threads = threads
        return self.ask(POOL, threads)["build_s"]

    def search(self, width):
        answer = self.ask(width, self.threads)
        return 1e3 / answer["single_ms"], answer["ids"]


class OfHnswlib:
    name = "hnswlib"

    def __init__(self, rows, queries):
        self.rows, self.queries = rows, queries

    def build(self, threads):
        self.index = hnswlib.Index("ip", self.rows.shape[1])
        self.index.init_index(len(self.rows), M=M, ef_construction=WIDTH_OF_BUILD)
        return seconds(lambda: self.index.add_items(self.rows, num_threads=threads))[0]

    def search(self, width):
        self.index.set_ef(width)
        took, (found, _) = seconds(lambda: self.index.knn_query(self.queries, POOL, num_threads=1))
        return len(self.queries) / took, found


class OfFaiss:
    name = "FAISS HNSW"

    def __init__(self, rows, queries):
        self.rows, self.queries = rows, queries

    def build(self, threads):
        faiss.omp_set_num_threads(threads)
        self.index = faiss.IndexHNSWFlat(self.rows.shape[1], M, faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = WIDTH_OF_BUILD
        return seconds(lambda: self.index.add(self.rows))[0]

    def search(self, width):
        faiss.omp_set_num_threads(1)
        self.index.hnsw.efSearch = width
        took, (_, found) = seconds(lambda: self.index.search(self.queries, POOL))
        return len(self.queries) / took, found


def at_recall(points, recall):
    """Queries a second at a recall, between the two widths around it on a scale of logarithms; None if it is not reached."""
    for (low, slow), (high, fast) in zip(points, points[1:]):
        if low < recall <= high:
            share = (recall - low) / (high - low)
            return math.exp(math.log(slow) * (1 - share) + math.log(fast) * share)
    return points[0][1] if points[0][0] >= recall else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int)
    asked = parser.parse_args()
    rows, queries = words.write(asked.folder)
    rows = rows[: asked.rows]
    folder = pathlib.Path(asked.folder)
    path = folder / f"rows-{len(rows)}.f32"
    rows.tofile(path)
    data = {"dim": rows.shape[1], "rows": str(path), "queries": str(folder / "queries.f32")}
    rows, queries = (array / numpy.linalg.norm(array, axis=1, keepdims=True) for array in (rows, queries))
    truth = numpy.argpartition(-(queries @ rows.T), POOL, axis=1)[:, :POOL]
    swath = Swath()
    graphs = [
        OfSwath(swath, "vamana", data, {}),
        OfSwath(swath, "hnsw", data, {"m": M, "ef-construction": WIDTH_OF_BUILD}),
        OfHnswlib(rows, queries),
        OfFaiss(rows, queries),
    ]
    print(f"{len(rows):,} x {rows.shape[1]}, angular, {len(queries):,} queries, {POOL} neighbours")
    cores = os.cpu_count()
    for threads in sorted({1, cores}):
        for graph in graphs:
            print(f"{graph.name:12} built by {threads} threads in {graph.build(threads):.1f} s", flush=True)
    found = {(graph.name, width): [] for graph in graphs for width in WIDTHS}
    recalls = {}
    # The first round warms up and does not count.
    for round in range(asked.rounds + 1):
        for width in WIDTHS:
            for graph in graphs:
                speed, ids = graph.search(width)
                hits = sum(len(set(map(int, own)) & set(map(int, true))) for own, true in zip(ids, truth))
                recalls[graph.name, width] = hits / truth.size
                if round:
                    found[graph.name, width].append(speed)
    curves = {}
    for graph in graphs:
        curves[graph.name] = [(recalls[graph.name, width], statistics.median(found[graph.name, width])) for width in WIDTHS]
        curve = "  ".join(f"{recall:.3f}/{speed:,.0f}" for recall, speed in curves[graph.name])
        print(f"{graph.name:12} {curve}", flush=True)
    for recall in RECALLS:
        speeds = {name: at_recall(curve, recall) for name, curve in curves.items()}
        line = "  ".join(f"{name} {speed:,.0f}" if speed else f"{name} not reached" for name, speed in speeds.items())
        ours = max(filter(None, [speeds["vamana"], speeds["hnsw"]]), default=None)
        theirs = max(filter(None, [speeds["hnswlib"], speeds["FAISS HNSW"]]), default=None)
        ratio = f"  {ours / theirs:.2f}x" if ours and theirs else ""
        print(f"recall {recall:.2f}: {line}{ratio}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
