"""swath's exact search through bits and sets beside FAISS's binary flat index and SciPy's sparse products, in one run.

    python3 algorithms/benches/peers/points.py             # prints a table; needs numpy, scipy and faiss-cpu
    python3 algorithms/benches/peers/points.py --rounds 9

One thread each. Each round times every case once with the peer and once with swath, in turn; the table shows medians over
rounds, in milliseconds a query: 64 queries one by one, then all 64 at once. Every answer is checked: the 100 distances must be
the same. SciPy's times hold the product, the Jaccard similarities from it, and numpy's selection of the 100 largest.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy
import scipy.sparse

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
QUERIES, POOL = 64, 100


class Swath:
    def __init__(self):
        command = ["cargo", "bench", "--quiet", "-p", "swath-algorithms", "--bench", "peers"]
        subprocess.run([*command, "--no-run"], cwd=REPOSITORY, check=True)
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request):
        self.process.stdin.write(json.dumps({"search": request}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def largest(similarities):
    kept = numpy.argpartition(-similarities, POOL)[:POOL]
    return numpy.sort(1 - similarities[kept])


def each(function):
    """Milliseconds a query, and what came out."""
    start = time.perf_counter()
    answers = function()
    return 1e3 * (time.perf_counter() - start) / QUERIES, answers


class Bits:
    def __init__(self, folder, rows):
        rng = numpy.random.default_rng(rows)
        self.train, self.test = (rng.integers(0, 256, (n, 32), dtype="uint8") for n in (rows, QUERIES))
        self.name = f"hamming, {rows:,} x 256 bits"
        self.request = {"kind": "bits", "dim": 256, "size": 4, "candidates": {"exact": {"pool": POOL}}}
        for name, data in (("rows", self.train), ("queries", self.test)):
            path = pathlib.Path(folder) / f"bits-{rows}-{name}"
            data.tofile(path)
            self.request[name] = str(path)
        self.index = faiss.IndexBinaryFlat(256)
        self.index.add(self.train)

    def peers(self):
        """(name, one query at a time, all at once)"""
        one = lambda: [self.index.search(self.test[i : i + 1], POOL)[0][0] / 256 for i in range(QUERIES)]
        yield "FAISS binary flat", one, lambda: list(self.index.search(self.test, POOL)[0] / 256)


class Sets:
    def __init__(self, folder, rows, candidates):
        rng = numpy.random.default_rng(rows)
        draw = lambda n: numpy.sort(numpy.array([rng.choice(28_000, 30, replace=False) for _ in range(n)]), axis=1)
        train, test = draw(rows).astype("uint32"), draw(QUERIES).astype("uint32")
        self.name = f"jaccard, {rows:,} x 30 of 28,000, {next(iter(candidates))}"
        self.request = {"kind": "sets", "dim": 28_000, "size": 30, "candidates": candidates}
        for name, data in (("rows", train), ("queries", test)):
            path = pathlib.Path(folder) / f"sets-{rows}-{name}"
            data.tofile(path)
            self.request[name] = str(path)
        matrix = lambda members: scipy.sparse.csr_matrix(
            (numpy.ones(members.size, "float32"), members.ravel(), numpy.arange(0, members.size + 1, 30)),
            shape=(len(members), 28_000),
        )
        self.train, self.test = matrix(train), matrix(test)
        self.transposed = self.train.T.tocsr()

    @staticmethod
    def similarities(products):
        return products / (60 - products)

    def peers(self):
        def by_rows():
            dense = self.test.toarray()
            return [largest(self.similarities(self.train @ dense[i])) for i in range(QUERIES)]

        def by_columns():
            return [largest(self.similarities((self.test[i] @ self.transposed).toarray()[0])) for i in range(QUERIES)]

        def at_once():
            return [largest(self.similarities(row)) for row in (self.test @ self.transposed).toarray()]

        yield "SciPy, rows x dense query", by_rows, at_once
        yield "SciPy, sparse query x columns", by_columns, at_once


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    faiss.omp_set_num_threads(1)
    swath = Swath()
    print(f"{'case':48} {'peer':30} {'swath':>9} {'peer':>9} {'ratio':>6} {'swath, 64':>10} {'peer, 64':>9} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for case in (
            Bits(folder, 100_000),
            Bits(folder, 1_000_000),
            Sets(folder, 100_000, {"exact": {"pool": POOL}}),
            Sets(folder, 100_000, {"inverted": {"pool": POOL}}),
        ):
            for peer, one, at_once in case.peers():
                times = {"ours": [], "ours at once": [], "theirs": [], "theirs at once": []}
                # The first round warms up and does not count.
                for round in range(rounds + 1):
                    their_one, found = each(one)
                    answer = swath.ask(case.request)
                    their_all, found_at_once = each(at_once)
                    for ours, theirs, others in zip(answer["distances"], found, found_at_once):
                        assert numpy.allclose(ours, theirs) and numpy.allclose(ours, others), "other distances"
                    if round:
                        times["ours"].append(answer["single_ms"])
                        times["ours at once"].append(answer["batch_ms"] or answer["single_ms"])
                        times["theirs"].append(their_one)
                        times["theirs at once"].append(their_all)
                m = {name: statistics.median(values) for name, values in times.items()}
                print(
                    f"{case.name:48} {peer:30} {m['ours']:>9.3f} {m['theirs']:>9.3f} {m['theirs'] / m['ours']:>5.1f}x"
                    f" {m['ours at once']:>10.3f} {m['theirs at once']:>9.3f} {m['theirs at once'] / m['ours at once']:>5.1f}x"
                )


if __name__ == "__main__":
    main()
