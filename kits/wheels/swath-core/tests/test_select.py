"""What `select` picks, from what, and what it refuses."""

import sys
import threading
import time
import unittest

import numpy
import swath_core
from swath_core import Points, select

RNG = numpy.random.default_rng(5)
VECTORS = RNG.standard_normal((60, 19)).astype("float32")
QUERY = RNG.standard_normal(19).astype("float32")
COSINES = VECTORS @ QUERY / numpy.linalg.norm(VECTORS, axis=1) / numpy.linalg.norm(QUERY)
SCORES = COSINES.astype("float32")


def naive_mmr(vectors, scores, k, weight):
    unit = vectors.astype("float64") / numpy.linalg.norm(vectors.astype("float64"), axis=1, keepdims=True)
    picked = [int(numpy.argmax(scores))]
    while len(picked) < k:
        value = weight * scores - (1 - weight) * (unit @ unit[picked].T).max(axis=1)
        value[picked] = -numpy.inf
        picked.append(int(numpy.argmax(value)))
    return picked


class Picks(unittest.TestCase):
    def test_mmr_is_mmr(self):
        for weight in (0.0, 0.3, 1.0):
            picks = select(VECTORS, SCORES, 8, "mmr", lambda_=weight)
            self.assertEqual(picks.dtype, numpy.int64)
            self.assertEqual(picks.tolist(), naive_mmr(VECTORS, SCORES.astype("float64"), 8, weight))
        self.assertEqual(select(VECTORS, SCORES).tolist(), select(VECTORS, SCORES, 10, {"mmr": {"lambda": 0.5}}).tolist())

    def test_every_selector_picks(self):
        extra = {
            "group-limit": {"groups": [i % 7 for i in range(60)]},
            "xquad": {"subtopics": [(3, 0), (9, 1)]},
            "pm2": {"subtopics": [(3, 0), (9, 1)]},
        }
        for name in swath_core.selectors():
            picks = select(VECTORS, SCORES, 6, name, query=QUERY, **extra.get(name, {}))
            self.assertEqual(len(set(picks.tolist())), 6, name)
            self.assertEqual(picks.tolist(), select(VECTORS, SCORES, 6, name, query=QUERY, **extra.get(name, {})).tolist(), name)
            none = select(VECTORS[:0], SCORES[:0], 6, name, query=QUERY, **({"groups": []} if name == "group-limit" else extra.get(name, {})))
            self.assertEqual(none.tolist(), [], name)

    def test_layout_makes_no_difference(self):
        expected = select(VECTORS, SCORES, 9).tolist()
        wide = numpy.zeros((60, 40), "float32")
        wide[:, 3:22] = VECTORS
        every_second = numpy.zeros((120, 19), "float32")
        every_second[::2] = VECTORS
        packed = numpy.zeros(60 * 19 * 4 + 1, "uint8")
        packed[1:] = numpy.frombuffer(VECTORS.tobytes(), "uint8")
        unaligned = packed[1:].view("float32").reshape(60, 19)
        read_only = VECTORS.copy()
        read_only.flags.writeable = False
        forms = {
            "columns first": numpy.asfortranarray(VECTORS),
            "part of the columns": wide[:, 3:22],
            "every second row": every_second[::2],
            "backwards and back": VECTORS[::-1].copy()[::-1],
            "columns backwards": VECTORS[:, ::-1].copy()[:, ::-1],
            "transposed": VECTORS.T.copy().T,
            "float64": VECTORS.astype("float64"),
            "big endian": VECTORS.astype(">f4"),
            "not aligned": unaligned,
            "lists": VECTORS.tolist(),
            "read only": read_only,
            "points": Points(VECTORS),
        }
        for name, form in forms.items():
            for scores in (SCORES, SCORES.astype("float64"), SCORES.tolist(), numpy.repeat(SCORES, 2)[::2]):
                self.assertEqual(select(form, scores, 9).tolist(), expected, name)

    def test_memory_of_earlier_calls_makes_no_difference(self):
        for rows, dim in ((60, 19), (3, 7), (50, 16), (60, 19)):
            part, scores = VECTORS[:rows, :dim], SCORES[:rows]
            self.assertEqual(select(part, scores, 5).tolist(), select(Points(part), scores, 5).tolist())

    def test_a_pool_may_be_some_rows(self):
        points, rows = Points(VECTORS), [7, 3, 50, 20, 11, 4]
        picks = select(points, SCORES[rows], 4, ids=rows)
        self.assertEqual(picks.tolist(), [rows[i] for i in select(VECTORS[rows], SCORES[rows], 4)])
        self.assertEqual(select(VECTORS, SCORES[rows], 4, ids=numpy.array(rows)).tolist(), picks.tolist())

    def test_a_query_stands_for_scores(self):
        self.assertEqual(select(VECTORS, k=5, selector="top-k", query=QUERY).tolist(), numpy.argsort(-COSINES)[:5].tolist())
        for distance in ("euclidean", "l2", "ip"):
            points = Points(VECTORS, distance)
            nearest = points.nearest(QUERY, 5)[0]
            self.assertEqual(nearest.shape, (1, 5))
            self.assertEqual(select(points, k=5, selector="top-k", query=QUERY).tolist(), nearest[0].tolist())
        # Scores beside a query decide, and the query gives the width of the kernel.
        points = Points(VECTORS, "euclidean")
        self.assertEqual(select(points, -COSINES, 3, "top-k", query=QUERY).tolist(), numpy.argsort(COSINES)[:3].tolist())

    def test_groups_limit(self):
        order = select(VECTORS, SCORES, 60, "top-k").tolist()
        for groups in (["a"] * 60, [0] * 60, numpy.zeros(60, int)):
            self.assertEqual(select(VECTORS, SCORES, 2, "group-limit", groups=groups, limit=1).tolist(), order[:2])
        labels = [None] * 60
        labels[order[0]] = labels[order[1]] = "same"
        picks = select(VECTORS, SCORES, 2, "group-limit", groups={"seller": labels, "shop": ["x"] * 60}, limit=1, group="seller")
        self.assertEqual(picks.tolist(), [order[0], order[2]])

    def test_other_points(self):
        bits = RNG.random((30, 70)) < 0.5
        picks = select(Points.bits(bits), k=30, selector="top-k", query=bits[4])
        differing = (bits != bits[4]).sum(axis=1)
        self.assertEqual(picks.tolist(), numpy.lexsort((range(30), differing)).tolist())
        sets = Points.sets([1, 2, 3, 1, 2, 7], [0, 3, 5, 6], 10)
        self.assertEqual((len(sets), sets.dimension, sets.distance), (3, 10, "jaccard"))
        self.assertEqual(select(sets, k=3, selector="top-k", query=Points.sets([1, 2], [0, 2], 10)).tolist(), [1, 0, 2])
        sparse = Points.sparse([1.0, 2.0, 0.5], [0, 3, 3], [0, 1, 2, 3], 4)
        self.assertEqual(select(sparse, k=3, selector="top-k", query=Points.sparse([1.0], [3], [0, 1], 4)).tolist(), [1, 2, 0])

    def test_sub_queries_and_seeds(self):
        picks = select(VECTORS, SCORES, 1, "xquad", lambda_=1, aspects="queries", sub_queries=VECTORS[17])
        self.assertEqual(picks.tolist(), [17])
        draws = {tuple(select(VECTORS, SCORES, 5, "random", seed=seed)) for seed in range(5)}
        self.assertEqual(len(draws), 5)

    def test_threads_do_not_disturb_each_other(self):
        large = RNG.standard_normal((700, 64)).astype("float32")
        scores = large[:, 0].copy()
        expected, found = select(large, scores, 20).tolist(), []

        def work():
            found.extend(select(large, scores, 20).tolist() == expected for _ in range(30))

        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual((len(found), all(found)), (120, True))

    def test_arrays_may_select_themselves(self):
        class Late:
            def __array__(self, dtype=None, copy=None):
                select(VECTORS, SCORES, 3)
                return numpy.asarray(QUERY if self is query else VECTORS, dtype)

        query = Late()
        picks = select(Late(), k=5, selector="top-k", query=query)
        self.assertEqual(picks.tolist(), select(VECTORS, k=5, selector="top-k", query=QUERY).tolist())

    def test_large_calls_let_others_run(self):
        large = RNG.standard_normal((3000, 128)).astype("float32")
        turns, done = [0], threading.Event()

        def count():
            while not done.is_set():
                turns[0] += 1
                time.sleep(0)

        other, usual = threading.Thread(target=count), sys.getswitchinterval()
        # So that nobody takes a turn unless another gives way.
        sys.setswitchinterval(100)
        try:
            other.start()
            before = turns[0]
            select(large, large[:, 0], 100, "facility-location")
            ran = turns[0] - before
        finally:
            sys.setswitchinterval(usual)
            done.set()
            other.join()
        self.assertGreater(ran, 10)


