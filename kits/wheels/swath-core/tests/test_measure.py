"""Metrics of results."""

import math
import unittest

import numpy
import swath_core
from swath_core import Points, measure, select

RNG = numpy.random.default_rng(6)
VECTORS = RNG.standard_normal((80, 12)).astype("float32")
QUERIES = RNG.standard_normal((7, 12)).astype("float32")
UNIT = VECTORS / numpy.linalg.norm(VECTORS, axis=1, keepdims=True)
COSINES = QUERIES / numpy.linalg.norm(QUERIES, axis=1, keepdims=True) @ UNIT.T
TOP = numpy.argsort(-COSINES, axis=1)[:, :10]


class Measures(unittest.TestCase):
    def test_by_hand(self):
        mixed = TOP.copy()
        mixed[:, 8:] = numpy.argsort(COSINES, axis=1)[:, :2]
        found = measure(["recall", "recall@5", "relevance", "redundancy"], VECTORS, QUERIES, mixed)
        self.assertEqual(list(found), ["recall", "recall@5", "relevance", "redundancy"])
        numpy.testing.assert_array_equal(found["recall"], 0.8)
        numpy.testing.assert_array_equal(found["recall@5"], 1.0)
        numpy.testing.assert_allclose(found["relevance"], numpy.take_along_axis(COSINES, mixed, axis=1).mean(axis=1), rtol=1e-5)
        pairs = numpy.array([(UNIT[row] @ UNIT[row].T)[numpy.triu_indices(10, 1)].mean() for row in mixed])
        numpy.testing.assert_allclose(found["redundancy"], pairs, atol=1e-6)

    def test_a_single_query_is_a_number(self):
        value = measure("recall", VECTORS, QUERIES[0], TOP[0])
        self.assertIsInstance(value, float)
        self.assertEqual(value, 1.0)
        self.assertEqual(measure("recall", VECTORS.tolist(), QUERIES[0].tolist(), TOP[0].tolist()), 1.0)
        self.assertEqual(measure("recall", VECTORS, QUERIES[:1], TOP[:1]).tolist(), [1.0])

    def test_every_metric(self):
        known = {
            "subtopics": [(q, TOP[q][i], i % 3) for q in range(7) for i in range(4)],
            "qrels": [(q, TOP[q][i], 1 + i % 2) for q in range(7) for i in range(5)],
            "groups": [i % 4 for i in range(80)],
            "pool": numpy.argsort(-COSINES, axis=1)[:, :20],
            "selector": {"max-sum": {"lambda": 0.2}},
            "evaluations": [(80, 0, 45)] * 7,
        }
        names = list(swath_core.metrics())
        found = measure(names, VECTORS, QUERIES, TOP, **known)
        self.assertGreaterEqual(len(names), 38)
        for name in names:
            self.assertTrue(numpy.isfinite(found[name]).all(), name)
            numpy.testing.assert_array_equal(found[name], measure(name, VECTORS, QUERIES, TOP, **known), name)
        self.assertEqual(found["evaluations"].tolist(), [125.0] * 7)
        self.assertEqual(found["subtopic-recall"].tolist(), [1.0] * 7)
        self.assertEqual(found["hit"].tolist(), [1.0] * 7)
        about = swath_core.metrics()["vendi"]
        self.assertIn("q", about["parameters"]["properties"])
        self.assertTrue(about["definition"] and about["range"] and about["source"] and about["higher_is_better"])

    def test_short_lists_and_undefined_values(self):
        short = TOP.copy()
        short[2, 6:] = -1
        self.assertEqual(measure("recall", VECTORS, QUERIES, short)[2], 0.6)
        values = measure("ndcg-qrels", VECTORS, QUERIES, TOP, qrels=[(0, TOP[0][0], 1)])
        self.assertEqual((values[0], [math.isnan(value) for value in values[1:]]), (1.0, [True] * 6))

    def test_true_neighbours_may_be_given(self):
        searched = Points(VECTORS).nearest(QUERIES, 30)
        numpy.testing.assert_array_equal(searched[0], numpy.argsort(-COSINES, axis=1, kind="stable")[:, :30])
        numpy.testing.assert_allclose(searched[1], 1 - numpy.sort(COSINES, axis=1)[:, ::-1][:, :30], atol=1e-6)
        for metric in ("recall", "coverage"):
            given = measure(metric, VECTORS, QUERIES, TOP, neighbors=searched[0])
            numpy.testing.assert_array_equal(given, measure(metric, VECTORS, QUERIES, TOP, neighbors=30))
        self.assertFalse((measure("coverage", VECTORS, QUERIES, TOP, neighbors=10) == given).all())

    def test_distances(self):
        for distance in ("euclidean", "ip"):
            points = Points(VECTORS, distance)
            nearest = points.nearest(QUERIES, 10)[0]
            self.assertEqual(measure("recall", points, QUERIES, nearest).tolist(), [1.0] * 7)
        bits = VECTORS > 0
        points = Points.bits(bits)
        self.assertEqual(measure("recall", points, bits[3], points.nearest(bits[3], 5)[0][0]), 1.0)

    def test_picks_of_select_are_measured(self):
        picks = select(VECTORS, COSINES[0], 5, "max-min", query=QUERIES[0])
        apart, near = (measure("diversity", VECTORS, QUERIES[0], ids) for ids in (picks, TOP[0][:5]))
        self.assertGreater(apart, near)


