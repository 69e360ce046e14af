"""The kits for C, Rust and Java, by their examples: exact search, and a selector. A language whose compiler is not here is
skipped, unless the variable SWATH_REQUIRE names it (cc, cargo, javac)."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
from driver import KITS, Program, Sets, Sparse, dense, distances

RUST_MANIFEST = """
[package]
name = "exact"
version = "0.0.0"
edition = "2024"

[[bin]]
name = "exact"
path = "{path}"

[dependencies]
serde_json = "1"

[workspace]
"""


def data(distance, n=200):
    """Base and queries of that distance, the dimension, and a function for the table of distances."""
    random = np.random.default_rng(5)
    if distance in ("euclidean", "angular", "ip"):
        base, queries = dense(n), dense(10, seed=2)
        return base, queries, 20, distances(queries, base, distance)
    if distance == "sparse ip":
        table = (random.standard_normal((n + 10, 30)) * (random.random((n + 10, 30)) < 0.3)).astype("<f4")
        rows = [(np.flatnonzero(row), row[row != 0]) for row in table]
        return Sparse(rows[:n]), Sparse(rows[n:]), 30, distances(table[n:], table[:n], "ip")
    flags = random.integers(0, 2, (n + 10, 29), dtype=np.uint8)
    if distance == "hamming":
        bits = np.packbits(flags, axis=1)
        return bits[:n], bits[n:], 29, (flags[n:, None] ^ flags[None, :n]).mean(axis=2)
    flags[:3], flags[-2:] = 0, 0
    sets = [np.flatnonzero(row) for row in flags]
    common, union = flags[n:] @ flags[:n].T.astype(int), (flags[n:, None] | flags[None, :n]).sum(axis=2)
    return Sets(sets[:n]), Sets(sets[n:]), 29, 1 - common / np.maximum(union, 1)


def mmr(relevance, alike, k, weight):
    picked = [int(np.argmax(relevance))]
    while len(picked) < min(k, len(relevance)):
        value = weight * relevance - (1 - weight) * alike[:, picked].max(axis=1)
        value[picked] = -np.inf
        picked.append(int(np.argmax(value)))
    return picked


class Suite:
    """What holds for every example."""

    command = None
    everything = True  # or dense vectors only

    def require(self, tool):
        if shutil.which(tool) is None:
            if tool in os.environ.get("SWATH_REQUIRE", "").split(","):
                self.fail(f"SWATH_REQUIRE names {tool}, which is not here")
            self.skipTest(f"{tool} is not here")

    @classmethod
    def tearDownClass(cls):
        if cls.command:
            cls.folder.cleanup()

    def setUp(self):
        """Builds the program once."""
        if type(self).command is None:
            folder = tempfile.TemporaryDirectory()
            type(self).command = self.build(Path(folder.name))
            type(self).folder = folder

    def do(self, command):
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        self.assertEqual(done.stderr, "")

    def kinds(self):
        dense_ones = ("euclidean", "angular", "ip")
        return (*dense_ones, "sparse ip", "hamming", "jaccard") if self.everything else dense_ones

    def test_hello(self):
        with Program(self.command) as p:
            self.assertEqual(p.hello["swath"], 1)
            self.assertTrue(p.hello["name"].startswith("exact-"))
            self.assertEqual(p.hello["info"]["version"], "1")
            self.assertEqual(sorted(set(p.hello["can"]) - {"batch"}), ["candidates", "retriever", "selector"])

    def test_the_nearest_of_every_kind_of_points(self):
        for distance in self.kinds():
            base, queries, dimension, table = data(distance)
            with self.subTest(distance=distance), Program(self.command) as p:
                p.ready(base, distance.split()[-1], dimension=dimension)
                for k in (10, 250):
                    for mode in ["single"] + ["batch"] * ("batch" in p.hello["can"]):
                        got = p.search(queries, k, mode=mode, first=70)
                        for row, ids in enumerate(got.lists):
                            self.assertEqual(len(set(ids)), min(k, 200))
                            want = np.sort(table[row])[:k]
                            np.testing.assert_allclose(table[row, ids], want, atol=2e-6)
                            scores = got.scores[row, : len(ids)]
                            self.assertTrue((np.diff(scores) <= 0).all(), "scores are larger for better ids")
                        self.assertTrue((got.evaluations == 200).all())
                        if mode == "single":
                            self.assertTrue((got.ns > 0).all() and got.ns.sum() <= got.answer["ns"] <= got.seconds * 1e9)
                p.end()

    def pool(self, table, m=50):
        ids = np.argsort(table, axis=1, kind="stable")[:, :m]
        return ids, np.take_along_axis(-table, ids, axis=1).astype("<f4")

    def test_the_selector_without_lambda_is_top_k(self):
        base, queries, dimension, table = data("angular")
        ids, scores = self.pool(table)
        with Program(self.command) as p:
            p.ready(base, "angular", role="selector")
            got = p.search(queries, 10, op="select", pool=(ids, scores))
            self.assertEqual(got.lists, ids[:, :10].tolist())
            self.assertTrue((got.ns < 2**63).all())
            ids[:, 4:] = -1
            got = p.search(queries, 10, op="select", pool=(ids, scores))
            self.assertEqual(got.lists, ids[:, :4].tolist())
            ids[:, :] = -1
            got = p.search(queries, 10, op="select", pool=(ids, scores))
            self.assertEqual(got.lists, [[]] * len(queries))
            got = p.search(queries, 250, op="select", pool=self.pool(table))
            self.assertEqual(got.lists, self.pool(table)[0].tolist())

    def test_the_selector_with_lambda_is_mmr(self):
        for distance in self.kinds():
            base, queries, dimension, table = data(distance)
            ids, scores = self.pool(table)
            with self.subTest(distance=distance), Program(self.command) as p:
                p.ready(base, distance.split()[-1], role="selector", dimension=dimension)
                for weight in (0, 0.5):
                    p.do("set", params={"lambda": weight})
                    got = p.search(queries, 10, op="select", pool=(ids, scores)).lists
                    for row in range(len(queries)):
                        alike = self.alike(base, ids[row], distance, table[row, ids[row]])
                        want = mmr(scores[row].astype("f8"), alike, 10, weight)
                        self.assertEqual(got[row], ids[row, want].tolist())

    def alike(self, base, pool, distance, far):
        if distance == "euclidean":
            squared = ((base[pool][:, None].astype("f8") - base[pool][None]) ** 2).sum(axis=2)
            return np.exp(-squared / (2 * np.median(far) ** 2))
        if distance == "hamming":
            flags = np.unpackbits(base[pool], axis=1)[:, :29]
            return 1 - (flags[:, None] ^ flags[None]).mean(axis=2)
        if distance == "jaccard":
            rows = [set(base.rows[i].tolist()) for i in pool]
            return np.array([[len(a & b) / len(a | b) if a | b else 1 for b in rows] for a in rows])
        if distance == "sparse ip":
            rows = np.zeros((len(pool), 30))
            for i, id in enumerate(pool):
                rows[i, base.rows[id][0]] = base.rows[id][1]
        else:
            rows = base[pool].astype("f8")
        return 1 - distances(rows, rows, "angular")

    def test_blocks_of_no_queries_and_echo(self):
        base, queries, _, table = data("euclidean")
        ids, scores = self.pool(table)
        with Program(self.command) as p:
            p.ready(base, "euclidean")
            p.search(queries[:0], 10, first=5)
            p.search(queries[:0], 10, op="select", pool=(ids[:0], scores[:0]))
            p.search(queries[:0], 10, op="echo")
            for mode in ["single"] + ["batch"] * ("batch" in p.hello["can"]):
                got = p.search(queries, 10, op="echo", mode=mode)
                self.assertTrue((got.ids == -1).all())
                if mode == "single":
                    self.assertTrue((got.ns == 0).all())

    def test_wrong_parameters_are_told(self):
        with Program(self.command) as p:
            p.open(dense(), "euclidean")
            for op in ("build", "set"):
                answer = p.ask(op, params={"efS\u00fcarch": 3})
                self.assertEqual(answer["kind"], "failed")
                self.assertIn('no parameter "efS\u00fcarch"', answer["message"])
            p.do("build", params={})
            self.assertIn("from 0 to 1", p.ask("set", params={"lambda": 2})["message"])
            self.assertIn("number", p.ask("set", params={"lambda": "much"})["message"])
            p.do("set", params={"lambda": 0.25})

    def test_unknown_and_impossible_operations(self):
        with Program(self.command) as p:
            self.assertIn('came before "open"', p.ask("build", params={})["message"])
            fields = {"threads": 1, "build_threads": 1, "seed": 1, "scratch": str(p.scratch), "dimension": 20}
            answer = p.ask("open", role="candidates", base=p.array("base", dense()), distance="chebyshev", **fields)
            self.assertIn("no distance chebyshev", answer["message"])
            p.ready(dense(), "euclidean")
            answer = p.ask('da"n\\ce\n\U0001f600')
            self.assertEqual(answer["kind"], "unsupported")
            self.assertIn('da"n\\ce\n\U0001f600', answer["message"])
            for line in (b"no json", b"[1]", b'{"op": "set"', b'{"op": "set",}', b"", b'{"op": "\\ud800"}', b"[" * 5000):
                p.send(line + b"\n")
                self.assertEqual(p.read()["ok"], False, line)
            p.send(b'{"op": "set", "params": null, "more": [1e3, true, {"a": []}], "\\u00fc": "\\ud83d\\ude00"}\r\n')
            self.assertEqual(p.read()["ok"], True)
            p.end()

    def test_a_file_that_is_too_short_keeps_its_size(self):
        with Program(self.command) as p:
            p.ready(dense(), "euclidean")
            ids = p.array("short", np.full((3, 4), -2, "<i4"))
            ids["shape"] = [300, 4]
            queries = p.array("q", dense(300))
            fields = {"from": 0, "to": 300, "k": 4, "mode": "single", "queries": queries, "ids": ids}
            self.assertIn("shorter", p.ask("search", **fields)["message"])
            self.assertEqual((p.path / "short").stat().st_size, 64 + 3 * 4 * 4)
            del fields["queries"]
            self.assertEqual(p.ask("search", **fields)["kind"], "failed")

    def test_a_base_of_more_than_2_gib(self):
        base, queries, _, table = data("euclidean", n=2200)
        with Program(self.command) as p:
            p.ready(p.spread("wide", base, 1_000_000), "euclidean", dimension=20)
            got = p.search(queries, 10)
            for row, ids in enumerate(got.lists):
                np.testing.assert_allclose(table[row, ids], np.sort(table[row])[:10], atol=2e-6)
            self.assertGreater(got.ids.max(), 2147)

    def test_datasets_may_have_more(self):
        with Program(self.command) as p:
            (p.path / "names").write_text("a\nb\n")
            more = {
                "learn": p.points("learn", dense(7)),
                "links": p.array("links", np.zeros((6, 2), "<i4")),
                "groups": {"colour": p.array("groups", np.arange(200, dtype="<i4"))},
                "names": str(p.path / "names"),
            }
            p.ready(dense(), "euclidean", **more)
            p.search(dense(3), 5)

    def test_the_end_of_the_input_ends_it(self):
        with Program(self.command) as p:
            p.process.stdin.close()
            self.assertEqual(p.process.wait(10), 0)


class Wrong:
    """What a kit does with programs that print, and that return what they must not."""

    require, do = Suite.require, Suite.do

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.command = self.build(Path(self.folder.name))

    def tearDown(self):
        self.folder.cleanup()

    def test_all_is_told_and_nothing_gets_between_the_lines(self):
        with Program(self.command) as p:
            self.assertEqual(p.hello["can"], ["candidates", "retriever"])
            more = {
                "learn": p.points("learn", dense(7)),
                "links": p.array("links", np.zeros((6, 2), "<i4")),
                "groups": {"colour": p.array("groups", np.arange(200, dtype="<i4"))},
            }
            p.ready(dense(), "euclidean", **more)
            queries = dense(2)
            got = p.search(queries, 5, first=40)
            self.assertEqual(got.lists, [[6, 3, 7]] * 2)
            self.assertTrue(np.isnan(got.scores).all() and (got.evaluations == 2**32 - 1).all())
            for what, message in (
                (1, "row 40: 6 ids were returned, at most k = 5 were asked for"),
                (2, "row 40: -7 is no id"),
                (3, 'it has "\u00fc" and \n'),
            ):
                p.do("set", params={"what": what})
                got = p.search(queries, 5, first=40, refused=True)
                self.assertEqual((got.answer["ok"], got.answer["kind"]), (False, "failed"))
                self.assertIn(message, got.answer["message"])
            for op, mode in (("search", "batch"), ("select", "single")):
                pool = np.zeros((2, 3))
                got = p.search(queries, 5, op=op, mode=mode, pool=(pool, pool), refused=True)
                self.assertEqual(got.answer["kind"], "unsupported")
            p.end()
            self.assertIn("noise", p.stderr())


class WrongC(Wrong, unittest.TestCase):
    SOURCE = r"""
        #include "swath_retriever.h"
        static const swath_dataset *data;
        static int what;

        static int begin(void *state, const swath_dataset *dataset) {
            (void)state;
            data = dataset;
            printf("noise\n");
            return write(1, "noise\n", 6) == 6 ? 0 : swath_fail("no noise");
        }

        static int set(void *state, swath_params *params) {
            (void)state;
            what = (int)swath_number(params, "what", 0);
            return 0;
        }

        static int search(void *state, const swath_points *queries, size_t row, size_t k, swath_found *found) {
            (void)state, (void)queries, (void)row;
            if (what == 1) return (int)k + 1;
            if (what == 3) return swath_fail("it has \"\xc3\xbc\" and \n and \xff");
            found->ids[0] = what == 2 ? -7 : (int32_t)data->links.rows;
            found->ids[1] = swath_integer(&data->groups[0].of_row, 3, 0);
            found->ids[2] = (int32_t)data->learn.rows;
            return 3;
        }

        int main(void) {
            swath_program program = {.name = "wrong", .open = begin, .set = set, .search = search};
            return swath_serve(&program);
        }
    """

    def build(self, folder):
        self.require("cc")
        (folder / "wrong.c").write_text(self.SOURCE)
        sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        self.do(["cc", "-std=c99", *sanitize, f"-I{KITS / 'c'}", "-o", folder / "wrong", folder / "wrong.c"])
        return [folder / "wrong"]


class WrongJava(Wrong, unittest.TestCase):
    SOURCE = r"""
        public class Mistaken extends SwathRetriever {
            private int what;

            public static void main(String[] words) { serve(new Mistaken()); }

            @Override public String name() { return "mistaken"; }

            @Override public void open() { System.out.println("noise"); }

            @Override public void set(Params params) { what = params.whole("what", 0); }

            @Override public Found search(Points queries, int row, int k) {
                if (what == 1) return Found.of(new int[k + 1]);
                if (what == 2) return Found.of(-7);
                if (what == 3) throw new IllegalStateException("it has \"\u00fc\" and \n and \ud800");
                return Found.of(links.length, groups.get("colour")[3], learn.size);
            }
        }
    """

    def build(self, folder):
        self.require("javac")
        (folder / "Mistaken.java").write_text(self.SOURCE)
        self.do(["javac", "-d", folder, KITS / "java/SwathRetriever.java", folder / "Mistaken.java"])
        return ["env", "LC_ALL=C.UTF-8", "java", "-cp", folder, "Mistaken"]


class C(Suite, unittest.TestCase):
    def build(self, folder):
        self.require("cc")
        strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
        self.do(["cc", "-std=c99", "-O2", *strict, "-o", folder / "exact", KITS / "c/exact.c", "-lm"])
        return [folder / "exact"]


class CWithSanitizers(Suite, unittest.TestCase):
    def build(self, folder):
        self.require("cc")
        sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        self.do(["cc", "-std=c99", "-g", *sanitize, "-o", folder / "exact", KITS / "c/exact.c", "-lm"])
        return [folder / "exact"]


class Rust(Suite, unittest.TestCase):
    everything = False

    def build(self, folder):
        if ready := os.environ.get("SWATH_RUST_EXACT"):
            return [ready]
        self.require("cargo")
        (folder / "Cargo.toml").write_text(RUST_MANIFEST.format(path=KITS / "rust/exact.rs"))
        command = ["cargo", "build", "--release", "--offline", "--manifest-path", folder / "Cargo.toml"]
        done = subprocess.run(command, capture_output=True)
        if done.returncode != 0 and b"no matching package" in done.stderr:
            self.skipTest("serde_json has not been downloaded by cargo")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertNotIn(b"warning", done.stderr)
        return [folder / "target/release/exact"]


class Java(Suite, unittest.TestCase):
    def build(self, folder):
        self.require("javac")
        self.require("java")
        files = [KITS / "java/SwathRetriever.java", KITS / "java/Exact.java"]
        self.do(["javac", "-Xlint:all", "-Werror", "-d", folder, *files])
        # In another locale Java cannot name every path.
        return ["env", "LC_ALL=C.UTF-8", "java", "-cp", folder, "Exact"]

    def test_a_path_that_java_cannot_name_is_told(self):
        with Program(["env", "LC_ALL=C", *self.command[2:]]) as p:
            self.assertIn("ü", str(p.scratch))
            fields = {"threads": 1, "build_threads": 1, "seed": 1, "scratch": str(p.scratch), "dimension": 20}
            answer = p.ask("open", role="candidates", base=p.array("base", dense()), distance="ip", **fields)
            self.assertIn("LC_ALL=C.UTF-8", answer["message"])


if __name__ == "__main__":
    unittest.main()
