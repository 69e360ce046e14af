"""Databases with an MMR of their own: what their lambda and their fetch size mean. One that is not installed is skipped,
unless the variable SWATH_REQUIRE names it."""

import unittest

import numpy as np
from driver import Program, distances, nearest, python, require

DATABASES = [
    ("qdrant_client", "with_qdrant.py"),
    ("langchain_core", "with_langchain.py"),
    ("llama_index.core", "with_llama_index.py"),
]


def clusters(n, seed):
    """Points of 15 clusters, so that MMR has something to avoid."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((15, 16))
    return (centres[random.integers(0, 15, n)] + 0.3 * random.standard_normal((n, 16))).astype("<f4")


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cosine(a, b):
    return unit(a.astype("f8")) @ unit(b.astype("f8")).T


def minus_squared(a, b):
    return -(distances(a, b, "euclidean") ** 2)


def mmr(query, base, pool, k, weight, similarity=cosine, latest_only=False):
    """By the definition; with `latest_only` a point is compared with the latest pick alone."""
    relevance = similarity(query[None], base[pool])[0]
    alike = similarity(base[pool], base[pool])
    picked = [int(np.argmax(relevance))]
    while len(picked) < min(k, len(pool)):
        penalty = alike[:, picked[-1]] if latest_only else alike[:, picked].max(axis=1)
        value = weight * relevance - (1 - weight) * penalty
        value[picked] = -np.inf
        picked.append(int(np.argmax(value)))
    return [int(pool[i]) for i in picked]


class Databases(unittest.TestCase):
    def setUp(self):
        self.base, self.queries = clusters(200, 1), clusters(20, 2)

    def search(self, module, file, k, distance="angular", **search):
        search = {"lambda" if name == "weight" else name: value for name, value in search.items()}
        require(self, module)
        with Program(python(file)) as p:
            self.assertEqual(p.hello["can"], ["retriever"])
            p.ready(self.base, distance, {}, search, role="retriever")
            lists = p.search(self.queries, k).lists
            p.end()
            return lists

    def by_definition(self, pool, k, weight, distance="angular", **more):
        pools = nearest(self.queries, self.base, distance, pool)
        return [mmr(q, self.base, np.array(ids), k, weight, **more) for q, ids in zip(self.queries, pools)]

    def test_lambda_1_is_relevance_alone(self):
        for module, file in DATABASES:
            with self.subTest(file=file):
                lists = self.search(module, file, 10, weight=1, fetch=50)
                self.assertEqual(lists, nearest(self.queries, self.base, "angular", 10))

    def test_qdrant_and_langchain_are_mmr_among_those_fetched(self):
        for module, file in DATABASES[:2]:
            for weight in (0, 0.3, 0.7):
                with self.subTest(file=file, weight=weight):
                    lists = self.search(module, file, 10, weight=weight, fetch=50)
                    self.assertEqual(lists, self.by_definition(50, 10, weight))

    def test_qdrant_permutes_the_nearest_k_without_fetch(self):
        lists = self.search("qdrant_client", "with_qdrant.py", 10, weight=0.3)
        self.assertEqual(lists, self.by_definition(10, 10, 0.3))
        exact = nearest(self.queries, self.base, "angular", 10)
        self.assertNotEqual(lists, exact)
        self.assertEqual([sorted(ids) for ids in lists], [sorted(ids) for ids in exact])

    def test_qdrant_takes_the_squared_distance_of_euclidean_points(self):
        lists = self.search("qdrant_client", "with_qdrant.py", 10, "euclidean", weight=0.5, fetch=50)
        self.assertEqual(lists, self.by_definition(50, 10, 0.5, "euclidean", similarity=minus_squared))

    def test_langchain_fetches_20_without_fetch(self):
        lists = self.search("langchain_core", "with_langchain.py", 30)
        self.assertEqual(lists, self.by_definition(20, 20, 0.5))

    def test_llama_index_compares_with_the_latest_pick_only(self):
        for weight in (0.3, 0.7):
            lists = self.search("llama_index.core", "with_llama_index.py", 10, weight=weight, fetch=50)
            self.assertEqual(lists, self.by_definition(50, 10, weight, latest_only=True))
            self.assertNotEqual(lists, self.by_definition(50, 10, weight))

    def test_llama_index_picks_from_the_whole_store_without_fetch(self):
        lists = self.search("llama_index.core", "with_llama_index.py", 10, weight=0.5)
        self.assertEqual(lists, self.by_definition(200, 10, 0.5, latest_only=True))

    def test_llama_index_begins_with_the_first_point_for_lambda_0(self):
        lists = self.search("llama_index.core", "with_llama_index.py", 10, weight=0)
        self.assertEqual({ids[0] for ids in lists}, {0})

    def test_k_above_the_number_of_points_and_a_block_of_no_queries(self):
        for module, file in DATABASES:
            with self.subTest(file=file):
                require(self, module)
                with Program(python(file)) as p:
                    p.ready(self.base, "angular", {}, {"lambda": 0.7, "fetch": 300}, role="retriever")
                    for ids in p.search(self.queries[:2], 250).lists:
                        self.assertEqual(sorted(ids), list(range(200)))
                    p.search(self.queries[:0], 10)
                    self.assertTrue((p.search(self.queries, 10, op="echo").ids == -1).all())

    def test_what_they_cannot_do_is_told(self):
        for module, file in DATABASES:
            with self.subTest(file=file):
                require(self, module)
                with Program(python(file)) as p:
                    base = p.array("base", np.zeros((200, 2), np.uint8))
                    fields = {"threads": 1, "build_threads": 1, "seed": 1, "scratch": str(p.scratch)}
                    answer = p.ask("open", role="retriever", base=base, dimension=16, distance="hamming", **fields)
                    self.assertIn("no distance hamming; it has ", answer["message"])
                    p.open(self.base, "angular")
                    p.do("build", params={})
                    self.assertIn("it takes: lambda, fetch", p.ask("set", params={"lam": 1})["message"])


if __name__ == "__main__":
    unittest.main()
