"""Writes results as ann-benchmarks does, for `swath import` to read.

    python published.py FOLDER DATASET COUNT

FOLDER/data/DATASET.hdf5 is there. Writes exact results with all attributes that version 2023 has, and, as an old version
had them, results without half of the attributes in which every list lacks its last item.
"""

import os
import sys

import h5py
import numpy


def store(path, attributes, times, neighbors, distances):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with h5py.File(path, "w") as file:
        for key, value in attributes.items():
            file.attrs[key] = value
        file.create_dataset("times", times.shape, "f")[:] = times
        file.create_dataset("neighbors", neighbors.shape, "i")[:] = neighbors
        file.create_dataset("distances", distances.shape, "f")[:] = distances


def main(folder, dataset, count):
    count = int(count)
    with h5py.File(os.path.join(folder, "data", dataset + ".hdf5"), "r") as data:
        neighbors, distances = data["neighbors"][:, :count], data["distances"][:, :count]
        distance = data.attrs["distance"]
    results = os.path.join(folder, "results", dataset, str(count))
    times = numpy.full(len(neighbors), 2e-3)
    attributes = {
        "batch_mode": False, "best_search_time": 1e-3, "candidates": float(count), "expect_extra": False,
        "name": "Exact(metric=angular)", "run_count": 5, "distance": distance, "count": count, "build_time": 0.5,
        "index_size": 12.0, "algo": "exact", "dataset": dataset,
    }
    store(os.path.join(results, "exact", "angular.hdf5"), attributes, times, neighbors, distances)
    neighbors, distances = neighbors.copy(), distances.copy()
    neighbors[:, -1], distances[:, -1] = -1, numpy.inf
    attributes = {"best_search_time": 1e-3, "name": "Old(3)", "algo": "old", "expect_extra": False}
    store(os.path.join(results, "old", "3.hdf5"), attributes, times, neighbors, distances)
    batch = {**attributes, "batch_mode": True}
    store(os.path.join(results, "old-batch", "3.hdf5"), batch, times, neighbors, distances)


if __name__ == "__main__":
    main(*sys.argv[1:])