class Refusals(unittest.TestCase):
    def refused(self, *said, vectors=VECTORS, scores=SCORES, k=5, selector="mmr", **others):
        with self.assertRaises(ValueError) as caught:
            select(vectors, scores, k, selector, **others)
        for part in said:
            self.assertIn(part, str(caught.exception))

    def test_selectors_and_parameters(self):
        self.refused("there is no selector `mmmr`", "did you mean `mmr`?", "allowed: `top-k`", selector="mmmr")
        self.refused("`mmr` has no parameter `lamda`", "did you mean `lambda_`?", lamda=0.5)
        self.refused("`lambda_` of `mmr`", "2.0", "a number from 0 to 1", lambda_=2.0)
        self.refused("`kernel` of `mmr`", "cosin", kernel="cosin")
        self.refused("no value of a parameter", lambda_=float("nan"))
        self.refused("`top-k` has no parameters", selector="top-k", lambda_=0.5)
        self.refused("one entry", selector={"mmr": {}, "dpp": {}})
        self.refused("`flvmi` looks at the query", "give `query`", selector="flvmi")
        self.refused("`xquad`", "subtopics", selector="xquad")
        self.refused("`group-limit`", "groups", selector="group-limit")
        self.assertEqual(select(VECTORS, SCORES, 3, lambda_=numpy.float32(0.5)).tolist(), select(VECTORS, SCORES, 3).tolist())

    def test_arrays(self):
        holed = VECTORS.copy()
        holed[7, 3] = numpy.nan
        self.refused("row 7, column 3 is NaN", vectors=holed)
        self.refused("row 0, column 0 is -inf", vectors=numpy.full((60, 2), -numpy.inf))
        self.refused("59 scores for 60 vectors", scores=SCORES[1:])
        self.refused("score 2 is NaN", scores=[0.1, 0.2, float("nan")] + [0.0] * 57)
        self.refused("found an array of 1 dimensions", vectors=VECTORS[0])
        self.refused("found an array of 3 dimensions", vectors=VECTORS.reshape(2, 30, 19))
        self.refused("at least one dimension", vectors=VECTORS[:, :0])
        self.refused("found an array of 2 dimensions", scores=VECTORS)
        self.refused("the query is not one point of dimension 19", query=QUERY[None].repeat(2, axis=0))
        self.refused("dimension 3", query=QUERY[:3])
        self.refused("neither scores nor a query", scores=None)
        self.refused("`euclidean` needs the query", vectors=Points(VECTORS, "euclidean"))
        self.refused("id 1 is 60", ids=[0, 60], scores=[1, 2])
        self.refused("id 1 is -1", ids=[0, -1], scores=[1, 2])
        self.refused("row 4 comes twice", ids=[4, 1, 4], scores=[1, 2, 3])
        self.refused("expected whole numbers, found float64", ids=[0.5], scores=[1])
        self.refused("groups for 2", selector="group-limit", groups=["a", "b"])
        self.refused("groups: row 1", selector="group-limit", groups=["a", 2.5])
        self.refused("k = 0", k=0)
        self.refused("k = -3", k=-3)
        with self.assertRaisesRegex(ValueError, "dense vectors have no distance `angulr`; did you mean `angular`"):
            Points(VECTORS, "angulr")
        with self.assertRaisesRegex(ValueError, "expected an array of bool"):
            Points.bits(VECTORS)
        with self.assertRaisesRegex(ValueError, "row 0: 1 comes after 2"):
            Points.sets([2, 1], [0, 2], 5)
        with self.assertRaisesRegex(ValueError, "queries for sets are `Points.sets"):
            select(Points.sets([1, 2], [0, 2], 5), query=[1.0, 2.0])


if __name__ == "__main__":
    unittest.main()
