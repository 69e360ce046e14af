"""swath's kNN graph beside pynndescent's.

Word vectors, by angle; each round builds all graphs with each number of threads. swath's time holds what a run pays: the search, the
weights of the edges, and the recall that it measures itself where neighbours are not exact. pynndescent keeps lists as long as needed, or
of its default length, of which the nearest are taken: that costs more and finds more. A small graph before the rounds lets numba compile it.
The recall of all is that of 1,000 rows, against their exact neighbours.
"""

import pathlib
import tempfile

import numpy
import pynndescent

from drawn import unit
from recall import share
from swath import Swath
from turns import in_turn, of_threads, seconds
import words

ROWS, NEIGHBORS, SAMPLE = 100_000, 10, 1_000
# Lengths of pynndescent's lists. A row is among its own neighbours; the other is the default.
LENGTHS = (NEIGHBORS + 1, 30)


def by_pynndescent(rows, sample, length, threads):
    build = lambda: pynndescent.NNDescent(rows, metric="cosine", n_neighbors=length, n_jobs=threads, random_state=1)
    took, index = seconds(build)
    lists = index.neighbor_graph[0][sample]
    return {"s": took}, [[id for id in found if id != row][:NEIGHBORS] for row, found in zip(sample, lists)]


def by_swath(swath, request, threads):
    answer = swath.ask(**request, threads=threads)
    return {"s": answer["build_s"], "exact": answer["exact"]}, answer["ids"]


def exact(rows, sample):
    """The nearest others of the rows in the sample."""
    rows = unit(rows)
    similarities = rows[sample] @ rows.T
    similarities[numpy.arange(len(sample)), sample] = -2
    return numpy.argpartition(-similarities, NEIGHBORS, axis=1)[:, :NEIGHBORS]


def compare(swath, request, rows, truth, setting, lines, threads):
    sample, recalls = request["sample"], {}

    def check(answers):
        recalls.update({side: share(ids, truth) for side, ids in answers.items()})

    by_pynndescent(rows[:2_000], sample[:0], LENGTHS[0], threads)
    sides = {"swath": lambda: by_swath(swath, request, threads)}
    sides |= {length: lambda length=length: by_pynndescent(rows, sample, length, threads) for length in LENGTHS}
    found = in_turn(setting.rounds, sides, check, warm=False)
    way = "exact" if all(found["swath"]["exact"]) else "NN-descent"
    case = f"{len(rows):,} words, k {NEIGHBORS}, {of_threads(threads)}, {way}, recall {recalls['swath']:.3f}"
    for length in LENGTHS:
        facts = {"threads": threads, "recall": recalls["swath"], "recall_of_peer": recalls[length]}
        peer = f"pynndescent {length}, recall {recalls[length]:.3f}"
        lines.add(case, peer, "s", found["swath"]["s"], found[length]["s"], **facts)


def measure(setting, lines):
    rows, _ = words.write(setting.folder)
    rows = rows[: setting.rows or ROWS]
    sample = numpy.random.default_rng(1).choice(len(rows), min(SAMPLE, len(rows)), replace=False)
    truth = exact(rows, sample)
    with tempfile.TemporaryDirectory() as folder, Swath(setting.swath) as swath:
        path = pathlib.Path(folder) / "rows"
        rows.tofile(path)
        request = {
            "what": "neighbors", "rows": str(path), "dim": rows.shape[1], "neighbors": NEIGHBORS, "sample": sample.tolist(),
        }
        for threads in setting.threads:
            compare(swath, request, rows, truth, setting, lines, threads)
