"""Serves a class that was written for ann-benchmarks or for VIBE.

    python3 ann_benchmarks_module.py MODULE CLASS [ann-benchmarks | vibe]

MODULE is a file, or a name that Python can import, such as ann_benchmarks.algorithms.hnswlib.module. A file
P/algorithms/NAME/module.py is imported as a part of the package P, so that its `from ..base.module import BaseANN` works.
The third word says whose the interface is; without it, VIBE's if the package is called vibe, otherwise ann-benchmarks'.

Build parameters are arguments of the constructor, by name; its arguments `metric` and `dim` or `dimension` are the dataset's
unless they are given. Search parameters are arguments of `set_query_arguments`, by name:

    build:  { method_param: [ { M: 16, efConstruction: 200 } ] }      # HnswLib(metric, method_param) of ann-benchmarks
    search: { ef: [20, 50, 100] }                                     # set_query_arguments(ef)

ann-benchmarks calls metrics euclidean, angular, hamming (rows of booleans) and jaccard (a list of arrays); VIBE calls them
euclidean, cosine, ip and hamming (packed bytes). `fit` gets a copy of the base, as these classes may change it in place.
VIBE's `fit_ood` is not served: it needs the neighbours of learning queries, which swath does not give.

What is timed. With `query`, as in any program: the row is copied, and `query` is called. With `prepare_query` and
`run_prepared_query`, as ann-benchmarks and VIBE do: `run_prepared_query` alone. What `prepare_query` and
`get_prepared_query_results` take is then in no row's time. If that is much, swath's own clock disagrees and is taken.
Batches are timed by swath's clock, which has all of it.
"""

import swath_retriever

import hashlib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from time import perf_counter_ns

import numpy as np

METRICS = {
    "ann-benchmarks": {"euclidean": "euclidean", "angular": "angular", "hamming": "hamming", "jaccard": "jaccard"},
    "vibe": {"euclidean": "euclidean", "angular": "cosine", "ip": "ip", "hamming": "hamming"},
}


class Module(swath_retriever.Retriever):
    def __init__(self, constructor, interface):
        self.constructor, self.interface = constructor, interface
        self.name = constructor.__name__
        self.version = hashlib.sha256(Path(inspect.getfile(constructor)).read_bytes()).hexdigest()[:12]
        self.algorithm = None

    def open(self):
        metrics = METRICS[self.interface]
        if self.distance not in metrics or isinstance(self.base, swath_retriever.Sparse):
            raise ValueError(f"{self.interface} has no distance {self.distance} of such points; it has {', '.join(metrics)}")

    def row(self, point):
        """A query as these classes expect it; a copy, as they may change it."""
        if self.distance == "hamming" and self.interface == "ann-benchmarks":
            return np.unpackbits(point, count=self.dimension).astype(bool)
        return point.astype(np.int64) if self.distance == "jaccard" else np.array(point)

    def rows(self, points):
        if isinstance(points, np.ndarray) and not (self.distance == "hamming" and self.interface == "ann-benchmarks"):
            return np.array(points)
        rows = [self.row(points[i]) for i in range(len(points))]
        return rows if self.distance == "jaccard" else np.array(rows)

    def build(self, **params):
        self.close()
        given = {"metric": METRICS[self.interface][self.distance], "dim": self.dimension, "dimension": self.dimension}
        takes = inspect.signature(self.constructor).parameters
        given = {name: value for name, value in given.items() if name in takes}
        self.algorithm = self.constructor(**{**given, **params})
        if not hasattr(self.algorithm, "fit"):
            raise TypeError(f"{self.name} has no fit(X)")
        if hasattr(self.algorithm, "supports_prepared_queries"):
            self.algorithm.supports_prepared_queries()
        before = self.kilobytes()
        self.algorithm.fit(self.rows(self.base))
        after = self.kilobytes()
        self.prepared = hasattr(self.algorithm, "prepare_query")
        return None if before is None or after is None else max(0, int((after - before) * 1024))

    def kilobytes(self):
        return self.algorithm.get_memory_usage() if hasattr(self.algorithm, "get_memory_usage") else None

    def set(self, **params):
        if params:
            if not hasattr(self.algorithm, "set_query_arguments"):
                raise TypeError(f"{self.name} has no search parameters: it has no set_query_arguments")
            self.algorithm.set_query_arguments(**params)

    def search(self, query, k):
        if not self.prepared:
            return self.ids(self.algorithm.query(self.row(query), k))
        self.algorithm.prepare_query(self.row(query), k)
        begin = perf_counter_ns()
        self.algorithm.run_prepared_query()
        ns = perf_counter_ns() - begin
        return swath_retriever.Timed(ns, self.ids(self.algorithm.get_prepared_query_results()))

    def ids(self, ids):
        """They may come as any iterable."""
        return ids if isinstance(ids, np.ndarray) else list(ids)

    def close(self):
        if self.algorithm is not None and hasattr(self.algorithm, "done"):
            self.algorithm.done()
        self.algorithm = None


class BatchModule(Module):
    def search_batch(self, queries, k):
        if hasattr(self.algorithm, "prepare_batch_query"):
            self.algorithm.prepare_batch_query(self.rows(queries), k)
            self.algorithm.run_batch_query()
        else:
            self.algorithm.batch_query(self.rows(queries), k)
        results = self.algorithm.get_batch_results()
        return results if isinstance(results, np.ndarray) else [self.ids(ids) for ids in results]


def load(name):
    """The module of that name, or in that file."""
    path = Path(name)
    if path.suffix != ".py":
        return importlib.import_module(name)
    path = path.resolve()
    if path.parent.parent.name == "algorithms":
        root = path.parent.parent.parent
        sys.path.insert(0, str(root.parent))
        return importlib.import_module(f"{root.name}.algorithms.{path.parent.name}.{path.stem}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main(words):
    if len(words) not in (2, 3) or (len(words) == 3 and words[2] not in METRICS):
        sys.exit(f"usage: ann_benchmarks_module.py MODULE CLASS [{' | '.join(METRICS)}]")
    module = load(words[0])
    constructor = getattr(module, words[1], None)
    if not isinstance(constructor, type):
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        sys.exit(f"{words[0]} has no class {words[1]}; it has {', '.join(classes) or 'none'}")
    package = module.__name__.split(".")[0]
    interface = words[2] if len(words) == 3 else "vibe" if package == "vibe" else "ann-benchmarks"
    batch = any(hasattr(constructor, name) for name in ("batch_query", "prepare_batch_query"))
    swath_retriever.serve((BatchModule if batch else Module)(constructor, interface))


if __name__ == "__main__":
    main(sys.argv[1:])
