"""How each recipe runs: it makes the arrays of a dataset, and this module finds the true neighbours and writes the file.

    python datasets/recipes/RECIPE.py OUT_FOLDER

OUT_FOLDER then has NAME.hdf5, the licence of what it was made of as NAME.LICENCE.txt where there is one to keep, and in `packages/` the
packages that were downloaded. The file is one that swath reads, with the additions that docs/datasets.md lists.
"""

import hashlib
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy

from package import Refused

NEIGHBORS = 100
# Values in a block of distances: 64 MiB.
BLOCK = 1 << 23


@dataclass
class Dataset:
    """What a recipe made.

    `train` (n, d) and `test` (m, d) are vectors, compared by `distance`: euclidean, angular or ip. `links` maps the name of a relation
    to its links, (e, 2) rows of `train`; `subtopics` and `qrels` are (r, 3), of (query, row of `train`, subtopic or grade). `groups` maps
    a kind to a number (-1: none) or a text (empty: none) for each row. `names` and `texts` hold those of `train` and of `test`. `history`
    says in a line what was done, and `licence` is a text to keep with the file.
    """

    distance: str
    train: numpy.ndarray
    test: numpy.ndarray
    names: tuple
    history: str
    texts: tuple = ()
    links: dict = field(default_factory=dict)
    subtopics: object = None
    qrels: object = None
    groups: dict = field(default_factory=dict)
    licence: str = ""


def main(name, packages, make):
    """Writes the dataset that `make` returns, given a function that takes a file of a package."""
    if len(sys.argv) != 2:
        sys.exit(sys.modules["__main__"].__doc__)
    folder, start = Path(sys.argv[1]), time.monotonic()
    try:
        dataset = make(lambda package, member, most: package.read(member, folder / "packages", most))
    except Refused as flaw:
        sys.exit(f"{name}: {flaw}")
    dataset.history = f"{name}: {dataset.history}; from " + ", ".join(f"{package}, SHA-256 {package.sha256}" for package in packages)
    if dataset.licence:
        (folder / f"{name}.LICENCE.txt").write_text(dataset.licence)
    path = folder / f"{name}.hdf5"
    write(path, dataset)
    rows = f"{len(dataset.train)} base vectors, {len(dataset.test)} queries, {dataset.train.shape[1]} dimensions"
    print(f"{path}: {rows}; SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}; {time.monotonic() - start:.0f} s")


def write(path, dataset):
    """Writes the file beside its place, and moves it there when it is whole. The same arrays give the same bytes."""
    train, test = (stored(vectors) for vectors in (dataset.train, dataset.test))
    ids, distances = neighbors(dataset.distance, train, test)
    part = path.with_suffix(".part")
    with h5py.File(part, "w") as file:
        file.attrs.update({"type": "dense", "distance": dataset.distance, "dimension": train.shape[1], "point_type": "float"})
        file.attrs["history"] = dataset.history
        file["train"], file["test"], file["neighbors"], file["distances"] = train, test, ids, distances
        if dataset.links:
            links, relations = joined(dataset.links)
            file["links"], file["link_relations"] = links, relations
            file["links"].attrs["relations"] = ",".join(dataset.links)
        for key in ("subtopics", "qrels"):
            if (rows := getattr(dataset, key)) is not None:
                file[key] = numpy.unique(numpy.array(rows, "int32"), axis=0)
        for kind, groups in dataset.groups.items():
            file[f"groups/{kind}"] = groups if isinstance(groups, list) else groups.astype("int32")
        for key, labels in (("names", dataset.names), ("texts", dataset.texts)):
            for vectors, texts in zip(("train", "test"), labels):
                file.create_dataset(f"{vectors}_{key}", data=texts, dtype=h5py.string_dtype())
    os.replace(part, path)


def stored(vectors):
    """Bytes as they are, and other vectors as float32."""
    return numpy.ascontiguousarray(vectors, "uint8" if vectors.dtype == "uint8" else "float32")


def joined(links):
    """All links, each once with the same relation, and the number of each one's relation."""
    rows = [numpy.unique(numpy.array(pairs, "int32").reshape(-1, 2), axis=0) for pairs in links.values()]
    return numpy.concatenate(rows), numpy.repeat(numpy.arange(len(rows), dtype="int8"), [len(pairs) for pairs in rows])


def neighbors(distance, train, test):
    """The nearest rows of `train` to each row of `test`, by distances in float64 rounded to float32, ties by the lower row."""
    count = min(NEIGHBORS, len(train))
    train, test = train.astype("float64"), test.astype("float64")
    if distance == "angular":
        train, test = (vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (train, test))
    found = []
    rows = max(1, BLOCK // len(train))
    for start in range(0, len(test), rows):
        block = test[start : start + rows]
        product = block @ train.T
        if distance == "euclidean":
            squares = (block**2).sum(1)[:, None] + (train**2).sum(1) - 2 * product
            values = numpy.sqrt(numpy.maximum(squares, 0))
        else:
            values = 1 - product if distance == "angular" else -product
        values = values.astype("float32")
        nearest = numpy.argsort(values, axis=1, kind="stable")[:, :count]
        found.append((nearest.astype("int32"), numpy.take_along_axis(values, nearest, axis=1)))
    return tuple(numpy.concatenate(parts) for parts in zip(*found))
