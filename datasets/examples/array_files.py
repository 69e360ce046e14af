"""Times swath's readers of array files beside NumPy, SciPy, pyarrow, safetensors and FAISS, on 200,000 x 128 numbers.

`python array_files.py PROGRAM FOLDER`, where PROGRAM is the example built with `--release` and FOLDER is for the files (1.5 GB).
Prints the medians of 5 rounds in which each reader has its turn. Python's readers give one float32 array in memory; swath's pass
blocks of rows that stay in the processor's cache. All files are in the page cache.
"""

import pathlib
import statistics
import subprocess
import sys
import time

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as papq
import safetensors.numpy
import scipy.sparse

PROGRAM, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
N, D, ROUNDS = 200_000, 128, 5
FOLDER.mkdir(exist_ok=True)
random = np.random.default_rng(18)
matrix = random.standard_normal((N, D), dtype="f4")
small = random.integers(0, 256, (N, D), dtype="u1")
sizes = np.array([N, D], "<u4")


def path(name):
    return str(FOLDER / name)


def write(name, *parts):
    with open(path(name), "wb") as file:
        for part in parts:
            np.ascontiguousarray(part).tofile(file)


def lists(values, kind):
    return pa.table({"vector": pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1), kind), D)})


def parquet(name):
    column = papq.read_table(path(name))["vector"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, D).astype("f4", copy=False)


def flat(name, descr, header=8):
    return np.fromfile(path(name), descr, offset=header).reshape(N, D).astype("f4", copy=False)


def vecs(name):
    return np.fromfile(path(name), "<f4").reshape(N, 1 + D)[:, 1:].copy()


def csr(name):
    with open(path(name), "rb") as file:
        rows, columns, count = np.fromfile(file, "<i8", 3)
        indptr, indices = np.fromfile(file, "<i8", rows + 1), np.fromfile(file, "<i4", count)
        return scipy.sparse.csr_matrix((np.fromfile(file, "<f4", count), indices, indptr), shape=(rows, columns))


def csv(name):
    table = pyarrow.csv.read_csv(path(name), pyarrow.csv.ReadOptions(autogenerate_column_names=True))
    return np.stack([column.to_numpy() for column in table.columns], axis=1).astype("f4")


columns = np.sort(random.integers(0, 30_000, (N, D), dtype="i4"), axis=1)
sparse = scipy.sparse.csr_matrix((matrix.reshape(-1), columns.reshape(-1), np.arange(0, N * D + 1, D)), shape=(N, 30_000))
index = faiss.IndexFlatL2(D)
index.add(matrix)
READERS = {
    "f4.npy": (lambda name: np.save(path(name), matrix), lambda name: np.load(path(name))),
    "f8.npy": (lambda name: np.save(path(name), matrix.astype("f8")), lambda name: np.load(path(name)).astype("f4")),
    "f2.npy": (lambda name: np.save(path(name), matrix.astype("f2")), lambda name: np.load(path(name)).astype("f4")),
    "big-f4.npy": (lambda name: np.save(path(name), matrix.astype(">f4")), lambda name: np.load(path(name)).astype("f4")),
    "fortran.npy": (
        lambda name: np.save(path(name), np.asfortranarray(matrix)),
        lambda name: np.ascontiguousarray(np.load(path(name))),
    ),
    "stored.npz": (lambda name: np.savez(path(name), x=matrix), lambda name: np.load(path(name))["x"]),
    "deflated.npz": (lambda name: np.savez_compressed(path(name), x=small), lambda name: np.load(path(name))["x"].astype("f4")),
    "x.fbin": (lambda name: write(name, sizes, matrix), lambda name: flat(name, "<f4")),
    "x.f16bin": (lambda name: write(name, sizes, matrix.astype("f2")), lambda name: flat(name, "<f2")),
    "x.u8bin": (lambda name: write(name, sizes, small), lambda name: flat(name, "u1")),
    "x.fvecs": (
        lambda name: write(name, np.hstack([np.full((N, 1), D, "<i4").view("f4"), matrix])),
        vecs,
    ),
    "x.safetensors": (
        lambda name: safetensors.numpy.save_file({"x": matrix}, path(name)),
        lambda name: safetensors.numpy.load_file(path(name))["x"],
    ),
    "x.faiss": (
        lambda name: faiss.write_index(index, path(name)),
        lambda name: faiss.read_index(path(name)).reconstruct_n(0, N),
    ),
    "x.csr": (
        lambda name: write(name, np.array([*sparse.shape, sparse.nnz]), sparse.indptr.astype("i8"), sparse.indices.astype("i4"), sparse.data),
        csr,
    ),
    "sparse.npz": (
        lambda name: scipy.sparse.save_npz(path(name), sparse, compressed=False),
        lambda name: scipy.sparse.load_npz(path(name)),
    ),
    "none.parquet": (lambda name: papq.write_table(lists(matrix, pa.float32()), path(name), compression="none", use_dictionary=False), parquet),
    "snappy.parquet": (lambda name: papq.write_table(lists(matrix, pa.float32()), path(name)), parquet),
    "zstd.parquet": (lambda name: papq.write_table(lists(matrix, pa.float32()), path(name), compression="zstd"), parquet),
    "gzip.parquet": (lambda name: papq.write_table(lists(matrix, pa.float32()), path(name), compression="gzip"), parquet),
    "half.parquet": (lambda name: papq.write_table(lists(matrix.astype("f2"), pa.float16()), path(name)), parquet),
    "x.csv": (lambda name: np.savetxt(path(name), matrix, delimiter=",", fmt="%.7g"), csv),
}
pa.set_cpu_count(1)
for name, (make, _) in READERS.items():
    if not (FOLDER / name).exists():
        make(name)
times = {}
for _ in range(ROUNDS):
    for name, (_, read) in READERS.items():
        for file in ["plain:" + path(name), path(name)]:
            said = subprocess.run([PROGRAM, file], capture_output=True, text=True, check=True).stdout
            times.setdefault((name, file.startswith("plain:")), []).append(float(said.split()[0]))
        start = time.perf_counter()
        values = read(name)
        times.setdefault((name, "python"), []).append(time.perf_counter() - start)
        del values
print("| file | MB | plain read ms | swath ms | Python ms | swath, million rows/s | swath GB/s |\n|---|---|---|---|---|---|---|")
for name in READERS:
    plain, swath, python = (statistics.median(times[name, kind]) for kind in [True, False, "python"])
    size = (FOLDER / name).stat().st_size
    ms = " | ".join(f"{1e3 * seconds:.0f}" for seconds in [plain, swath, python])
    print(f"| {name} | {size / 1e6:.0f} | {ms} | {N / swath / 1e6:.2f} | {size / swath / 1e9:.2f} |")
