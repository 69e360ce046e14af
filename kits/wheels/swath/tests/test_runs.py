"""Runs as data frames, the program beside them, and what comes from swath-core."""

import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import swath

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
GALLERY = REPOSITORY / "reports" / "gallery"

TINY = """
name: tiny
dataset: { generate: gaussian, n: 500, dimension: 8 }
k: 5
queries: 20
repeats: 3
metrics: [recall, coverage, "vendi(q=2)", recall@3]
retrievers:
  - name: top-k
    select: top-k
  - name: mmr
    candidates: { exact: { pool: 25 } }
    select: { mmr: { lambda: [0.3, 0.7] } }
"""


class Program(unittest.TestCase):
    def test_it_is_there(self):
        expected = subprocess.run([swath.program(), "--version"], check=True, capture_output=True, text=True).stdout
        self.assertRegex(expected, r"^swath \d+\.\d+\.\d+")
        module = subprocess.run([sys.executable, "-m", "swath", "--version"], check=True, capture_output=True, text=True)
        self.assertEqual(module.stdout, expected)
        failed = subprocess.run([sys.executable, "-m", "swath", "rum"], capture_output=True, text=True)
        self.assertEqual(failed.returncode, 2)


class Gallery(unittest.TestCase):
    def test_tables_are_frames(self):
        for frames in ("pandas", "polars"):
            run = swath.read_run(GALLERY / "quickstart", frames)
            self.assertTrue({"runs", "comparisons", "frontiers", "chosen", "split"} <= set(run.tables))
            self.assertEqual(type(run.runs).__module__.split(".")[0], frames)
            first = {name: run.runs[name].to_list()[0] for name in run.runs.columns}
            self.assertEqual((first["trial"], first["retriever"], first["k"], first["queries"]), ("0ff3519e8d4f929f", "top-k", 10, 500))
            self.assertEqual(json.loads(first["params"])["candidates"], {"exact": {"pool": 10}})
            self.assertAlmostEqual(first["coverage"], 0.631952159655)
            self.assertEqual({type(value) for value in run.comparisons["significant"].to_list()}, {bool})
            self.assertIn("quickstart", repr(run))
            self.assertEqual(run.manifest["experiment"]["name"], "quickstart")

    def test_what_is_not_there_is_said(self):
        with self.assertRaisesRegex(FileNotFoundError, "is no run, but has runs: paper, quickstart"):
            swath.read_run(GALLERY)
        with self.assertRaisesRegex(FileNotFoundError, "runs.csv or manifest.json is missing"):
            swath.read_run(GALLERY / "quickstart" / "tables")
        with self.assertRaisesRegex(FileNotFoundError, "is no folder"):
            swath.read_run(GALLERY / "missing")
        with self.assertRaisesRegex(ValueError, "use 'pandas' or 'polars'"):
            swath.read_run(GALLERY / "quickstart", "panda")
        run = swath.read_run(GALLERY / "quickstart")
        with self.assertRaisesRegex(KeyError, "no table 'run'; it has .*runs"):
            run.table("run")
        with self.assertRaisesRegex(FileNotFoundError, "has no trials"):
            run.queries()
        with mock.patch.dict(sys.modules, {"h5py": None}), self.assertRaisesRegex(ImportError, "pip install h5py"):
            run.queries()
        with mock.patch("importlib.util.find_spec", return_value=None):
            with self.assertRaisesRegex(ImportError, "pandas or polars"):
                swath.read_run(GALLERY / "quickstart")


class OfItsOwn(unittest.TestCase):
    def test_queries_are_those_that_means_are_of(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "tiny.yaml").write_text(TINY)
            subprocess.run([swath.program(), "run", "tiny.yaml", "--quiet"], cwd=folder, check=True)
            for frames in ("pandas", "polars"):
                run = swath.read_run(folder / "reports" / "tiny", frames)
                queries = run.queries()
                columns = ["trial", "retriever", "point", "query", "recall", "coverage", "vendi(q=2)", "recall@3"]
                self.assertEqual(list(queries.columns), columns)
                self.assertEqual(len(queries), 3 * 20)
                self.assertEqual(set(queries["point"].to_list()), {"", "lambda=0.3", "lambda=0.7"})
                trials, values = queries["trial"].to_list(), queries["coverage"].to_list()
                for trial, mean in zip(run.runs["trial"].to_list(), run.runs["coverage"].to_list()):
                    of_trial = [value for name, value in zip(trials, values) if name == trial]
                    self.assertAlmostEqual(math.fsum(of_trial) / len(of_trial), mean, places=9)

    def test_cells_are_read_as_they_were_written(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "manifest.json").write_text('{"experiment": {"name": "made up"}, "metrics": []}')
            cells = ["12345678901234567890", "'=1+1", "'plain", "''=1", "", "3", "1", "true", "x\ny"]
            names = ["trial", "retriever", "note", "params", "qps", "k", "mean", "significant", "text"]
            others = ["1e5", "a,b", "b", "c", "2.5", "4", "", "", "-1"]
            quoted = [",".join(f'"{cell}"' for cell in row) for row in (names, cells, others)]
            (folder / "runs.csv").write_text("\n".join(quoted) + "\n")
            (folder / "empty.csv").write_text("a,b\n")
            for frames in ("pandas", "polars"):
                run = swath.read_run(folder, frames)
                found = [[run.runs[name].to_list()[row] for name in names] for row in range(2)]
                self.assertEqual(found[0][:4], ["12345678901234567890", "=1+1", "'plain", "'=1"])
                self.assertEqual(found[0][5:], [3, 1.0, True, "x\ny"])
                self.assertEqual(found[1][:6], ["1e5", "a,b", "b", "c", 2.5, 4])
                self.assertTrue(math.isnan(found[0][4]) and math.isnan(found[1][6]) and found[1][7] is None)
                self.assertEqual((list(run.table("empty").columns), len(run.table("empty"))), (["a", "b"], 0))


class Core(unittest.TestCase):
    def test_it_is_offered_where_it_is_installed(self):
        import swath_core

        for name in ("select", "measure", "Points", "selectors", "metrics"):
            self.assertIs(getattr(swath, name), getattr(swath_core, name))
            self.assertIn(name, dir(swath))
        self.assertEqual(swath.select([[1, 0], [1, 0.1], [0, 1]], [0.9, 0.8, 0.1], 2, "mmr", lambda_=0.3).tolist(), [0, 2])

    def test_where_it_is_missing_that_is_said(self):
        with mock.patch.dict(sys.modules, {"swath_core": None}):
            with self.assertRaisesRegex(ImportError, "swath.select is in the wheel swath-core.*pip install swath-core"):
                swath.select
        with self.assertRaises(AttributeError):
            swath.selekt
        code = "import sys, swath; assert 'numpy' not in sys.modules and 'swath_core' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    unittest.main()
