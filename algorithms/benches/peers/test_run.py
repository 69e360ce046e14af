"""Tests of the scripts themselves: `python3 -m unittest discover -s algorithms/benches/peers`. No peer is needed."""

import ast
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import environment
import lines
from parts import PARTS
import recall
from swath import executable
from turns import in_turn

HERE = pathlib.Path(__file__).resolve().parent


def run(*arguments):
    return subprocess.run([sys.executable, HERE / "run.py", *arguments], capture_output=True, text=True)


class Parts(unittest.TestCase):
    def test_each_has_its_file_and_known_peers(self):
        for part in PARTS.values():
            functions = ast.parse((HERE / f"{part.name}.py").read_text()).body
            self.assertIn("measure", [getattr(function, "name", None) for function in functions], part.name)
            self.assertLessEqual(set(part.peers), set(environment.PACKAGES), part.name)

    def test_every_script_is_python(self):
        for path in HERE.glob("*.py"):
            compile(path.read_text(), path, "exec")

    def test_the_list_names_each(self):
        listed = run("--list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual([line.split()[0] for line in listed.stdout.splitlines()], list(PARTS))

    def test_other_names_are_refused(self):
        refused = run("folder", "--only", "graphs,graph")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("there is no part graph;", refused.stderr)
        self.assertEqual(run().returncode, 2, "no folder")


class Numbers(unittest.TestCase):
    def test_a_ratio_says_how_many_times_faster_swath_is(self):
        self.assertEqual(lines.compare([1, 2, 4], [6, 6, 2]), (3, 0.5, 6))
        self.assertEqual(lines.compare([6, 6, 2], [1, 2, 4], more_is_better=True), (3, 0.5, 6))
        with self.assertRaises(ValueError):
            lines.compare([1, 2], [1])

    def test_speed_at_a_recall_lies_between_the_points_around_it(self):
        curve = [(0.5, 100), (0.9, 10), (1.0, 1)]
        self.assertAlmostEqual(recall.at_recall(curve, 0.7), 10**1.5)
        self.assertAlmostEqual(recall.at_recall(curve, 0.9), 10)
        self.assertEqual(recall.at_recall(curve, 0.4), 100)
        self.assertIsNone(recall.at_recall(curve[:2], 0.95))

    def test_recall_is_the_share_of_true_ids(self):
        self.assertEqual(recall.share([[1, 2, 9], [3, 4]], [[1, 2], [4, 5]]), 0.75)

    def test_rounds_take_sides_in_turn_and_the_first_one_warms_up(self):
        called = []

        def side(name):
            called.append(name)
            return {"at": len(called)}, name

        sides = {name: lambda name=name: side(name) for name in "ab"}
        found = in_turn(2, sides, check=lambda answers: self.assertEqual(answers, {"a": "a", "b": "b"}))
        self.assertEqual("".join(called), "ababab")
        self.assertEqual(found, {"a": {"at": [3, 5]}, "b": {"at": [4, 6]}})
        self.assertEqual(in_turn(1, sides, warm=False)["a"], {"at": [7]})


@unittest.skipUnless(shutil.which("cargo"), "no cargo")
@unittest.skipUnless(all(map(importlib.util.find_spec, ("numpy", "scipy"))), "no numpy or SciPy")
class WholeRun(unittest.TestCase):
    """What needs no other peers than SciPy, with a build that shares what `cargo test --workspace` built."""

    def test_a_run_measures_with_the_peers_that_are_here(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "found.json"
            arguments = ("--here", "--only", "points", "--rounds", "2", "--rows", "300", "--json", file)
            ended = run(folder, *arguments, "--swath", executable(None, ("--workspace", "--profile", "dev")))
            self.assertEqual(ended.returncode, 0, ended.stderr)
            found = json.loads(file.read_text())
            self.assertEqual(found["unfinished"], [])
            sets = [line for line in found["lines"] if line["case"].startswith("jaccard, 300 x 30")]
            self.assertEqual(len(sets), 6, "two indexes; two peers one by one, of which one answers all at once")
            for line in sets:
                self.assertEqual((len(line["swath"]), len(line["theirs"])), (2, 2))
                self.assertIn(line["case"], ended.stdout)
            again = run(folder, *arguments)
            self.assertEqual(again.returncode, 2)
            self.assertIn("already exists", again.stderr)


if __name__ == "__main__":
    unittest.main()
