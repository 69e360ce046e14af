"""Runs as data frames."""

import csv
import importlib
import importlib.util
import json
import pathlib
from typing import Any, Dict, List, Optional, Union

# Columns that are text, whatever their values look like: the name of a trial may be all digits.
_TEXT = frozenset({"trial", "retriever", "params", "dataset", "reference", "metric", "point", "parameters"})

# What a cell of text may begin with if swath put an apostrophe before it, against spreadsheets that would compute it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Run:
    """The files of a run. Tables are data frames: of pandas, or of polars where only that is installed or `frames` says so.

    path      the folder, from the root
    manifest  manifest.json: the experiment, the machine, versions, notes
    tables    the names of all tables: the CSV files of the folder
    """

    def __init__(self, path: Union[str, "pathlib.PurePath"], frames: Optional[str] = None):
        self.path = pathlib.Path(path).absolute()
        self._frames = _library(frames)
        if not (self.path / "runs.csv").is_file() or not (self.path / "manifest.json").is_file():
            raise FileNotFoundError(_no_run(self.path))
        with open(self.path / "manifest.json", encoding="utf-8") as file:
            self.manifest: Dict[str, Any] = json.load(file)
        self.tables: List[str] = sorted(file.stem for file in self.path.glob("*.csv"))

    @property
    def runs(self):
        """A row for each trial: means of metrics with their intervals, times, memory."""
        return self.table("runs")

    @property
    def comparisons(self):
        """A row for each trial and metric that was compared with the reference: the difference, its interval, tests."""
        return self.table("comparisons")

    @property
    def frontiers(self):
        """A row for each retriever and metric: the hypervolume, and the metric at given recalls."""
        return self.table("frontiers")

    def table(self, name: str):
        """The table NAME.csv as a data frame."""
        if name not in self.tables:
            raise KeyError(f"this run has no table {name!r}; it has {', '.join(self.tables)}")
        with open(self.path / f"{name}.csv", encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            names = next(rows, [])
            columns = list(zip(*rows)) or [()] * len(names)
        return self._frames.DataFrame({name: _column(name, cells) for name, cells in zip(names, columns)})

    def queries(self):
        """A row for each trial and query: the value of each metric. Reads trials/*.hdf5, which needs h5py.

        The columns are those of `swath export --parquet`: trial, retriever, point (the parameters in which the trial differs from the
        retriever's others), query (the row of the dataset's `test`), and each metric; NaN where it is not defined.
        """
        try:
            import h5py
        except ModuleNotFoundError as error:
            message = f"values of queries are in HDF5 files, and h5py is not installed: pip install h5py, or swath export {self.path} --parquet DIR"
            raise ImportError(message) from error
        files = sorted((self.path / "trials").glob("*.hdf5"))
        if not files:
            raise FileNotFoundError(f"{self.path / 'trials'} has no trials: a gallery, for example, is kept without them")
        trials = set(_plain(self.table("runs"), "trial"))
        metrics = list(self.manifest["metrics"])
        columns: Dict[str, list] = {name: [] for name in ("trial", "retriever", "point", "query", *metrics)}
        for path in files:
            with h5py.File(path, "r") as file:
                trial = _text(file.attrs["swath_trial"])
                if trial not in trials:
                    continue
                values = file["swath"]
                queries = [int(query) for query in values["query_ids"][:]]
                columns["trial"] += [trial] * len(queries)
                columns["retriever"] += [_text(file.attrs["swath_retriever"])] * len(queries)
                columns["point"] += [_text(file.attrs["swath_point"])] * len(queries)
                columns["query"] += queries
                for metric in metrics:
                    columns[metric] += values[metric][:].tolist() if metric in values else [float("nan")] * len(queries)
        return self._frames.DataFrame(columns)

    def __repr__(self) -> str:
        return f"<swath.Run {self.manifest['experiment']['name']!r} in {str(self.path)!r}: {', '.join(self.tables)}>"


def read_run(path: Union[str, "pathlib.PurePath"], frames: Optional[str] = None) -> Run:
    """Reads the folder of a run, such as reports/quickstart.

    `frames` is "pandas" or "polars"; left out, whichever is installed, pandas first.
    """
    return Run(path, frames)


def _library(name):
    if name not in (None, "pandas", "polars"):
        raise ValueError(f"frames={name!r}: use 'pandas' or 'polars'")
    for library in ("pandas", "polars") if name is None else (name,):
        if importlib.util.find_spec(library) is not None:
            return importlib.import_module(library)
    raise ImportError(f"data frames need {name or 'pandas or polars'}, which is not installed: pip install {name or 'pandas'}")


def _no_run(path):
    if not path.is_dir():
        return f"{path} is no folder"
    inside = sorted(folder.parent.name for folder in path.glob("*/runs.csv"))
    if inside:
        return f"{path} is no run, but has runs: {', '.join(inside)}; read one of these"
    return f"{path} is no run of swath: runs.csv or manifest.json is missing"


def _column(name, cells):
    """Numbers, truth values, or text; None where a cell is empty."""
    if name not in _TEXT:
        if all(cell in ("", "true", "false") for cell in cells) and any(cells):
            return [None if cell == "" else cell == "true" for cell in cells]
        for number in (int, float):
            try:
                values = [None if cell == "" else number(cell) for cell in cells]
            except ValueError:
                continue
            # Numbers where some are missing are floats.
            return values if None not in values else [float("nan") if value is None else float(value) for value in values]
    return [_without_apostrophe(cell) for cell in cells]


def _without_apostrophe(cell):
    return cell[1:] if cell.startswith("'") and cell.lstrip(" '").startswith(_FORMULA) else cell


def _plain(frame, column):
    return frame[column].to_list() if hasattr(frame[column], "to_list") else list(frame[column])


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
