"""Reads what `swath export RUN --ann-benchmarks EXPORT` wrote as ann-benchmarks reads it, and compares with the run.

    python ann_benchmarks.py EXPORT RUNS_CSV

Needs h5py and numpy alone. Recall and QPS are computed anew by that project's definitions and compared with the columns
`recall` and `qps_best` of the run's runs.csv. Says what it compared; exits with 1 where something differs.
"""

import csv
import os
import sys

import h5py
import numpy

ATTRIBUTES = [
    "algo", "batch_mode", "best_search_time", "build_time", "candidates", "count", "dataset", "distance", "expect_extra",
    "index_size", "name", "run_count",
]
TOLERANCE = 1e-6


def results(folder):
    """Every result: the dataset's name and the count that its path says, and the path."""
    for root, _, files in os.walk(os.path.join(folder, "results")):
        for name in sorted(files):
            path = os.path.join(root, name)
            dataset, count, *rest = os.path.relpath(path, os.path.join(folder, "results")).split(os.sep)
            if os.path.splitext(name)[-1] == ".hdf5" and len(rest) == 2:
                yield dataset, int(count), rest[0], path


def recall(true_distances, returned, count):
    """The returned distances that are at most that of the count-th true neighbour and a little, over count."""
    found = [
        sum(distance <= true[count - 1] + 1e-3 for distance in row[:count])
        for true, row in zip(true_distances, returned)
    ]
    return numpy.mean(found) / count


def points(data, key):
    """Rows of vectors or bits; for sets, which lie one after another, a set for each size."""
    values = numpy.array(data[key])
    if data.attrs["type"] != "sparse":
        return values
    ends = numpy.cumsum(numpy.array(data[f"size_{key}"]))
    return [set(part.tolist()) for part in numpy.split(values, ends[:-1])]


def jaccard(a, b):
    common = len(a & b)
    return 1 - common / (len(a) + len(b) - common) if a and b else 1.0


def distances(kind, query, others):
    if kind == "jaccard":
        return numpy.array([jaccard(query, other) for other in others])
    if kind == "hamming":
        return numpy.array([numpy.mean(query ^ other) for other in others])
    query, others = query.astype("f8"), numpy.array(others).astype("f8")
    if kind == "euclidean":
        return numpy.linalg.norm(others - query, axis=1)
    norms = numpy.linalg.norm(others, axis=1) * numpy.linalg.norm(query)
    return 1 - others @ query / norms


def main(folder, runs_csv):
    with open(runs_csv, newline="") as file:
        rows = {row["trial"]: row for row in csv.DictReader(file)}
    wrong, seen = [], set()

    def check(what, ours, theirs, relative=False):
        difference = abs(ours - theirs) / (abs(theirs) if relative else 1)
        print(f"  {what}: swath {ours:.9g}, ann-benchmarks {theirs:.9g}")
        if not difference <= TOLERANCE:
            wrong.append(f"{path}: {what}: swath {ours!r}, ann-benchmarks {theirs!r}")

    for dataset, count, algorithm, path in results(folder):
        # That project opens results for writing, since it keeps its metrics in them.
        with h5py.File(path, "r+") as run, h5py.File(os.path.join(folder, "data", dataset + ".hdf5"), "r") as data:
            properties = dict(run.attrs)
            missing = [name for name in ATTRIBUTES if name not in properties]
            if missing:
                wrong.append(f"{path}: no attribute {', '.join(missing)}")
                continue
            print(f"{properties['name']} on {dataset}, {count} results")
            row = rows.get(properties["swath_trial"])
            if row is None:
                wrong.append(f"{path}: {runs_csv} has no such trial")
                continue
            seen.add(properties["swath_trial"])
            batch = bool(properties["batch_mode"])
            if (properties["dataset"], properties["count"], batch) != (dataset, count, algorithm.endswith("-batch")):
                wrong.append(f"{path}: it lies where another dataset, count or mode belongs")
            times, ids, returned = (numpy.array(run[name]) for name in ("times", "neighbors", "distances"))
            types = [array.dtype.str for array in (times, ids, returned)]
            if types != ["<f4", "<i4", "<f4"]:
                wrong.append(f"{path}: types {types}")
            if properties["distance"] != data.attrs["distance"]:
                wrong.append(f"{path}: its distance is {properties['distance']}, its dataset's {data.attrs['distance']}")
            train, test = points(data, "train"), points(data, "test")
            m = len(test)
            if (times.shape, ids.shape, returned.shape) != ((m,), (m, count), (m, count)):
                wrong.append(f"{path}: shapes {times.shape}, {ids.shape}, {returned.shape} for {m} queries")
                continue
            # Row i answers query i of the dataset: else the distances would be those of other vectors.
            for query, row_ids, row_distances in zip(test, ids, returned):
                there = row_ids >= 0
                again = distances(properties["distance"], query, [train[id] for id in row_ids[there]])
                if not numpy.allclose(again, row_distances[there], atol=1e-5) or numpy.isfinite(row_distances[~there]).any():
                    wrong.append(f"{path}: distances are not those of its vectors")
                    break
            check("recall", float(row["recall"]), float(recall(list(data["distances"]), returned, count)))
            best = float(properties["best_search_time"])
            check("queries per second", float(row["qps_best"]), 1 / best, relative=True)
            check("mean of the times", best, float(times.astype("f8").mean()), relative=True)
    for trial in sorted(set(rows) - seen):
        wrong.append(f"{folder}: no result of trial {trial}")
    print(f"{len(seen)} of {len(rows)} trials compared, {len(wrong)} differences")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
