"""Writes datasets of all types of points into the folder given, by the rules of the projects that write such files.

Each file also has `exact_ids` and `exact_distances`: the nearest by brute force in double precision, ties by lower id. Readers
ignore them; the test compares them with an exact search. Needs h5py, numpy and scipy.
"""

import pathlib
import sys

import h5py
import numpy as np
import scipy.sparse

FOLDER = pathlib.Path(sys.argv[1])
K = 100
RANDOM = np.random.default_rng(16)


def nearest(distances):
    """The ids and distances of the K nearest, ties by lower id."""
    ids = np.argsort(distances, axis=1, kind="stable")[:, :K]
    return ids, np.take_along_axis(distances, ids, axis=1)


def write(name, attributes, train, test, distances, stored=None, extra=None):
    """`distances` are swath's, in double precision; `stored` turns them into those of the file."""
    ids, exact = nearest(distances)
    with h5py.File(FOLDER / f"{name}.hdf5", "w") as file:
        file.attrs.update(attributes)
        for key, points in [("train", train), ("test", test)]:
            if isinstance(points, scipy.sparse.csr_matrix):
                group = file.create_group(key)
                for part, values in [("indptr", points.indptr), ("indices", points.indices), ("data", points.data)]:
                    group[part] = values
                group["shape"] = points.shape
            else:
                file[key] = points
        for key, values in (extra or {}).items():
            file[key] = values
        file["neighbors"] = ids.astype("int32")
        file["distances"] = (stored(exact) if stored else exact).astype("float32")
        file["exact_ids"], file["exact_distances"] = ids, exact


# ann-benchmarks: booleans, and the mean of `a ^ b`.


def hamming(train, test):
    return np.array([np.mean(train ^ query, axis=1, dtype="float64") for query in test])


def clustered_bits(n, d):
    centres = RANDOM.random((10, d)) < 0.5
    return centres[RANDOM.integers(0, 10, n)] ^ (RANDOM.random((n, d)) < 0.15)


bit = {"type": "dense", "distance": "hamming", "point_type": "bit"}
for name, n, m, d in [("sift-256-hamming", 3000, 40, 256), ("word2bits-800-hamming", 1000, 30, 800)]:
    points = clustered_bits(n + m, d)
    train, test = points[:n], points[n:]
    write(name, {**bit, "dimension": d}, train, test, hamming(train, test))
    if d == 800:
        # The oldest writers: no attributes but the distance, and whole numbers.
        write("bits-as-uint8", {"distance": "hamming"}, train.astype("uint8"), test.astype("uint8"), hamming(train, test))
        write("bits-as-int64", {"distance": "hamming"}, train.astype("int64"), test.astype("int64"), hamming(train, test))

# VIBE: packed bits, `dimension` is their number, distances are counts.
points = clustered_bits(1030, 250)
train, test = points[:1000], points[1000:]
packed = {"type": "dense", "distance": "hamming", "point_type": "binary", "dimension": 250}
counts = {"stored": lambda distances: np.round(distances * 250)}
write("vibe-packed", packed, np.packbits(train, axis=1), np.packbits(test, axis=1), hamming(train, test), **counts)

# VIBE: inner products with their sign turned, and 1 - dot of vectors of length 1.
vectors = RANDOM.normal(size=(1040, 24)) * np.exp(RANDOM.normal(size=(1040, 1)))
vectors = vectors.astype("float32")
train, test = vectors[:1000], vectors[1000:] + np.float32(0.5)
products = test.astype("float64") @ train.astype("float64").T
learn = {"learn": train[:50], "learn_neighbors": np.zeros((50, K), "int32"), "avg_distances": np.zeros(50)}
vibe = {"type": "dense", "point_type": "float", "dimension": 24}
write("vibe-ip", {**vibe, "distance": "ip"}, train, test, -products, extra=learn)
unit = (vectors / np.linalg.norm(vectors.astype("float64"), axis=1, keepdims=True)).astype("float32")
train, test = unit[:1000], unit[1000:]
wide = unit.astype("float64") / np.linalg.norm(unit.astype("float64"), axis=1, keepdims=True)
write("vibe-normalized", {**vibe, "distance": "normalized"}, train, test, 1 - wide[1000:] @ wide[:1000].T)

# ann-benchmarks: sets, one after another, and their sizes.


def jaccard(train, test):
    def distance(a, b):
        return 1 - (len(a & b) / len(a | b) if a and b else 0.0)

    train, test = [set(row.tolist()) for row in train], [set(row.tolist()) for row in test]
    return np.array([[distance(a, b) for b in train] for a in test])


def flat(train, test):
    rows = {"size_train": [len(row) for row in train], "size_test": [len(row) for row in test]}
    return np.concatenate(train), np.concatenate(test), rows


def zipf_sets(n, d, mean, dtype):
    chance = 1 / np.arange(1, d + 1)
    sizes = np.minimum(1 + RANDOM.exponential(mean, n).astype(int), d // 4)
    return [RANDOM.choice(d, size, replace=False, p=chance / chance.sum()).astype(dtype) for size in sizes]


sets = zipf_sets(2040, 2798, 8, "int64")
sets = [np.sort(row) for row in sets]
kosarak = {"type": "sparse", "distance": "jaccard", "point_type": "bit", "dimension": 2798}
train, test, sizes = flat(sets[:2000], sets[2000:])
write("kosarak-jaccard", kosarak, train, test, jaccard(sets[:2000], sets[2000:]), extra=sizes)
# Not sorted, with repeated members, empty sets and no dimension.
films = zipf_sets(640, 6513, 90, "int32")
films = [np.concatenate([row, row[: len(row) // 10]]) if i % 50 else row[:0] for i, row in enumerate(films)]
train, test, sizes = flat(films[:600], films[600:])
movielens = {"type": "sparse", "distance": "jaccard", "point_type": "bit"}
write("movielens-jaccard", movielens, train, test, jaccard(films[:600], films[600:]), extra=sizes)
# The first form: a row of booleans for each set.
dense = np.zeros((640, 6513), bool)
for i, row in enumerate(films):
    dense[i, row] = True
write("jaccard-as-booleans", {"distance": "jaccard"}, dense[:600], dense[600:], jaccard(films[:600], films[600:]))

# Sparse vectors: SciPy's compressed rows in a group, and big-ann-benchmarks' files.
sparse = scipy.sparse.random(1030, 3000, 0.02, format="csr", random_state=16, dtype="float32")
sparse.data[::7] *= -1
train, test = sparse[:1000], sparse[1000:]
products = (test.astype("float64") @ train.astype("float64").T).toarray()
write("sparse-ip", {"type": "sparse", "distance": "ip"}, train, test, -products)


def write_csr(matrix, path):
    with open(path, "wb") as file:
        np.array([*matrix.shape, matrix.nnz], "int64").tofile(file)
        matrix.indptr.astype("int64").tofile(file)
        matrix.indices.astype("int32").tofile(file)
        matrix.data.astype("float32").tofile(file)


for folder, sign in [("products", 1), ("negatives", -1), ("none", 0)]:
    (FOLDER / folder).mkdir()
    write_csr(train, FOLDER / folder / "base_small.csr")
    # Fewer columns than the base has.
    last = int(test.indices.max()) + 1
    write_csr(test[:, :last], FOLDER / folder / "queries.dev.csr")
    ids, exact = nearest(-products)
    if sign:
        with open(FOLDER / folder / "base_small.dev.gt", "wb") as file:
            np.array([test.shape[0], 10], "uint32").tofile(file)
            ids[:, :10].astype("int32").tofile(file)
            (sign * -exact[:, :10]).astype("float32").tofile(file)
