"""swath's exact search through dense vectors beside FAISS's flat index.

Word vectors, as many as a cache of 8 MB holds and all of them; and vectors drawn around centres, in other dimensions. 1,000
queries at once, then the first 64 one by one. swath goes by values alone, and as it decides: by codes where they are worth it.
FAISS is taken at its best: many queries by BLAS, which its default skips, with the fastest kernels of OpenBLAS that the machine has
(environment.py); one query without BLAS, which makes it several times slower. Every round checks the distances of the first 64 queries.
"""

import pathlib
import tempfile

import faiss
import numpy

from drawn import around_centres, unit
from swath import Swath
from turns import in_turn, of_threads, seconds
import words

QUERIES, ONE_BY_ONE, MOST = 1_000, 64, (10, 100, 1000)
# FAISS's `distance_compute_blas_threshold`, for queries together and one by one: the latter is its default.
BLAS_FROM = {True: 20, False: 128_000}
# 136 MB, and what fits a cache of 8 MB.
OF_WORDS = (340_479, 20_000)
# By dimension: a batch takes well below a second a core.
DRAWN = {25: 340_000, 384: 44_000, 768: 22_000, 1536: 11_000}


class Data:
    """Vectors, and the same in FAISS's index."""

    def __init__(self, name, rows, queries, folder):
        self.name = f"{name}{len(rows):,} x {rows.shape[1]}"
        self.queries = unit(queries)
        self.index = faiss.IndexFlatIP(rows.shape[1])
        self.index.add(unit(rows))
        paths = {"rows": pathlib.Path(folder) / "rows", "queries": pathlib.Path(folder) / "queries"}
        rows.tofile(paths["rows"])
        queries.tofile(paths["queries"])
        self.request = {
            "what": "search", "kind": "vectors", "dim": rows.shape[1], "compared": ONE_BY_ONE,
            **{name: str(path) for name, path in paths.items()},
        }


def by_faiss(data, most, together):
    faiss.cvar.distance_compute_blas_threshold = BLAS_FROM[together]
    if together:
        took, (found, _) = seconds(lambda: data.index.search(data.queries, most))
        return {"ms": 1e3 * took / len(data.queries)}, found[:ONE_BY_ONE]
    ones = [data.queries[i : i + 1] for i in range(ONE_BY_ONE)]
    took, found = seconds(lambda: [data.index.search(one, most)[0][0] for one in ones])
    return {"ms": 1e3 * took / ONE_BY_ONE}, found


def by_swath(swath, data, most, threads, together, by):
    way = {"together": True} if together else {"one_by_one": ONE_BY_ONE}
    answer = swath.ask(**data.request, **way, candidates={"exact": {"pool": most}}, threads=threads, by=by)
    name = "together" if together else "one_by_one"
    return {"ms": answer[f"{name}_ms"]}, answer


def compare(swath, data, setting, lines, most, threads, together):
    faiss.omp_set_num_threads(threads)
    decisions = {}

    def check(answers):
        for by in ("values", "codes"):
            decisions[by] = answers[by]["decision"]
            found = answers[by]["together" if together else "one_by_one"]["distances"]
            assert numpy.allclose(found, 1 - numpy.array(answers["faiss"]), atol=1e-5), "other distances"

    sides = {by: lambda by=by: by_swath(swath, data, most, threads, together, by) for by in ("values", "codes")}
    sides["faiss"] = lambda: by_faiss(data, most, together)
    found = in_turn(setting.rounds, sides, check)
    way = f"at once, {of_threads(threads)}" if together else "one by one"
    for by in ("values", "codes"):
        case = f"{data.name}, m {most}, {way}, {by}"
        facts = {"threads": threads, "decision": decisions[by]}
        lines.add(case, "FAISS flat", "ms/query", found[by]["ms"], found["faiss"]["ms"], **facts)


def all_data(setting, folder):
    rows, queries = words.write(setting.folder)
    for size in sorted({setting.at_most(size) for size in OF_WORDS}):
        yield Data("words, ", rows[:size], queries, folder), MOST[:2]
    for dim, size in DRAWN.items():
        yield Data("drawn, ", *around_centres(setting.at_most(size), QUERIES, dim), folder), MOST[:1]


def measure(setting, lines):
    with tempfile.TemporaryDirectory() as folder:
        for data, one_by_one in all_data(setting, folder):
            with Swath(setting.swath) as swath:
                for most in MOST:
                    for threads in setting.threads:
                        compare(swath, data, setting, lines, most, threads, together=True)
                for most in one_by_one:
                    compare(swath, data, setting, lines, most, 1, together=False)
