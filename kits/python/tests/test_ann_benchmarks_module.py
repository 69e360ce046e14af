"""Classes with ann-benchmarks' or VIBE's interface."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from driver import PYTHON_KIT, Program, Sets, dense, distances, nearest, python

EXAMPLES = PYTHON_KIT / "examples"

BASE = "class BaseANN:\n    def batch_query(self, X, n):\n        self.res = [self.query(q, n) for q in X]\n"
BASE += "    def get_batch_results(self):\n        return self.res\n"

MODULE = '''
import numpy as np
from ..base.module import BaseANN

class Any(BaseANN):
    def __init__(self, metric, dimension, extra=0):
        self.metric, self.dimension, self.extra = metric, dimension, extra

    def fit(self, X):
        print(f"metric {self.metric}, dimension {self.dimension}, extra {self.extra}")
        print(f"X: {type(X).__name__} of {X[0].dtype} {X[0].shape}")
        if isinstance(X, np.ndarray):
            X[0] = X[0]
        self.X = X

    def query(self, q, n):
        q[:] = q
        if self.metric == "jaccard":
            far = [-len(set(x) & set(q)) for x in self.X]
        elif self.metric == "ip":
            far = -self.X @ q
        elif q.dtype == np.uint8:
            far = np.unpackbits(self.X ^ q, axis=1).sum(axis=1, dtype=int)
        elif q.dtype == bool:
            far = (self.X ^ q).sum(axis=1)
        else:
            far = np.linalg.norm(self.X - q, axis=1)
        return (int(i) for i in np.argsort(far, kind="stable")[:n])

    def done(self):
        print("done with", self.extra)

class Many(Any):
    def set_query_arguments(self, more):
        self.more = more

    def query(self, q, n):
        return list(range(n + self.more))

class Slow(Any):
    def prepare_query(self, q, n):
        import time
        time.sleep(0.05)
        self.n = n

    def run_prepared_query(self):
        pass

    def get_prepared_query_results(self):
        return np.arange(self.n)
'''


def module(file, name, *more):
    return Program(python("ann_benchmarks_module.py", file, name, *more))


class Examples(unittest.TestCase):
    def setUp(self):
        self.base, self.queries = dense(), dense(30, seed=2)

    def check(self, lists, distance, k):
        table = distances(self.queries, self.base, distance)
        got = np.array([table[row, ids] for row, ids in enumerate(lists)])
        np.testing.assert_allclose(got, np.sort(table, axis=1)[:, :k], atol=1e-5)

    def test_prepared_queries(self):
        for distance in ("euclidean", "angular"):
            with module(EXAMPLES / "prepared_module.py", "Prefix") as p:
                self.assertEqual((p.hello["name"], p.hello["can"]), ("Prefix", ["candidates", "retriever"]))
                p.ready(self.base, distance, {"prefix": 5})
                for k in (10, 250):
                    got = p.search(self.queries, k)
                    self.check(got.lists, distance, k)
                    self.assertTrue((got.ns > 0).all())
                p.search(self.queries[:0], 10)
                p.do("set", params={"rerank": 12})
                few = p.search(self.queries, 20)
                self.assertTrue(all(len(ids) == 12 for ids in few.lists))
                p.end()

    def test_batches(self):
        with module(EXAMPLES / "batch_module.py", "Cells") as p:
            self.assertEqual(p.hello["can"], ["candidates", "retriever", "batch"])
            p.open(self.base, "euclidean")
            answer = p.do("build", params={"method_param": {"cells": 8}})
            self.assertEqual(answer["bytes"], 8 * 20 * 4 + 200 * 8)
            p.do("set", params={"probes": 8})
            for mode in ("single", "batch"):
                for k in (10, 250):
                    self.check(p.search(self.queries, k, mode=mode).lists, "euclidean", k)
                p.search(self.queries[:0], 10, mode=mode)
            p.do("set", params={"probes": 1})
            some = p.search(self.queries, 10)
            self.assertEqual(some.lists, p.search(self.queries, 10, mode="batch").lists)
            exact = nearest(self.queries, self.base, "euclidean", 10)
            hits = sum(len(set(a) & set(b)) for a, b in zip(some.lists, exact))
            self.assertTrue(30 < hits < 300, hits)


class Interfaces(unittest.TestCase):
    """Modules in the folders of the two projects."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.files = {}
        for package in ("ann_benchmarks", "vibe"):
            for name, text in (("base", BASE), ("any", MODULE)):
                file = Path(self.folder.name, package, "algorithms", name, "module.py")
                file.parent.mkdir(parents=True)
                file.write_text(text)
            self.files[package] = file

    def tearDown(self):
        self.folder.cleanup()

    def test_metrics_and_points_are_called_as_there(self):
        flags = np.random.default_rng(3).integers(0, 2, (200, 16), dtype=np.uint8)
        bits, sets = np.packbits(flags, axis=1), Sets([np.flatnonzero(row) for row in flags])
        cases = [
            ("ann_benchmarks", dense(), "angular", "angular", "ndarray of float32 (20,)"),
            ("ann_benchmarks", bits, "hamming", "hamming", "ndarray of bool (16,)"),
            ("ann_benchmarks", sets, "jaccard", "jaccard", "list of int64"),
            ("vibe", dense(), "angular", "cosine", "ndarray of float32 (20,)"),
            ("vibe", dense(), "ip", "ip", "ndarray of float32 (20,)"),
            ("vibe", bits, "hamming", "hamming", "ndarray of uint8 (2,)"),
        ]
        for package, base, distance, metric, points in cases:
            with self.subTest(package=package, distance=distance):
                with module(self.files[package], "Any") as p:
                    dimension = 20 if isinstance(base, np.ndarray) and base.dtype == np.float32 else 16
                    p.ready(base, distance, {"extra": 3}, dimension=dimension)
                    self.assertIn(f"metric {metric}, dimension {dimension}, extra 3", p.stderr())
                    self.assertIn(points, p.stderr())
                    queries = Sets(base.rows[:5]) if isinstance(base, Sets) else base[:5]
                    single, batch = p.search(queries, 10), p.search(queries, 10, mode="batch")
                    self.assertEqual(single.lists, batch.lists)
                    if distance == "hamming":
                        table = (flags[:5, None] ^ flags[None]).sum(axis=2)
                        self.assertEqual(single.lists, np.argsort(table, axis=1, kind="stable")[:, :10].tolist())

    def test_each_is_told_when_it_is_done(self):
        with module(self.files["vibe"], "Any") as p:
            p.ready(dense(), "euclidean", {"extra": 1})
            p.do("build", params={"extra": 2})
            self.assertEqual(("done with 1" in p.stderr(), "done with 2" in p.stderr()), (True, False))
            p.end()
            self.assertIn("done with 2", p.stderr())

    def test_the_interface_can_be_named(self):
        with module(self.files["ann_benchmarks"], "Any", "vibe") as p:
            p.ready(dense(), "angular")
            self.assertIn("metric cosine", p.stderr())

    def test_distances_that_they_do_not_have(self):
        with module(self.files["ann_benchmarks"], "Any") as p:
            base = p.points("base", dense())
            fields = {"threads": 1, "build_threads": 1, "seed": 1, "scratch": str(p.scratch)}
            answer = p.ask("open", role="candidates", base=base, dimension=20, distance="ip", **fields)
            self.assertIn("ann-benchmarks has no distance ip", answer["message"])

    def test_parameters_that_they_do_not_have(self):
        with module(self.files["ann_benchmarks"], "Any") as p:
            p.open(dense(), "euclidean")
            self.assertIn("'wrong'", p.ask("build", params={"wrong": 1})["message"])
            p.do("build", params={})
            self.assertIn("no set_query_arguments", p.ask("set", params={"ef": 1})["message"])

    def test_more_than_k_is_refused(self):
        with module(self.files["ann_benchmarks"], "Many") as p:
            p.ready(dense(), "euclidean", {}, {"more": 0})
            p.search(dense(2), 5)
            p.do("set", params={"more": 1})
            self.assertIn("6 ids", p.search(dense(2), 5, refused=True).answer["message"])

    def test_prepare_query_is_in_no_rows_time(self):
        with module(self.files["ann_benchmarks"], "Slow") as p:
            p.ready(dense(), "euclidean")
            got = p.search(dense(5), 3)
            self.assertLess(got.ns.max(), 20_000_000)
            self.assertGreater(got.answer["ns"], 5 * 50_000_000)

    def test_what_is_not_there_is_told(self):
        for words, message in (
            ([self.files["vibe"], "Nobody"], "has no class Nobody; it has BaseANN, Any, Many, Slow"),
            ([self.files["vibe"]], "usage: ann_benchmarks_module.py MODULE CLASS [ann-benchmarks | vibe]"),
            ([self.files["vibe"], "Any", "other"], "usage: "),
        ):
            command = [sys.executable, PYTHON_KIT / "ann_benchmarks_module.py", *words]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertIn(message, done.stderr)
            self.assertEqual((done.stdout, done.returncode), ("", 1))


if __name__ == "__main__":
    unittest.main()
