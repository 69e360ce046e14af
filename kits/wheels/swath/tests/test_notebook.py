"""The code cells of the notebook run, one after another, in the folder that it is in. Jupyter is not needed."""

import json
import os
import pathlib
import unittest

NOTEBOOK = pathlib.Path(__file__).resolve().parents[2] / "example.ipynb"


class Notebook(unittest.TestCase):
    def test_cells_run_and_show_what_the_text_says(self):
        notebook = json.loads(NOTEBOOK.read_text())
        self.assertEqual(notebook["nbformat"], 4)
        cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        self.assertGreaterEqual(len(cells), 7)
        names, before = {"__name__": "notebook"}, os.getcwd()
        os.chdir(NOTEBOOK.parent)
        try:
            for number, cell in enumerate(cells, 1):
                exec(compile(cell, f"code cell {number} of {NOTEBOOK.name}", "exec"), names)
        finally:
            os.chdir(before)
        table, sweep = names["table"], names["sweep"]
        self.assertEqual(table.loc["top-k", "recall"], 1.0)
        self.assertGreater(table.loc["mmr", "subtopic-recall"], table.loc["top-k", "subtopic-recall"])
        self.assertLess(table.loc["mmr", "redundancy"], table.loc["top-k", "redundancy"])
        self.assertTrue(sweep["relevance"].is_monotonic_increasing and sweep["redundancy"].is_monotonic_increasing)
        self.assertEqual(len(names["differences"]), len(names["run"].runs) - 1)


if __name__ == "__main__":
    unittest.main()
