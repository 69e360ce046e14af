"""The kit itself: `swath_retriever.py`."""

import subprocess
import sys
import unittest
from pathlib import Path

import numpy as np
from driver import PYTHON_KIT, Program, Sets, Sparse, dense, nearest, python


def program(name):
    return Program(python("tests/programs.py", name))


class Answers(unittest.TestCase):
    def setUp(self):
        self.base, self.queries = dense(), dense(30, seed=2)

    def test_hello_says_what_the_class_overrides(self):
        with program("exact") as p:
            self.assertEqual(p.hello["swath"], 1)
            self.assertEqual(p.hello["name"], "Exact")
            self.assertEqual(p.hello["info"], {"kit": "python", "version": "1.0", "normalised": False})
            self.assertEqual(p.hello["can"], ["candidates", "retriever", "selector", "batch"])
        with program("overlap") as p:
            self.assertEqual(p.hello["can"], ["candidates", "retriever"])

    def test_ids_scores_evaluations_and_times_of_single_queries(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            got = p.search(self.queries, 10, first=100)
            self.assertEqual(got.lists, nearest(self.queries, self.base, "euclidean", 10))
            self.assertTrue(np.isfinite(got.scores).all() and (np.diff(got.scores) <= 0).all())
            self.assertTrue((got.evaluations == 200).all())
            self.assertTrue((got.ns > 0).all() and got.ns.sum() <= got.answer["ns"] <= got.seconds * 1e9)
            p.end()

    def test_a_batch_is_as_single_queries(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            single, batch = p.search(self.queries, 10), p.search(self.queries, 10, mode="batch")
            self.assertEqual(single.lists, batch.lists)
            self.assertIsNone(batch.ns)

    def test_a_block_of_no_queries(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            for mode in ("single", "batch"):
                p.search(self.queries[:0], 10, first=5, mode=mode)
            p.search(self.queries[:0], 10, op="select", pool=(np.empty((0, 4)), np.empty((0, 4))))
            p.search(self.queries[:0], 10, op="echo")

    def test_k_above_the_number_of_points(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            for mode in ("single", "batch"):
                got = p.search(self.queries, 250, mode=mode)
                self.assertEqual(got.lists, nearest(self.queries, self.base, "euclidean", 250))
                self.assertTrue((got.ids[:, 200:] == -1).all())

    def test_a_selector_sees_the_pool_without_its_tail(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean", role="selector")
            ids, scores = np.array([[5, 3, 9, 1], [7, 2, -1, -1]]), np.array([[4, 3, 2, 1], [2, 1, 0, 0]])
            got = p.search(self.queries[:2], 3, op="select", pool=(ids, scores))
            self.assertEqual(got.lists, [[1, 9, 3], [2, 7]])

    def test_echo_fills_all_and_searches_nothing(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            for mode in ("single", "batch"):
                got = p.search(self.queries, 10, op="echo", mode=mode)
                self.assertTrue((got.ids == -1).all())
                self.assertGreater(got.answer["ns"], 0)
                if mode == "single":
                    self.assertTrue((got.ns == 0).all())

    def test_bits_sets_and_sparse_vectors(self):
        random = np.random.default_rng(3)
        flags = random.integers(0, 2, (200, 13), dtype=np.uint8)
        with program("overlap") as p:
            p.ready(np.packbits(flags, axis=1), "hamming", dimension=13)
            want = np.argsort((flags[:5, None] ^ flags[None]).sum(axis=2), axis=1, kind="stable")[:, :10].tolist()
            self.assertEqual(p.search(np.packbits(flags[:5], axis=1), 10).lists, want)
        sets = [sorted(random.choice(40, random.integers(0, 12), replace=False)) for _ in range(200)]
        with program("overlap") as p:
            p.ready(Sets(sets), "jaccard", dimension=40)
            common = [[len(set(a) & set(b)) for b in sets] for a in sets[:5]]
            want = np.argsort(-np.array(common), axis=1, kind="stable")[:, :10].tolist()
            self.assertEqual(p.search(Sets(sets[:5]), 10).lists, want)
        table = random.standard_normal((200, 30)) * (random.random((200, 30)) < 0.2)
        rows = [(np.flatnonzero(row), row[row != 0]) for row in table.astype("f4")]
        with program("overlap") as p:
            p.ready(Sparse(rows), "ip", dimension=30)
            self.assertEqual(p.search(Sparse(rows[:5]), 3).lists, nearest(table[:5], table, "ip", 3))

    def test_a_base_of_more_than_2_gib_is_mapped(self):
        base = dense(2200)
        with program("exact") as p:
            p.ready(p.spread("wide", base, 1_000_000), "euclidean", dimension=20)
            got = p.search(self.queries, 10)
            self.assertEqual(got.lists, nearest(self.queries, base, "euclidean", 10))
            self.assertGreater(got.ids.max(), 2147)
            status = Path(f"/proc/{p.process.pid}/status")
            if status.exists():
                anonymous = [line for line in status.read_text().splitlines() if line.startswith("RssAnon")]
                self.assertLess(int(anonymous[0].split()[1]), 200_000, "kB")

    def test_what_datasets_may_have_besides(self):
        with program("extras") as p:
            (p.path / "names").write_text("a\nb\nc\nd\n")
            more = {
                "role": "retriever",
                "learn": p.points("learn", dense(7)),
                "links": p.array("links", np.zeros((6, 2), "<i4")),
                "groups": {"colour": p.array("groups", np.arange(200, dtype="<i4"))},
                "names": str(p.path / "names"),
            }
            p.ready(self.base, "euclidean", **more)
            self.assertEqual(p.search(self.queries[:1], 5).lists, [[6, 3, 4]])

    def test_threads_are_set_for_the_build_and_before_the_first_search(self):
        with program("threads") as p:
            p.ready(self.base, "euclidean", threads=1, build_threads=2)
            p.search(self.queries, 5, op="echo")
            self.assertEqual(p.search(self.queries[:1], 5).lists, [[2, 1]])
            self.assertEqual(p.search(self.queries[:1], 5).lists, [[2, 1]])

    def test_build_says_its_time_and_size(self):
        with program("exact") as p:
            p.open(self.base, "euclidean")
            answer = p.do("build", params={})
            self.assertEqual(answer["bytes"], 12345)
            self.assertGreater(answer["ns"], 0)

    def test_standard_output_is_the_protocols_alone(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            for noise in ("noise from Python", "noise from below Python", "noise from a child"):
                self.assertIn(noise, p.stderr())

    def test_lines_may_end_in_crlf_and_the_end_of_the_input_ends_it(self):
        with program("exact") as p:
            p.send(b'{"op": "end"}\r\n')
            self.assertEqual(p.read()["ok"], True)
        with program("exact") as p:
            p.process.stdin.close()
            self.assertEqual(p.process.wait(10), 0)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.base, self.queries = dense(), dense(3, seed=2)

    def refused(self, name, *words, mode="single"):
        with program(name) as p:
            p.ready(self.base, "euclidean")
            got = p.search(self.queries, 4, mode=mode, first=40, refused=True)
            self.assertEqual((got.answer["ok"], got.answer["kind"]), (False, "failed"))
            for word in words:
                self.assertIn(word, got.answer["message"])
            # It goes on.
            p.do("set", params={})
            return p.stderr()

    def test_ids_that_are_floats_even_whole_ones(self):
        for mode in ("single", "batch"):
            self.refused("floats", "row 40", "whole numbers", "float64", mode=mode)

    def test_more_than_k(self):
        for mode in ("single", "batch"):
            self.refused("too-many", "row 40", "5 ids were returned", "k = 4", mode=mode)

    def test_wrong_shapes(self):
        self.refused("two-dimensions", "row 40", "one dimension", "(1, 4)")
        self.refused("one-number", "row 40", "one dimension", "()")

    def test_what_are_no_ids(self):
        self.refused("none", "row 40", "None")
        self.refused("none", "None", mode="batch")
        self.refused("flags", "row 40", "bool")
        self.refused("words", "row 40", "whole numbers")
        self.refused("pair", "row 40", "(ids, scores)")
        for mode in ("single", "batch"):
            self.refused("large", "row 40", "4294967301 is no id", mode=mode)
        self.refused("negative", "row 40", "-7 is no id")

    def test_scores_of_another_shape(self):
        self.refused("scores", "row 40", "scores", "(2,)", "(1,)")

    def test_an_exception_is_told_with_its_traceback_on_standard_error(self):
        log = self.refused("fails", "TypeError: this is my ? mistake")
        self.assertIn("Traceback", log)
        self.assertIn("in fails", log)

    def test_parameters_that_it_does_not_have(self):
        with program("exact") as p:
            p.open(self.base, "euclidean")
            answer = p.ask("build", params={"M": 3})
            self.assertEqual(answer["message"], 'build has no parameter "M"; it takes: result')
            answer = p.ask("build", params={"result": "big"})
            self.assertIn("size in bytes", answer["message"])
            self.assertIn("it takes: negative", p.ask("set", params={"ef": 3})["message"])
        with program("overlap") as p:
            p.open(self.base, "euclidean")
            self.assertIn("it takes: none", p.ask("set", params={"ef": 3})["message"])

    def test_unknown_and_impossible_operations(self):
        with program("overlap") as p:
            self.assertIn('came before "open"', p.ask("build", params={})["message"])
            p.ready(self.base, "euclidean")
            self.assertEqual(p.ask("dance")["kind"], "unsupported")
            got = p.search(self.queries, 4, mode="batch", refused=True)
            self.assertEqual(got.answer["kind"], "unsupported")
            pool = np.array([[1, 2]] * 3)
            got = p.search(self.queries, 4, op="select", pool=(pool, pool), refused=True)
            self.assertEqual(got.answer["kind"], "unsupported")
            p.send(b"no json\n")
            self.assertEqual(p.read()["kind"], "failed")
            p.send(b"[1]\n")
            self.assertIn("JSON object", p.read()["message"])

    def test_a_file_that_is_too_short_keeps_its_size(self):
        with program("exact") as p:
            p.ready(self.base, "euclidean")
            ids = p.array("short", np.full((3, 4), -2, "<i4"))
            ids["shape"] = [300, 4]
            queries = p.array("q", dense(300))
            fields = {"from": 0, "to": 300, "k": 4, "mode": "single", "queries": queries, "ids": ids}
            self.assertIn("shorter", p.ask("search", **fields)["message"])
            self.assertEqual((p.path / "short").stat().st_size, 64 + 3 * 4 * 4)


class Starting(unittest.TestCase):
    def test_a_class_without_a_search_is_refused_before_any_line(self):
        code = "import swath_retriever as s\nclass A(s.Retriever): pass\ns.serve(A)"
        self.says(code, "A has neither search nor select")
        code = "import swath_retriever as s\nclass A(s.Retriever):\n  def search_batch(self, q, k): pass\ns.serve(A)"
        self.says(code, "A has search_batch, but no search")
        self.says("import swath_retriever as s\ns.serve(int)", "derived from swath_retriever.Retriever, not int")

    def says(self, code, message):
        done = subprocess.run([sys.executable, "-c", code], cwd=PYTHON_KIT, capture_output=True, text=True, timeout=60)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
