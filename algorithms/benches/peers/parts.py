"""The parts of a run, each with a file of its name."""

import dataclasses
import importlib


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    about: str
    # By the names that they are imported by.
    peers: tuple[str, ...]
    # Whether all libraries have one thread only. Else each case says how many it takes.
    one_thread: bool

    def measure(self, setting, lines):
        """Measures the part with the peers that are here, and adds to `lines`."""
        importlib.import_module(self.name).measure(setting, lines)


PARTS = {
    part.name: part
    for part in (
        Part("vectors", "Exact search through dense vectors", ("faiss",), False),
        Part("points", "Exact search through bits and sets", ("faiss", "scipy"), True),
        Part("graphs", "Search through graphs of dense vectors", ("hnswlib", "faiss", "usearch"), False),
        Part("neighbors", "The kNN graph of dense vectors", ("pynndescent",), False),
        Part("selection", "Selection from a pool of candidates", ("pyversity", "apricot"), True),
    )
}
