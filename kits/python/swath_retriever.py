"""Serve an algorithm written in Python to swath. One file; it needs numpy and Python 3.9 or newer.

    import swath_retriever                     # first: from here on, print() goes to standard error
    import numpy as np

    class Mine(swath_retriever.Retriever):
        name, version = "mine", "1.0"

        def build(self, power=2.0):            # parameters under `build:` of the experiment
            self.power = power

        def set(self, probes=10):              # parameters under `search:`
            self.probes = probes

        def search(self, query, k):
            distances = (np.abs(self.base - query) ** self.power).sum(axis=1)
            return np.argsort(distances)[:k]   # ids, or (ids, scores), or (ids, scores, evaluations)

    if __name__ == "__main__":
        swath_retriever.serve(Mine)

What swath gives is in attributes of `self` when `open` is called: see `Retriever`. docs/protocol.md has the protocol.
"""

# Standard output is the protocol's alone. This comes before every other import, as a library may print while it is loaded.
import os

_ANSWERS = os.dup(1)
os.dup2(2, 1)

import ctypes
import inspect
import json
import keyword
import mmap
import operator
import sys
import traceback
from time import perf_counter_ns

import numpy as np

if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
    sys.stdout.reconfigure(line_buffering=True)


def set_openblas_threads(threads):
    """Tell every OpenBLAS that this process has loaded how many threads it may use, where the system lists libraries."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split(maxsplit=5)[5].strip() for line in maps if "openblas" in line and len(line.split()) > 5}
    except OSError:
        return
    for path in paths:
        library = ctypes.CDLL(path)
        for prefix in ("", "scipy_"):
            for suffix in ("", "64_"):
                setter = getattr(library, f"{prefix}openblas_set_num_threads{suffix}", None)
                if setter is not None:
                    setter(ctypes.c_int(threads))


class Retriever:
    """The class to derive from. Override what the algorithm can do: `search`, `search_batch`, `select`.

    Attributes, set before `open` is called:

    - `base`: the points. Dense vectors: a float32 array (n, d), read-only. Bits: a uint8 array (n, ceil(d / 8)), the first
      bit of a row is the highest of its first byte, as `np.unpackbits` has it. Sets: `Sets`. Sparse vectors: `Sparse`.
      Rows may be padded: `np.ascontiguousarray(self.base)` is a copy without padding. Vectors are as in the dataset: for
      angular they need not have length 1.
    - `dimension`, `distance` ("euclidean", "angular", "ip", "hamming" or "jaccard"), `seed`.
    - `role`: what swath uses the program as: "candidates", "selector" or "retriever".
    - `threads`, `build_threads`: how many threads searches and the build may use.
    - `scratch`: a folder of its own, also the working directory.
    - `learn` (points), `links` (int32 array (e, 2)), `groups` (a dict from kind to an int32 array (n,)), `names` (path of
      a text file): where the dataset has them, otherwise None (`groups`: an empty dict).
    """

    name = None  # a short name; the name of the class if there is none
    version = None  # a text; part of what identifies a trial, so it must not change from start to start
    normalised = None  # for angular: whether the algorithm needs or makes unit vectors (swath only shows it)
    roles = ("candidates", "retriever")  # what `search` may be used as

    def open(self):
        """Called once, when the attributes are set. Raise an exception if the data does not fit."""

    def build(self):
        """Build the index; parameters come by name. May return the size of the index in bytes."""

    def set(self):
        """Take search parameters, by name. Called before every pass; it must not change the index. A parameter whose name is a
        word of Python ends in an underscore here: `lambda_` for lambda."""

    def set_threads(self, threads):
        """Tell the library how many threads it may use. Called before the build and before the first search after it. This sets numpy's
        OpenBLAS: two of its threads on one CPU wait for each other, and are far slower than one."""
        set_openblas_threads(threads)

    def search(self, query, k):
        """At most k ids, best first: a list or an array of whole numbers. Or (ids, scores), or (ids, scores,
        evaluations): scores are larger for better ids, evaluations is how many distances were computed."""
        raise NotImplementedError

    def search_batch(self, queries, k):
        """As `search`, for many queries at once: ids is an array (n, k), or a list with a list for each query. An id of
        -1 at the end of a row stands for none."""
        raise NotImplementedError

    def select(self, query, pool_ids, pool_scores, k):
        """At most k of `pool_ids`, in order. `pool_scores` are larger for better ids."""
        raise NotImplementedError

    def close(self):
        """Called at the end, for what has to be stopped or removed."""


class Timed:
    """What `search` may return in place of its answer: the answer, and the time that counts, in nanoseconds.

    For adapters to an interface that has its own rule of what is timed. swath compares it with its own clock as it does with
    any other time.
    """

    __slots__ = ("ns", "answer")

    def __init__(self, ns, answer):
        self.ns, self.answer = ns, answer


class Sets:
    """Sets: `sets[i]` has the members of row i (uint32). Row i is `members[offsets[i]:offsets[i + 1]]`."""

    def __init__(self, members, offsets):
        self.members, self.offsets = members, offsets

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, i):
        return self.members[self.offsets[i] : self.offsets[i + 1]]


class Sparse:
    """Sparse vectors: `sparse[i]` is (columns, values) of row i.

    `scipy.sparse.csr_matrix((s.values, s.columns, s.offsets.astype("i8")), shape=(len(s), dimension))` is a matrix.
    """

    def __init__(self, offsets, columns, values):
        self.offsets, self.columns, self.values = offsets, columns, values

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, i):
        row = slice(self.offsets[i], self.offsets[i + 1])
        return self.columns[row], self.values[row]


def serve(retriever):
    """Answer swath until it ends. Takes a class derived from `Retriever`, or an object of one."""
    if isinstance(retriever, type):
        retriever = retriever()
    if not isinstance(retriever, Retriever):
        raise TypeError(f"serve takes a class derived from swath_retriever.Retriever, not {type(retriever).__name__}")
    server = _Server(retriever)
    # Processes that a library starts must not read swath's lines.
    lines = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        _send(server.hello())
        for line in lines:
            answer, last = server.answer(line)
            _send(answer)
            if last:
                break
    except BrokenPipeError:
        pass  # swath is gone
    finally:
        if server.opened:
            retriever.close()


def _send(answer):
    line = json.dumps(answer, allow_nan=False).encode() + b"\n"
    while line:
        line = line[os.write(_ANSWERS, line) :]


class Refusal(Exception):
    """What was asked or returned cannot be used; the message says why."""


class _Unsupported(Exception):
    """The program cannot do what was asked."""


class _Server:
    def __init__(self, retriever):
        self.retriever = retriever
        self.ops = {
            "open": self.open,
            "build": self.build,
            "set": self.set,
            "echo": self.echo,
            "search": self.search,
            "select": self.select,
            "end": lambda _: {},
        }
        self.opened = self.narrowed = False
        if self.overrides("search_batch") and not self.overrides("search"):
            raise TypeError(f"{type(retriever).__name__} has search_batch, but no search: swath times single queries, too")
        if not (self.overrides("search") or self.overrides("select")):
            raise TypeError(f"{type(retriever).__name__} has neither search nor select")

    def overrides(self, method):
        return getattr(type(self.retriever), method) is not getattr(Retriever, method)

    def hello(self):
        r = self.retriever
        can = list(r.roles) if self.overrides("search") else []
        can += ["selector"] if self.overrides("select") else []
        can += ["batch"] if self.overrides("search_batch") else []
        info = {"kit": "python"}
        info.update({} if r.version is None else {"version": str(r.version)})
        info.update({} if r.normalised is None else {"normalised": bool(r.normalised)})
        return {"swath": 1, "name": r.name or type(r).__name__, "info": info, "can": can}

    def answer(self, line):
        """The answer to a line, and whether it is the last."""
        begin = perf_counter_ns()
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise Refusal("a line is to be a JSON object")
            op = request.get("op")
            if op not in self.ops:
                raise _Unsupported(f"unknown op {json.dumps(op)}; known are {', '.join(self.ops)}")
            if not self.opened and op not in ("open", "end"):
                raise Refusal(f'"{op}" came before "open"')
            answer = {"ok": True}
            answer.update(self.ops[op](request))
            answer.setdefault("ns", perf_counter_ns() - begin)
            return answer, op == "end"
        except _Unsupported as e:
            return _failure("unsupported", str(e)), False
        except Refusal as e:
            return _failure("failed", str(e)), False
        except KeyError as e:
            traceback.print_exc()
            return _failure("failed", f"KeyError: {e} is not there"), False
        except Exception as e:  # of the user's code: told to swath in one line, with all that Python knows in the log
            traceback.print_exc()
            return _failure("failed", f"{type(e).__name__}: {e}"), False

    def open(self, request):
        r = self.retriever
        r.role = request.get("role")
        r.base = _points(request["base"])
        for field in ("dimension", "distance", "threads", "build_threads", "seed", "scratch"):
            setattr(r, field, request[field])
        r.learn = _points(request["learn"]) if request.get("learn") else None
        r.links = _array(request["links"]) if request.get("links") else None
        r.groups = {kind: _array(array) for kind, array in (request.get("groups") or {}).items()}
        r.names = request.get("names")
        r.open()
        self.opened = True
        return {}

    def build(self, request):
        r = self.retriever
        params = self.params("build", request)
        r.set_threads(r.build_threads)
        self.narrowed = False
        begin = perf_counter_ns()
        size = r.build(**params)
        answer = {"ns": perf_counter_ns() - begin}
        if size is not None:
            try:
                answer["bytes"] = operator.index(size)
            except TypeError:
                raise Refusal(f"build is to return the index's size in bytes or nothing, not {_what(size)}") from None
        return answer

    def set(self, request):
        self.retriever.set(**self.params("set", request))
        return {}

    def params(self, method, request):
        """The parameters, if the method takes them."""
        params = {_argument(name): value for name, value in (request.get("params") or {}).items()}
        arguments = inspect.signature(getattr(self.retriever, method)).parameters.values()
        named = [a for a in arguments if a.kind in (a.KEYWORD_ONLY, a.POSITIONAL_OR_KEYWORD)]
        known = [a.name for a in named]
        if not any(a.kind == a.VAR_KEYWORD for a in arguments):
            for name in params:
                if name not in known:
                    takes = ", ".join(map(_parameter, known)) or "none"
                    raise Refusal(f'{method} has no parameter "{_parameter(name)}"; it takes: {takes}')
        for a in named:
            if a.default is a.empty and a.name not in params:
                raise Refusal(f'{method} needs the parameter "{_parameter(a.name)}"')
        return params

    def search(self, request):
        if not self.overrides("search"):
            raise _Unsupported("this program is no index: it has no search")
        block = self.block(request)
        search, queries, k = self.retriever.search, block.queries, block.k
        if request.get("mode") != "batch":
            block.fill(lambda i: search(queries[i], k))
        else:
            if not self.overrides("search_batch"):
                raise _Unsupported("this program answers single queries only: it has no search_batch")
            block.fill_at_once(self.retriever.search_batch)
        return {}

    def select(self, request):
        if not self.overrides("select"):
            raise _Unsupported("this program is no selector: it has no select")
        block = self.block(request)
        select, queries, k = self.retriever.select, block.queries, block.k
        ids, scores = _array(request["pool_ids"]), _array(request["pool_scores"])
        sizes = (ids >= 0).sum(axis=1).tolist()  # -1 is only at the tail
        block.fill(lambda i: select(queries[i], ids[i, : sizes[i]], scores[i, : sizes[i]], k))
        return {}

    def echo(self, request):
        """All that the other two do around a search, and no search."""
        block = self.block(request)
        queries, shape = block.queries, (block.n, block.k)
        ids, scores, evaluations = np.full(shape, -1, np.int64), np.zeros(shape, np.float32), np.zeros(block.n, np.uint32)
        if request.get("mode") != "batch":
            block.fill(lambda i: (queries[i], (ids[i], scores[i], 0))[1])
            block.forget_times()
        else:
            block.fill_at_once(lambda queries, k: (ids, scores, evaluations))
        return {}

    def block(self, request):
        if not self.narrowed:
            self.retriever.set_threads(self.retriever.threads)
            self.narrowed = True
        return _Block(request)


class _Block:
    """The queries of a block, and the arrays to fill for them."""

    def __init__(self, request):
        self.first, self.k = request["from"], request["k"]
        self.n = request["to"] - self.first
        self.queries = _points(request["queries"])
        self.ids = _array(request["ids"], True)
        self.ns, self.scores, self.evaluations = (
            _array(request[field], True) if request.get(field) else None for field in ("ns", "scores", "evaluations")
        )

    def fill(self, ask):
        """Ask for each row, one after the other, by the clock."""
        # Rows are gathered as 64-bit numbers, so that no id that is too large becomes a small one.
        ids = np.full((self.n, self.k), -1, np.int64)
        times = np.zeros(self.n, np.uint64)
        for i in range(self.n):
            begin = perf_counter_ns()
            answer = ask(i)
            times[i] = perf_counter_ns() - begin
            if type(answer) is Timed:
                times[i], answer = answer.ns, answer.answer
            self.put_row(i, answer, ids)
        self.write(ids)
        if self.ns is not None:
            self.ns[...] = times

    def fill_at_once(self, search_batch):
        """Ask for all rows at once. A block without queries is not asked for."""
        if self.n == 0:
            return
        rows, scores, evaluations = _parts(search_batch(self.queries, self.k))
        if rows is None:
            raise Refusal("no ids were returned: None")
        for part, what in ((rows, "ids"), (scores, "scores"), (evaluations, "evaluations")):
            if part is not None and len(part) != self.n:
                raise Refusal(f"search_batch returned {what} of {len(part)} rows for {self.n} queries")
        ids = np.full((self.n, self.k), -1, np.int64)
        if isinstance(rows, np.ndarray) and rows.ndim == 2:
            self.put(slice(None), (rows, scores, evaluations), ids, 2)
        else:
            for i in range(self.n):
                self.put_row(i, tuple(part if part is None else part[i] for part in (rows, scores, evaluations)), ids)
        self.write(ids)

    def put_row(self, i, answer, ids):
        try:
            self.put(i, _parts(answer), ids)
        except Refusal as e:
            raise Refusal(f"row {self.first + i}: {e}") from None

    def put(self, at, parts, ids, dimensions=1):
        """Keep what was returned for a row, or for all."""
        row, scores, evaluations = parts
        if type(row) is not np.ndarray:
            row = _as_array(row, "ids")
        if row.dtype.kind not in "iu" and row.size:
            raise Refusal(f"ids are to be whole numbers (int32 or int64), not {row.dtype}")
        if row.ndim != dimensions:
            raise Refusal(f"ids of one query are to have one dimension, not shape {row.shape}")
        size = row.shape[-1]
        if size > self.k:
            raise Refusal(f"{size} ids were returned, at most k = {self.k} were asked for")
        ids[at, :size] = row
        if scores is not None and self.scores is not None:
            scores = _as_array(scores, "scores")
            if scores.shape != row.shape or scores.dtype.kind not in "fiu":
                raise Refusal(f"scores are to be numbers of shape {row.shape} as ids are, not {scores.dtype} of {scores.shape}")
            self.scores[at, :size] = scores
        if evaluations is not None and self.evaluations is not None:
            self.evaluations[at] = evaluations

    def write(self, ids):
        wrong = (ids < -1) | (ids > 0x7FFFFFFF)
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise Refusal(f"row {self.first + i}: {ids[i, j]} is no id")
        self.ids[...] = ids

    def forget_times(self):
        if self.ns is not None:
            self.ns[...] = 0


def _argument(name):
    """What an argument is called in Python: `lambda_` for lambda, as that is a word of the language."""
    return name + "_" if keyword.iskeyword(name) else name


def _parameter(name):
    return name[:-1] if keyword.iskeyword(name[:-1]) else name


def _parts(answer):
    """ids, scores and evaluations of what a search returned."""
    if not isinstance(answer, tuple):
        return answer, None, None
    if len(answer) in (2, 3) and not np.isscalar(answer[0]):
        return (answer + (None,))[:3]
    raise Refusal("a tuple is to be (ids, scores) or (ids, scores, evaluations); ids alone are a list or an array")


def _as_array(values, what):
    if values is None:
        raise Refusal(f"no {what} were returned: None")
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as e:
        raise Refusal(f"{what} are to be a list or an array of numbers, not {_what(values)} ({e})") from None


def _what(value):
    return f"{type(value).__name__} {str(value)[:60]!r}"


def _failure(kind, message):
    """An answer; what is no UTF-8 in the message, such as parts of a path, is replaced, as JSON has no place for it."""
    return {"ok": False, "kind": kind, "message": message[:4000].encode("utf-8", "replace").decode()}


def _points(points):
    if "members" in points:
        return Sets(_array(points["members"]), _array(points["offsets"]))
    if "columns" in points:
        return Sparse(_array(points["offsets"]), _array(points["columns"]), _array(points["values"]))
    return _array(points)


def _array(array, writable=False):
    """An array of a file, mapped into memory: nothing is read or copied. The file keeps its size."""
    shape, dtype = tuple(array["shape"]), np.dtype(array["dtype"])
    if 0 in shape:
        return np.empty(shape, dtype)
    strides = tuple(array["strides"])
    end = array["offset"] + sum((rows - 1) * stride for rows, stride in zip(shape, strides)) + dtype.itemsize
    start = array["offset"] // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    file = os.open(array["path"], os.O_RDWR if writable else os.O_RDONLY)
    try:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        memory = mmap.mmap(file, end - start, access=access, offset=start)
    except ValueError as e:
        raise Refusal(f"{array['path']} is shorter than the array in it: {e}") from None
    finally:
        os.close(file)
    return np.ndarray(shape, dtype, memory, array["offset"] - start, strides)
