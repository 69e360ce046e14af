"""Writes HDF5 files of every kind that h5py writes, and what h5py reads from them.

    python hdf5_matrix.py FOLDER

Needs h5py and numpy alone; filters of hdf5plugin are tried too where that is installed. For each case there are CASE.hdf5 with
an array `x` and a line in cases.tsv: the case, what it holds, and what must come out of it: `f64`, `i64` or `text` with h5py's
own reading in CASE.bin (little-endian, or the texts with a zero behind each), or `refused` and words that the message must have.
"""

import ctypes
import glob
import itertools
import os
import sys

import h5py
import numpy

ROWS, COLUMNS = 23, 5
LIBVERS = [("earliest", "latest"), ("v108", "v108"), ("v110", "v110"), ("v112", "v112"), ("latest", "latest")]
FLOATS = ["f2", "f4", "f8"]
WHOLES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
# Chunks that fit, that leave borders in both dimensions, that are one for all.
CHUNKS = {"even": (23, 5), "uneven": (7, 2), "rows": (4, 5)}
GROWING = {"fixed": None, "rows": (None, COLUMNS), "both": (None, None)}
FILTERS = {
    "none": {},
    "gzip": {"compression": "gzip"},
    "shuffle-gzip": {"compression": "gzip", "shuffle": True},
    "lzf": {"compression": "lzf"},
    "shuffle-lzf-fletcher": {"compression": "lzf", "shuffle": True, "fletcher32": True},
    "fletcher": {"fletcher32": True},
    "szip": {"compression": "szip"},
    "scaleoffset": {"scaleoffset": 0},
}


class Matrix:
    def __init__(self, folder):
        self.folder = folder
        self.lines = []
        self.skipped = 0

    def case(self, what, write, expected=None, libver=("earliest", "latest"), sizes=None, **options):
        """Writes a case. `expected` are words of a refusal; without it h5py's reading is what must come out. `sizes` are the
        bytes of an address and of a length in the file."""
        name = f"{len(self.lines):05}"
        path = os.path.join(self.folder, name + ".hdf5")
        try:
            if sizes is not None:
                creation, access = h5py.h5p.create(h5py.h5p.FILE_CREATE), h5py.h5p.create(h5py.h5p.FILE_ACCESS)
                creation.set_sizes(*sizes)
                access.set_libver_bounds(*(h5py.h5f.LIBVER_EARLIEST if each == "earliest" else h5py.h5f.LIBVER_LATEST
                                           for each in libver))
                opened = h5py.File(h5py.h5f.create(path.encode(), h5py.h5f.ACC_TRUNC, creation, access))
            else:
                opened = h5py.File(path, "w", libver=libver, **options)
            with opened as file:
                write(file)
        except (ValueError, TypeError, RuntimeError, OSError, NotImplementedError):
            # h5py does not write that.
            self.skipped += 1
            if os.path.exists(path):
                os.remove(path)
            return
        if expected is not None:
            self.lines.append((name, what, "refused", expected))
            return
        try:
            kind, data = self.reading(path)
        except (KeyError, OSError):
            # What HDF5 writes with lengths of 2 bytes it cannot always read itself.
            self.skipped += 1
            os.remove(path)
            return
        with open(os.path.join(self.folder, name + ".bin"), "wb") as file:
            file.write(data)
        self.lines.append((name, what, kind, ""))

    @staticmethod
    def reading(path):
        """What h5py reads."""
        with h5py.File(path, "r") as file:
            read = file["x"]
            if h5py.check_string_dtype(read.dtype) is not None:
                return "text", b"".join(text.split(b"\0")[0] + b"\0" for text in read[()].ravel().tolist())
            if read.dtype.kind == "f":
                return "f64", read[()].astype("<f8").tobytes()
            return "i64", read[()].astype("<i8").tobytes()

    def finish(self):
        with open(os.path.join(self.folder, "cases.tsv"), "w", encoding="utf-8") as file:
            for line in self.lines:
                file.write("\t".join(line) + "\n")
        print(f"{len(self.lines)} cases, {self.skipped} that h5py does not write or cannot read itself")


def values(code):
    random = numpy.random.default_rng(7)
    if code[-2] == "f":
        made = random.normal(size=(ROWS, COLUMNS)).astype(code)
        made[0, 0], made[1, 1] = -0.0, numpy.finfo(code).tiny
        return made
    limits = numpy.iinfo(code)
    # What exceeds i64 is no id.
    return random.integers(max(limits.min, -(2**62)), min(limits.max, 2**62), (ROWS, COLUMNS)).astype(code)


