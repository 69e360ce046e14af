"""Reads dataset files as ann-benchmarks does (its `dataset_transform`), or with SciPy, and prints their rows as JSON: the values of sparse
vectors by their bits."""

import json
import sys

import h5py
import numpy as np
import scipy.sparse


def rows(file, name):
    if isinstance(file[name], h5py.Group):
        group = file[name]
        arrays = tuple(group[part][:] for part in ["data", "indices", "indptr"])
        matrix = scipy.sparse.csr_matrix(arrays, shape=tuple(group["shape"][:]))
        return [[row.indices.tolist(), row.data.view("uint32").tolist()] for row in matrix]
    if file.attrs.get("type", "dense") == "sparse":
        ends = np.cumsum(file[f"size_{name}"][:])
        return [part.tolist() for part in np.split(file[name][:], ends[:-1])]
    return np.array(file[name]).tolist()


for path in sys.argv[1:]:
    with h5py.File(path) as file:
        attributes = [str(file.attrs[key]) for key in ["type", "distance", "point_type", "dimension"]]
        print(json.dumps([attributes, rows(file, "train"), rows(file, "test"), file["distances"].dtype.name]))
