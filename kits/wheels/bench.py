#!/usr/bin/env python3
"""How fast `swath.select` is from Python: beside pyversity 0.2.0, and over the same call from Rust.

    kits/wheels/bench.py                 a Markdown table
    kits/wheels/bench.py --rust PATH     also the time over the Rust call; PATH is the bench `peers` of swath-algorithms as cargo built it:
                                         cargo bench -p swath-algorithms --bench peers --no-run

Plain float32 arrays in, ids out, one thread. All sides take turns, call by call in short bursts, so that what else runs on the machine
meets all of them; the median of all calls counts. The pools are those of algorithms/benches/peers/selection.py: evenly spread directions
of 100 values, and cosines to a query in their midst.

The Rust call begins with slices of the same numbers and ends with ids; it packs the vectors, sorts the scores and picks, in memory that it
keeps. It runs in a process of its own, which repeats it and answers with the median. So the difference is what Python, numpy and the
binding cost, and the noise of two processes.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import numpy  # noqa: E402
import swath_core  # noqa: E402

DIM = 100


def pools():
    rng = numpy.random.default_rng(1)
    vectors = rng.standard_normal((5_000, DIM)).astype("float32")
    directions = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    query = rng.standard_normal(DIM).astype("float32") + 20 * directions[0]
    scores = (directions @ (query / numpy.linalg.norm(query))).astype("float32")
    return {size: (vectors[:size].copy(), scores[:size].copy()) for size in (100, 1_000)}


def cases(scores, k):
    """pyversity's strategies, and the selectors that do the same; the last says whether the picks must be the same."""
    spread = float(scores.std())
    return [
        ("mmr", "mmr", {"lambda": 0.5}, False),
        ("msd", "max-sum", {"lambda": 0.5, "distance": "cosine"}, True),
        ("dpp", "dpp", {"theta": (1 / spread) / (1 + 1 / spread)}, True),
        ("ssd", "ssd", {"gamma": spread, "bias": True, "window": k}, True),
        ("cover", "facility-location", {}, False),
    ]


class Rust:
    """The bench `peers`: answers requests, one JSON object a line."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.folder = tempfile.TemporaryDirectory()

    def seconds(self, vectors, scores, k, select, repeats):
        path = pathlib.Path(self.folder.name) / "vectors.f32"
        vectors.tofile(path)
        request = {"what": "selection", "vectors": str(path), "scores": [float(score) for score in scores], "dim": DIM, "k": k}
        self.process.stdin.write(json.dumps({**request, "repeats": repeats, "select": select}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["whole_ms"] / 1e3

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def burst(call, seconds):
    """Times of single calls, for about that long, after one that warms up."""
    call()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def measure(vectors, scores, k, case, rounds, rust):
    import pyversity

    strategy, selector, parameters, is_same = case
    sides = {
        "swath": lambda: swath_core.select(vectors, scores, k, {selector: parameters}),
        "pyversity": lambda: pyversity.diversify(vectors, scores, k, strategy=strategy, diversity=0.5).indices,
    }
    picks = {name: [int(i) for i in call()] for name, call in sides.items()}
    times = {name: [] for name in sides}
    of_rounds, of_rust = [], []
    for _ in range(rounds):
        for name, call in sides.items():
            times[name].append(burst(call, 0.02))
        if rust:
            repeats = max(3, min(1_000, int(0.02 / statistics.median(times["swath"][-1]))))
            of_rust.append(rust.seconds(vectors, scores, k, {selector: parameters}, repeats))
        of_rounds.append(statistics.median(times["pyversity"][-1]) / statistics.median(times["swath"][-1]))
    medians = {name: statistics.median(sum(bursts, [])) for name, bursts in times.items()}
    same = sum(a == b for a, b in zip(picks["swath"], picks["pyversity"]))
    return {
        "selector": selector, "strategy": strategy, "pool": len(scores), "k": k, "swath_us": 1e6 * medians["swath"],
        "pyversity_us": 1e6 * medians["pyversity"], "times_faster": medians["pyversity"] / medians["swath"],
        "least": min(of_rounds), "greatest": max(of_rounds), "same_picks": same if is_same else None,
        "rust_us": 1e6 * statistics.median(of_rust) if of_rust else None,
    }


def main():
    arguments = argparse.ArgumentParser(description="How fast swath.select is from Python.")
    arguments.add_argument("--rust", type=pathlib.Path, help="the bench `peers`, for the time over the Rust call")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--json", type=pathlib.Path, help="a file for all numbers")
    given = arguments.parse_args()
    rust = Rust(given.rust.resolve()) if given.rust else None
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; numpy {numpy.__version__}, swath-core {swath_core.__version__}\n")
    print("| selector | pool | k | swath | pyversity | times faster (least to greatest) | same picks | over the Rust call |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    rows = []
    for size, (vectors, scores) in pools().items():
        for k in (10, 100):
            for case in cases(scores, k):
                row = measure(vectors, scores, k, case, given.rounds, rust)
                rows.append(row)
                same = "" if row["same_picks"] is None else f"{row['same_picks']}/{k}"
                over = f"{row['swath_us'] - row['rust_us']:+.1f} us" if rust else ""
                print(
                    f"| {row['selector']} | {size:,} | {k} | {row['swath_us']:,.0f} us | {row['pyversity_us']:,.0f} us "
                    f"| {row['times_faster']:.1f} ({row['least']:.1f} to {row['greatest']:.1f}) | {same} | {over} |",
                    flush=True,
                )
    if rust:
        rust.close()
    if given.json:
        given.json.write_text(json.dumps({"load": os.getloadavg(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