def numbers(matrix):
    for code, order, libver in itertools.product(FLOATS + WHOLES, "<>", LIBVERS):
        data = values(order + code)
        title = f"{order}{code}, {libver[0]}"
        matrix.case(f"contiguous, {title}", lambda file: file.create_dataset("x", data=data), libver=libver)

        def compact(file):
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_layout(h5py.h5d.COMPACT)
            space = h5py.h5s.create_simple(data.shape)
            made = h5py.h5d.create(file.id, b"x", h5py.h5t.py_create(data.dtype), space, properties)
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, data)

        matrix.case(f"compact, {title}", compact, libver=libver)
        for (chunk, chunks), (growth, most), (filter, options) in itertools.product(
            CHUNKS.items(), GROWING.items(), FILTERS.items()
        ):
            if filter == "scaleoffset" and code in FLOATS:
                options = {"scaleoffset": 3}
            matrix.case(
                f"chunks {chunk}, growing {growth}, {filter}, {title}",
                lambda file: file.create_dataset("x", data=data, chunks=chunks, maxshape=most, **options),
                libver=libver,
            )


def shapes(matrix):
    for libver, shape in itertools.product(LIBVERS, [(), (1,), (40,), (3, 4, 5), (2, 3, 4, 5), (0, 5), (1000,), (3000, 2)]):
        data = numpy.arange(int(numpy.prod(shape)), dtype="f4").reshape(shape)
        title = f"shape {shape}, {libver[0]}"
        matrix.case(f"contiguous, {title}", lambda file: file.create_dataset("x", data=data), libver=libver)
        if shape and 0 not in shape:
            chunks = tuple(max(1, n // 2) for n in shape)
            most = (None,) * len(shape)
            matrix.case(
                f"chunked, {title}",
                lambda file: file.create_dataset("x", data=data, chunks=chunks, maxshape=most, compression="gzip"),
                libver=libver,
            )
    # Indices of chunks with several levels and pages.
    for libver, most in itertools.product(LIBVERS, [None, (None, 2), (None, None)]):
        data = numpy.arange(20000, dtype="f4").reshape(10000, 2)
        for filter in ["none", "gzip"]:
            matrix.case(
                f"5,000 chunks, at most {most}, {filter}, {libver[0]}",
                lambda file: file.create_dataset("x", data=data, chunks=(2, 2), maxshape=most, **FILTERS[filter]),
                libver=libver,
            )

    def shrunk(file):
        made = file.create_dataset("x", data=numpy.arange(60.0).reshape(12, 5), chunks=(4, 2), maxshape=(None, None))
        made.resize((5, 3))

    def appended(file):
        made = file.create_dataset("x", shape=(0, 5), chunks=(4, 5), maxshape=(None, 5), dtype="f4", compression="gzip")
        for i in range(7):
            made.resize((3 * i + 3, 5))
            made[3 * i :] = i + numpy.arange(15.0).reshape(3, 5)

    for libver in LIBVERS:
        matrix.case(f"shrunk, {libver[0]}", shrunk, libver=libver)
        matrix.case(f"appended to, {libver[0]}", appended, libver=libver)


def plain_border(matrix):
    """Chunks at the border that are stored without filters: H5Pset_chunk_opts, which h5py does not wrap."""
    found = glob.glob(os.path.join(os.path.dirname(h5py.__file__), "..", "h5py.libs", "libhdf5-*"))
    if not found:
        print("h5py's HDF5 library is not beside it: plain borders are not tried")
        return
    library = ctypes.CDLL(found[0])
    for code, (filter, options), libver in itertools.product(["<f4", ">f8", "<i4"], FILTERS.items(), LIBVERS):
        data = values(code)

        def write(file):
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_chunk((7, 2))
            if options.get("shuffle"):
                properties.set_shuffle()
            if options.get("compression") == "gzip":
                properties.set_deflate(4)
            elif options.get("compression"):
                raise NotImplementedError
            if options.get("fletcher32"):
                properties.set_fletcher32()
            if library.H5Pset_chunk_opts(ctypes.c_int64(properties.id), ctypes.c_uint(2)) < 0:
                raise RuntimeError
            space = h5py.h5s.create_simple(data.shape)
            made = h5py.h5d.create(file.id, b"x", h5py.h5t.py_create(data.dtype), space, properties)
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, data)

        matrix.case(f"plain border, {filter}, {code}, {libver[0]}", write, libver=libver)


def texts(matrix):
    names = ["", "a", "\u00e9t\u00e9", "\u8a9e", "a longer one, with spaces ", "z" * 300]
    for libver in LIBVERS:
        for chunks in [None, (4,)]:
            matrix.case(
                f"texts of any length, chunks {chunks}, {libver[0]}",
                lambda file: file.create_dataset("x", data=names, dtype=h5py.string_dtype(), chunks=chunks),
                libver=libver,
            )
        for length in [1, 5, 400]:
            data = numpy.array([name.encode()[:length] for name in ["", "a", "bcd", "z" * 300]], dtype=f"S{length}")
            matrix.case(f"texts of {length}, {libver[0]}", lambda file: file.create_dataset("x", data=data), libver=libver)
            matrix.case(
                f"texts of {length}, gzip, {libver[0]}",
                lambda file: file.create_dataset("x", data=data, chunks=(3,), compression="gzip"),
                libver=libver,
            )


def links(matrix):
    data = values("<f4")
    for libver, crowd in itertools.product(LIBVERS, [0, 200]):

        def crowded(file):
            for i in range(crowd):
                file[f"other{i}"] = i

        def soft(file):
            crowded(file)
            file["real"] = data
            file["x"] = h5py.SoftLink("/real")

        def relative(file):
            crowded(file)
            file["group/deep/real"] = data
            file["alias"] = h5py.SoftLink("group")
            file["x"] = h5py.SoftLink("alias/deep/real")

        def hard(file):
            crowded(file)
            file["real"] = data
            file["x"] = file["real"]

        def unrelated(file):
            crowded(file)
            file["x"] = data
            file["nowhere"] = h5py.SoftLink("/nothing")
            file["abroad"] = h5py.ExternalLink("other.hdf5", "/there")

        def ring(file):
            crowded(file)
            file["x"] = h5py.SoftLink("/y")
            file["y"] = h5py.SoftLink("/x")

        def external(file):
            crowded(file)
            file["x"] = h5py.ExternalLink("other.hdf5", "/there")

        def dangling(file):
            crowded(file)
            file["x"] = h5py.SoftLink("/nothing/here")

        title = f"{crowd} others, {libver[0]}"
        for write in [soft, relative, hard, unrelated]:
            matrix.case(f"{write.__name__} link, {title}", write, libver=libver)
        matrix.case(f"external link, {title}", external, "link to /there in another file, other.hdf5", libver)
        matrix.case(f"dangling link, {title}", dangling, "link to /nothing/here, which leads to nothing in the file", libver)
        matrix.case(f"ring of links, {title}", ring, "link to /y", libver)
        matrix.case(f"a group, {title}", lambda file: (crowded(file), file.create_group("x")), "it is a group", libver)
        matrix.case(f"missing, {title}", crowded, "`x` is missing", libver)


def crowd(matrix):
    """So many members that their index has several levels."""

    def filled(file):
        for i in range(60_000):
            file[f"other{i}"] = h5py.SoftLink("/real")

    def there(file):
        filled(file)
        file["x"] = values("<f4")

    for libver in [LIBVERS[0], LIBVERS[-1]]:
        matrix.case(f"among 60,000 links, {libver[0]}", there, libver=libver)
        matrix.case(f"missing among 60,000 links, {libver[0]}", filled, "`x` is missing", libver)


def files(matrix):
    """Addresses and lengths of other sizes, a block of the user's before the file, members in the order of their making."""
    names = ["", "a", "\u00e9t\u00e9", "z" * 300]
    data = values("<f4")
    writes = {
        "contiguous": lambda file: file.create_dataset("x", data=data),
        "chunked": lambda file: file.create_dataset("x", data=data, chunks=(7, 2), maxshape=(None, None)),
        "gzip": lambda file: file.create_dataset("x", data=data, chunks=(7, 2), compression="gzip"),
        "growing": lambda file: file.create_dataset("x", data=data, chunks=(2, 5), maxshape=(None, 5), shuffle=True),
        "texts": lambda file: file.create_dataset("x", data=names, dtype=h5py.string_dtype()),
        "a link": lambda file: (file.create_dataset("real", data=data), file.update({"x": h5py.SoftLink("/real")})),
    }
    for (what, write), edge in itertools.product(writes.items(), ["earliest", "latest"]):
        libver = (edge, "latest")
        for sizes in itertools.product([2, 4, 8], [2, 4, 8]):
            # The oldest form is read only where both are equal.
            expected = "addresses of" if edge == "earliest" and sizes[0] != sizes[1] else None
            matrix.case(f"{what}, sizes {sizes}, {edge}", write, expected, libver, sizes)
        for block in [512, 4096]:
            matrix.case(f"{what}, a block of {block} before it, {edge}", write, libver=libver, userblock_size=block)
        matrix.case(f"{what}, in order, {edge}", write, libver=libver, track_order=True)
        for strategy in ["page", "fsm", "aggregate", "none"]:
            matrix.case(f"{what}, space by {strategy}, {edge}", write, libver=libver, fs_strategy=strategy)


def refused(matrix):
    for libver in LIBVERS:
        title = f", {libver[0]}"
        matrix.case("booleans" + title, lambda file: file.create_dataset("x", data=[True, False]), "booleans", libver)
        matrix.case("complex" + title, lambda file: file.create_dataset("x", data=[1j]), "holds", libver)
        matrix.case(
            "compound" + title,
            lambda file: file.create_dataset("x", data=numpy.zeros(3, dtype=[("a", "f4"), ("b", "i4")])),
            "compound",
            libver,
        )
        matrix.case(
            "ragged" + title,
            lambda file: file.create_dataset("x", shape=(2,), dtype=h5py.vlen_dtype("f4")),
            "variable length",
            libver,
        )
        matrix.case("opaque" + title, lambda file: file.create_dataset("x", data=numpy.zeros(3, "V5")), "opaque", libver)
        matrix.case(
            "long double" + title,
            lambda file: file.create_dataset("x", data=numpy.zeros(3, numpy.longdouble)),
            "floating-point numbers of 16 bytes",
            libver,
        )

        def biased(file):
            kind = h5py.h5t.IEEE_F32LE.copy()
            kind.set_ebias(64)
            h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((3,)))

        def twelve(file):
            kind = h5py.h5t.STD_I16LE.copy()
            kind.set_precision(12)
            h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((3,)))

        matrix.case("another bias" + title, biased, "biased by 64", libver)
        matrix.case("12 bits" + title, twelve, "whole numbers of 12 bits", libver)
        matrix.case("never written" + title, lambda file: file.create_dataset("x", shape=(9, 4), dtype="f4"), "blocks are in the file", libver)

        def virtual(file):
            layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
            layout[:] = h5py.VirtualSource("other.hdf5", "there", shape=(4,))
            file.create_virtual_dataset("x", layout)

        def elsewhere(file):
            file.create_dataset("x", shape=(4,), dtype="f4", external=[("other.bin", 0, 16)])

        matrix.case("virtual" + title, virtual, "virtual dataset", libver)
        matrix.case("external storage" + title, elsewhere, "in another file, other.bin", libver)


