"""swath's selectors beside pyversity's and apricot's, in one run, on one thread.

    python3 algorithms/benches/peers/compare.py            # prints a table; installs the peers into a virtual environment
    python3 algorithms/benches/peers/compare.py --rounds 9

Each round times every case once with the peer and once with swath, so that a drift of the machine touches both; the
table shows medians over rounds. `stage` is swath's selector alone on vectors that it holds already, as in a benchmark run;
`whole` begins with plain slices of numbers, as the peer does, and keeps its working memory from call to call. The peers get
float32 arrays.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
PEERS = ["pyversity==0.2.0", "apricot-select==0.6.1", "h5py", "numba", "scikit-learn", "scipy", "tqdm"]


def in_environment():
    """Starts this script again inside a virtual environment that has the peers."""
    folder = REPOSITORY / "target" / "peers"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
    os.execve(python, [str(python), __file__, *sys.argv[1:], "--inside"], {**os.environ, **one})


class Swath:
    def __init__(self):
        command = ["cargo", "bench", "--quiet", "-p", "swath-algorithms", "--bench", "peers"]
        subprocess.run([*command, "--no-run"], cwd=REPOSITORY, check=True)
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def pools(folder):
    """Pools of the sizes that the issue names: evenly spread directions, and the nearest words to a word."""
    import h5py
    import numpy

    rng = numpy.random.default_rng(1)
    random = rng.standard_normal((5000, 100)).astype("float32")
    # Relevance as a cosine to a query that lies in their midst.
    unit = random / numpy.linalg.norm(random, axis=1, keepdims=True)
    query = rng.standard_normal(100).astype("float32") + 2 * unit[0] * 10
    scores = unit @ (query / numpy.linalg.norm(query))
    with h5py.File(REPOSITORY / "datasets" / "data" / "glove-wordnet-20k.hdf5") as file:
        train, test = file["train"][:], file["test"][7]
    directions = train / numpy.linalg.norm(train, axis=1, keepdims=True)
    nearness = directions @ (test / numpy.linalg.norm(test))
    order = numpy.argsort(-nearness)
    found = {}
    for name, vectors, relevance in [
        ("random", random[:1000], scores[:1000]),
        ("words", train[order[:1000]], nearness[order[:1000]]),
        ("random 5000", random, scores),
    ]:
        path = pathlib.Path(folder) / f"{name}.f32"
        vectors.astype("<f4").tofile(path)
        found[name] = (vectors, relevance.astype("float32"), str(path))
    return found


def cases(data):
    """(peer, pool, k, the peer's call, our selector, whether the two must pick the same)."""
    import apricot
    import numpy
    import pyversity

    def picks(result):
        return [int(i) for i in result.indices]

    for pool in ("random", "words"):
        vectors, scores, _ = data[pool]
        spread = float(scores.std())
        for k in (10, 100):
            yield "pyversity MMR", pool, k, lambda v=vectors, s=scores, k=k: picks(
                pyversity.diversify(v, s, k, strategy="mmr", diversity=0.5)
            ), {"mmr": {"lambda": 0.5}}, False
            yield "pyversity MSD", pool, k, lambda v=vectors, s=scores, k=k: picks(
                pyversity.diversify(v, s, k, strategy="msd", diversity=0.5)
            ), {"max-sum": {"lambda": 0.5, "distance": "cosine"}}, True
            yield "pyversity DPP", pool, k, lambda v=vectors, s=scores, k=k: picks(
                pyversity.diversify(v, s, k, strategy="dpp", diversity=0.5)
            ), {"dpp": {"theta": (1 / spread) / (1 + 1 / spread)}}, True
            yield "pyversity SSD", pool, k, lambda v=vectors, s=scores, k=k: picks(
                pyversity.diversify(v, s, k, strategy="ssd", diversity=0.5)
            ), {"ssd": {"gamma": spread, "bias": True, "window": k}}, True
            yield "pyversity COVER", pool, k, lambda v=vectors, s=scores, k=k: picks(
                pyversity.diversify(v, s, k, strategy="cover", diversity=0.5)
            ), {"facility-location": {}}, False
    vectors, _, _ = data["random 5000"]

    def facility_location():
        unit = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
        similarity = numpy.clip(unit @ unit.T, 0, None).astype("float64")
        selection = apricot.FacilityLocationSelection(100, metric="precomputed", optimizer="lazy")
        return [int(i) for i in selection.fit(similarity).ranking]

    yield "apricot facility location", "random 5000", 100, facility_location, {"facility-location": {}}, True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        in_environment()
    swath = Swath()
    with tempfile.TemporaryDirectory() as folder:
        data = pools(folder)
        everything = list(cases(data))
        theirs, ours, whole, agree, evaluations = ([[] for _ in everything] for _ in range(5))
        # The first round warms up (apricot compiles) and does not count.
        for round in range(arguments.rounds + 1):
            for at, (peer, pool, k, call, select, _) in enumerate(everything):
                slow = peer.startswith("apricot")
                if slow and round > 3:
                    continue
                times = []
                for _ in range(1 if slow else 3):
                    start = time.perf_counter()
                    picked = call()
                    times.append(1e3 * (time.perf_counter() - start))
                vectors, scores, path = data[pool]
                answer = swath.ask(
                    vectors=path, scores=[float(s) for s in scores], dim=vectors.shape[1], k=k,
                    repeats=1 if slow else 5, select=select,
                )
                if round:
                    theirs[at].append(statistics.median(times))
                    ours[at].append(answer["stage_ms"])
                    whole[at].append(answer["whole_ms"])
                same = sum(a == b for a, b in zip(picked, answer["picked"]))
                agree[at], evaluations[at] = same, answer["evaluations"]
    print(f"{'peer':26} {'pool':12} {'k':>4} {'peer ms':>9} {'stage ms':>9} {'ratio':>7} {'whole ms':>9} {'ratio':>7} {'same picks':>11} {'evaluations':>12}")
    for at, (peer, pool, k, _, _, comparable) in enumerate(everything):
        their, our, all_of = (statistics.median(times[at]) for times in (theirs, ours, whole))
        same = f"{agree[at]}/{k}" if comparable else "-"
        print(
            f"{peer:26} {pool:12} {k:>4} {their:>9.3f} {our:>9.3f} {their / our:>6.1f}x {all_of:>9.3f} {their / all_of:>6.1f}x {same:>11} {evaluations[at]:>12}"
        )


if __name__ == "__main__":
    main()
