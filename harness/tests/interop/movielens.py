"""Turns the ratings of MovieLens-100k into a dataset of sets, by ann-benchmarks' own rules for MovieLens.

    python movielens.py RATINGS DATASET

Needs h5py and numpy alone. RATINGS is `ml-100k.inter`, as recbole ships it: a line of names, then user, item, rating and time
with tabs between. A user is the set of the items that they rated 3 or better; items are numbered as they come. A seeded tenth
of the users are queries. The true neighbours are found by brute force in double precision, ties by lower id, and stored as
that project stores them, in 32 bits. Says how many users, queries, items and members there are.
"""

import sys

import h5py
import numpy

COUNT = 100
LEAST = 3


def users(path):
    """The items of each user who has any, and how many items there are."""
    items, sets = {}, {}
    with open(path) as file:
        next(file)
        for line in file:
            user, item, rating, _ = line.split("\t")
            if float(rating) >= LEAST:
                sets.setdefault(user, set()).add(items.setdefault(item, len(items)))
    return list(sets.values()), len(items)


def distances(train, test, dimension):
    """1 - common members / all members, of each query to each set."""

    def rows(sets):
        member = numpy.zeros((len(sets), dimension))
        for row, members in zip(member, sets):
            row[list(members)] = 1
        return member

    train, test = rows(train), rows(test)
    common = test @ train.T
    return 1 - common / (test.sum(axis=1)[:, None] + train.sum(axis=1) - common)


def main(ratings, path):
    sets, dimension = users(ratings)
    order = numpy.random.default_rng(16).permutation(len(sets))
    queries = len(sets) // 10
    parts = {"test": [sets[i] for i in order[:queries]], "train": [sets[i] for i in order[queries:]]}
    all_distances = distances(parts["train"], parts["test"], dimension)
    ids = numpy.argsort(all_distances, axis=1, kind="stable")[:, :COUNT]
    with h5py.File(path, "w") as file:
        file.attrs.update({"type": "sparse", "distance": "jaccard", "dimension": dimension, "point_type": "bit"})
        for key, part in parts.items():
            file[key] = numpy.concatenate([sorted(members) for members in part])
            file[f"size_{key}"] = [len(members) for members in part]
        file.create_dataset("neighbors", ids.shape, dtype="i")[:] = ids
        file.create_dataset("distances", ids.shape, dtype="f")[:] = numpy.take_along_axis(all_distances, ids, axis=1)
    print(len(parts["train"]), queries, dimension, sum(map(len, sets)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