def plugins(matrix):
    try:
        import hdf5plugin
    except ImportError:
        print("hdf5plugin is not installed: its filters are not tried")
        return
    data = values("<f4")
    kinds = {
        "lz4": (hdf5plugin.LZ4(), None),
        "zstd": (hdf5plugin.Zstd(), None),
        "bitshuffle": (hdf5plugin.Bitshuffle(), "bitshuffle"),
        "blosc": (hdf5plugin.Blosc(), "blosc"),
        "blosc2": (hdf5plugin.Blosc2(), "blosc2"),
        "bzip2": (hdf5plugin.BZip2(), "bzip2"),
        "zfp": (hdf5plugin.Zfp(reversible=True), "zfp"),
    }
    for libver, (name, (filter, words)) in itertools.product(LIBVERS, kinds.items()):
        for shuffle in [False, True]:
            expected = words and f"compressed by the filter {words}, which is not read"
            matrix.case(
                f"{name}, shuffle {shuffle}, {libver[0]}",
                lambda file: file.create_dataset("x", data=data, chunks=(7, 5), shuffle=shuffle, **filter),
                expected,
                libver,
            )


def main():
    matrix = Matrix(sys.argv[1])
    for part in [numbers, shapes, plain_border, texts, links, crowd, files, refused, plugins]:
        part(matrix)
    matrix.finish()


main()
