"""The wrappers of libraries. One that is not installed is skipped, unless the variable SWATH_REQUIRE names it."""

import unittest

import numpy as np
from driver import Program, dense, distances, python, require

DENSE = ("euclidean", "angular", "ip")

EXACT = [
    ("faiss", "with_faiss.py", DENSE, {"index": "flat"}, {}),
    ("faiss", "with_faiss.py", DENSE, {"index": "ivf", "nlist": 4}, {"nprobe": 4}),
    ("sklearn", "with_sklearn.py", DENSE[:2], {"algorithm": "ball_tree", "leaf_size": 5}, {}),
    ("sklearn", "with_sklearn.py", DENSE[:2], {"algorithm": "brute"}, {}),
]

# Graphs lose some neighbours.
GRAPHS = [
    ("hnswlib", "with_hnswlib.py", DENSE, {"M": 32, "ef_construction": 400}, {"ef": 400}),
    ("faiss", "with_faiss.py", DENSE, {"index": "hnsw", "M": 32, "efConstruction": 400}, {"efSearch": 400}),
    ("usearch", "with_usearch.py", DENSE, {"connectivity": 32, "expansion_add": 400}, {"expansion_search": 400}),
]


class Libraries(unittest.TestCase):
    def each(self, cases, body):
        for module, file, kinds, build, search in cases:
            for distance in kinds:
                with self.subTest(file=file, distance=distance, **build):
                    require(self, module)
                    with Program(python(file)) as p:
                        p.ready(self.base, distance, build, search)
                        for mode in ("single", "batch"):
                            body(p, distance, mode)
                        p.end()

    def setUp(self):
        self.base, self.queries = dense(), dense(30, seed=2)

    def check(self, lists, distance, k, found=1.0):
        """The lists have that share of the nearest; which of two points comes first that are equally far up to rounding is open."""
        table = distances(self.queries, self.base, distance)
        want = np.sort(table, axis=1)[:, :k]
        hits = 0
        for row, ids in enumerate(lists):
            self.assertEqual(len(set(ids)), len(ids), "an id twice")
            got = table[row, ids]
            np.testing.assert_allclose(got, np.sort(got), atol=1e-5, err_msg="best first")
            hits += (got <= want[row, -1] + 1e-5).sum()
        self.assertGreaterEqual(hits, found * want.size)

    def test_exact_ones_find_the_nearest(self):
        def body(p, distance, mode):
            got = p.search(self.queries, 10, mode=mode, first=70)
            self.check(got.lists, distance, 10)
            self.assertTrue((np.diff(got.scores) <= 0).all(), "scores are larger for better ids")

        self.each(EXACT, body)

    def test_graphs_find_nearly_all(self):
        def body(p, distance, mode):
            got = p.search(self.queries, 10, mode=mode, first=70)
            self.check(got.lists, distance, 10, found=0.95)
            self.assertTrue((np.diff(got.scores) <= 0).all(), "scores are larger for better ids")

        self.each(GRAPHS, body)

    def test_k_above_the_number_of_points(self):
        self.each(EXACT, lambda p, distance, mode: self.check(p.search(self.queries, 250, mode=mode).lists, distance, 250))
        nearly = lambda p, distance, mode: self.check(p.search(self.queries, 250, mode=mode).lists, distance, 250, found=0.9)
        self.each(GRAPHS, nearly)

    def test_a_block_of_no_queries_and_echo(self):
        def body(p, distance, mode):
            p.search(self.queries[:0], 10, mode=mode)
            self.assertTrue((p.search(self.queries, 10, mode=mode, op="echo").ids == -1).all())

        self.each(EXACT + GRAPHS, body)

    def test_bits(self):
        require(self, "usearch")
        flags = np.random.default_rng(3).integers(0, 2, (200, 64), dtype=np.uint8)
        with Program(python("with_usearch.py")) as p:
            p.ready(np.packbits(flags, axis=1), "hamming", {"connectivity": 32}, {"expansion_search": 400}, dimension=64)
            table = (flags[:5, None] ^ flags[None]).sum(axis=2)
            for mode in ("single", "batch"):
                lists = p.search(np.packbits(flags[:5], axis=1), 10, mode=mode).lists
                got = np.array([table[row, ids] for row, ids in enumerate(lists)])
                np.testing.assert_array_equal(got, np.sort(table, axis=1)[:, :10])

    def test_what_they_cannot_do_is_told(self):
        for module, file in (("hnswlib", "with_hnswlib.py"), ("faiss", "with_faiss.py"), ("sklearn", "with_sklearn.py")):
            with self.subTest(file=file):
                require(self, module)
                with Program(python(file)) as p:
                    base = p.array("base", np.zeros((200, 2), np.uint8))
                    fields = {"threads": 1, "build_threads": 1, "seed": 1, "scratch": str(p.scratch)}
                    answer = p.ask("open", role="candidates", base=base, dimension=16, distance="hamming", **fields)
                    self.assertEqual(answer["ok"], False)
                    self.assertIn("no distance hamming; it has euclidean, angular", answer["message"])

    def test_wrong_parameters_are_told(self):
        require(self, "faiss")
        with Program(python("with_faiss.py")) as p:
            p.open(dense(), "euclidean")
            self.assertIn("it is one of flat, ivf, hnsw", p.ask("build", params={"index": "tree"})["message"])
            self.assertIn("nlist", p.ask("build", params={"index": "flat", "nlist": 3})["message"])
            p.do("build", params={"index": "ivf", "nlist": 3})
            self.assertIn("efSearch", p.ask("set", params={"efSearch": 3})["message"])


if __name__ == "__main__":
    unittest.main()
