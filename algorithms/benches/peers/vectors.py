"""swath's exact search through dense vectors beside FAISS's flat index, in one run.

    python3 algorithms/benches/peers/vectors.py FOLDER             # prints a table; needs numpy, faiss-cpu and npm, see words.py
    python3 algorithms/benches/peers/vectors.py FOLDER --rounds 9 --rows 19000

Each round times every case once with FAISS and once with swath, in turn; the table shows medians over rounds, and the least and
the greatest ratio of a round. FAISS is taken at its best: `distance_compute_blas_threshold` 20, so that it multiplies by BLAS (its
default skips that), and the fastest of the kernels of OpenBLAS that the machine has, by OPENBLAS_CORETYPE. Every answer is
checked: the 100 distances must be the same.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

if "OPENBLAS_CORETYPE" not in os.environ or os.environ["OPENBLAS_CORETYPE"] == "Haswell":
    flags = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    if "avx512f" in flags:
        os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"

import faiss
import numpy

from points import Swath
import words

ONE_BY_ONE = 64


def seconds(function):
    start = time.perf_counter()
    answers = function()
    return time.perf_counter() - start, answers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int)
    asked = parser.parse_args()
    rows, queries = words.write(asked.folder)
    rows = rows[: asked.rows]
    path = pathlib.Path(asked.folder) / f"rows-{len(rows)}.f32"
    rows.tofile(path)
    faiss.cvar.distance_compute_blas_threshold = 20
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows / numpy.linalg.norm(rows, axis=1, keepdims=True))
    unit = queries / numpy.linalg.norm(queries, axis=1, keepdims=True)
    swath = Swath()
    cores = os.cpu_count()
    print(f"{len(rows):,} x {rows.shape[1]}, angular, {len(queries):,} queries; seconds a batch, milliseconds one by one")
    print(f"{'case':32} {'swath':>9} {'FAISS':>9} {'ratio':>6}   least, greatest")
    for pool in (10, 100):
        for threads in (1, cores):
            request = {
                "kind": "vectors", "dim": rows.shape[1], "size": 0, "candidates": {"exact": {"pool": pool}},
                "rows": str(path), "queries": str(pathlib.Path(asked.folder) / "queries.f32"),
                "threads": threads, "one_by_one": ONE_BY_ONE,
            }
            faiss.omp_set_num_threads(threads)
            times = {"batch": [], "one by one": []}
            for round in range(asked.rounds + 1):
                their_batch, (found, _) = seconds(lambda: index.search(unit, pool))
                answer = swath.ask(request)
                their_one, _ = seconds(lambda: [index.search(unit[i : i + 1], pool) for i in range(ONE_BY_ONE)])
                for ours, theirs in zip(answer["distances"], found):
                    assert numpy.allclose(ours, 1 - theirs, atol=1e-5), "other distances"
                # The first round warms up and does not count.
                if round:
                    times["batch"].append((answer["batch_ms"] * len(queries) / 1e3, their_batch))
                    times["one by one"].append((answer["single_ms"], their_one / ONE_BY_ONE * 1e3))
            for name, pairs in times.items():
                if name == "one by one" and threads > 1:
                    continue
                ours, theirs = (statistics.median(side) for side in zip(*pairs))
                ratios = [theirs / ours for ours, theirs in pairs]
                case = f"{name}, m {pool}" + (f", {threads} threads" if name == "batch" else "")
                print(f"{case:32} {ours:>9.3f} {theirs:>9.3f} {theirs / ours:>5.2f}x   {min(ratios):.2f} {max(ratios):.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