class Refusals(unittest.TestCase):
    def refused(self, *said, metric="recall", points=VECTORS, queries=QUERIES, returned=TOP, **others):
        with self.assertRaises(ValueError) as caught:
            measure(metric, points, queries, returned, **others)
        for part in said:
            self.assertIn(part, str(caught.exception))

    def test_what_cannot_be_done_is_said(self):
        self.refused("there is no metric `recal`", "did you mean `recall`?", metric="recal@5")
        self.refused("vendi(r=2)", metric="vendi(r=2)")
        self.refused("first 11 results, but k is 10", metric="recall@11")
        self.refused("`subtopic-recall`", "subtopics", metric="subtopic-recall")
        self.refused("`ndcg-qrels`", "judgements", metric="ndcg-qrels")
        self.refused("`groups`", "groups", metric="groups")
        self.refused("`pool-recall` looks inside a retriever: give `pool`", metric="pool-recall")
        self.refused("give `evaluations`", metric="evaluations")
        self.refused("give `selector`", metric="optimum-ratio", pool=TOP)
        self.refused("compares with the 10 true nearest neighbours", neighbors=5)
        self.refused("6 lists for 7 queries", returned=TOP[1:])
        twice, far, holed = TOP.copy(), TOP.copy(), TOP.copy()
        twice[3, 4] = twice[3, 0]
        far[1, 2] = 80
        holed[1, 2] = -1
        self.refused("row 3 has", "twice", returned=twice)
        self.refused("row 1 has 80, and there are 80 points", returned=far)
        self.refused("row 1, column 3 is", "end of a list", returned=holed)
        self.refused("expected whole numbers", returned=TOP + 0.5)
        self.refused("queries are dense vectors of dimension 5", queries=QUERIES[:, :5])
        self.refused("rows (query, row, grade)", qrels=[(1, 2)], metric="mrr")
        self.refused("names query 9 and point 1", subtopics=[(9, 1, 1)], metric="subtopic-recall")
        self.refused("groups for 2", groups=["a", "b"], metric="groups")
        self.refused("evaluations: 1 rows for 7 queries", evaluations=[(1, 2, 3)], metric="evaluations")
        self.refused("k = 0", k=0)
        self.refused("row 0, column 1 is NaN", queries=[[0.0, numpy.nan] + [0.0] * 10] * 7)


if __name__ == "__main__":
    unittest.main()
