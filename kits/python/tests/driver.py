"""Plays swath: starts a program, talks with it by the protocol, and looks at the arrays that it filled."""

import importlib.util
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
PYTHON_KIT = HERE.parent
KITS = PYTHON_KIT.parent

UNWRITTEN_ID = -2
UNWRITTEN_NS = 2**64 - 1
UNWRITTEN_EVALUATIONS = 2**32 - 1


class Sets:
    def __init__(self, rows):
        self.rows = [np.asarray(row, "<u4") for row in rows]

    def __len__(self):
        return len(self.rows)


class Sparse:
    def __init__(self, rows):
        self.rows = [(np.asarray(columns, "<i4"), np.asarray(values, "<f4")) for columns, values in rows]

    def __len__(self):
        return len(self.rows)


class Result:
    """What a program wrote for a block, and its answer. `ids` is as it was written, `lists` without -1 at the tail."""

    def __init__(self, answer, ids, ns, scores, evaluations, seconds):
        self.answer, self.ids, self.ns, self.scores, self.evaluations = answer, ids, ns, scores, evaluations
        self.seconds = seconds

    @property
    def lists(self):
        lists = []
        for row in self.ids.tolist():
            size = row.index(-1) if -1 in row else len(row)
            assert all(i == -1 for i in row[size:]), f"-1 is not only at the tail: {row}"
            assert all(i >= 0 for i in row[:size]), f"not written, or no id: {row}"
            lists.append(row[:size])
        return lists


class Program:
    """A program that was started. To be used in a `with`."""

    def __init__(self, command, extra_environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="swath kit ü ")
        self.path = Path(self.folder.name)
        self.scratch = self.path / "scratch"
        self.scratch.mkdir()
        self.log = open(self.path / "log", "w+b")
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=self.scratch,
            env={**os.environ, **(extra_environment or {})},
        )
        self.unread = b""
        self.queries_written = None
        self.hello = self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()

    def stderr(self):
        return (self.path / "log").read_text("utf-8", "replace")

    def read(self, seconds=120):
        until = time.monotonic() + seconds
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))
            part = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            if not part:
                raise AssertionError(f"no answer; standard error has:\n{self.stderr()[-3000:]}")
            self.unread += part
        line, _, self.unread = self.unread.partition(b"\n")
        assert not self.unread, f"more than one answer: {self.unread!r}"

        def no_constant(word):
            raise AssertionError(f"{word} is not JSON")

        return json.loads(line.decode("utf-8"), parse_constant=no_constant)

    def send(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def ask(self, op, **fields):
        """The answer, of whatever kind."""
        self.send(json.dumps({"op": op, "later": "unknown", **fields}).encode() + b"\n")
        return self.read()

    def do(self, op, **fields):
        """The answer, which has to be a good one."""
        answer = self.ask(op, **fields)
        assert answer.get("ok") is True, f"{op}: {answer}\n{self.stderr()[-3000:]}"
        return answer

    def array(self, name, values, pad=0, offset=64):
        """Writes an array; `pad` more bytes follow each row."""
        values = np.ascontiguousarray(values)
        path = self.path / name
        row = values.nbytes // max(1, len(values)) + pad
        body = np.full((len(values), row), 0xEE, np.uint8)
        if values.size:
            body[:, : row - pad] = values.reshape(len(values), -1).view(np.uint8).reshape(len(values), -1)
        path.write_bytes(b"\xee" * offset + body.tobytes())
        strides = [row] + [values.itemsize] * (values.ndim - 1)
        dtype = values.dtype.newbyteorder("<").str
        return {"path": str(path), "offset": offset, "dtype": dtype, "shape": list(values.shape), "strides": strides}

    def spread(self, name, values, stride):
        """Writes an array whose rows are so many bytes apart; between them the file has holes."""
        path = self.path / name
        with open(path, "wb") as file:
            file.truncate(stride * len(values))
            for i, row in enumerate(values):
                os.pwrite(file.fileno(), row.tobytes(), i * stride)
        fields = {"dtype": values.dtype.str, "shape": list(values.shape), "strides": [stride, values.itemsize]}
        return {"path": str(path), "offset": 0, **fields}

    def points(self, name, points, pad=0):
        if isinstance(points, Sets):
            offsets = np.cumsum([0] + [len(row) for row in points.rows]).astype("<u8")
            members = np.concatenate([np.empty(0, "<u4")] + points.rows)
            return {"members": self.array(name + ".m", members), "offsets": self.array(name + ".o", offsets)}
        if isinstance(points, Sparse):
            offsets = np.cumsum([0] + [len(columns) for columns, _ in points.rows]).astype("<u8")
            columns = np.concatenate([np.empty(0, "<i4")] + [columns for columns, _ in points.rows])
            values = np.concatenate([np.empty(0, "<f4")] + [values for _, values in points.rows])
            return {
                "offsets": self.array(name + ".o", offsets),
                "columns": self.array(name + ".c", columns),
                "values": self.array(name + ".v", values),
            }
        return self.array(name, points, pad)

    def open(self, base, distance, dimension=None, role="candidates", **more):
        dimension = dimension or base.shape[1]
        fields = {"role": role, "dimension": dimension, "distance": distance}
        fields["base"] = base if isinstance(base, dict) else self.points("base", base, pad=32)
        fields.update(threads=1, build_threads=2, seed=42, scratch=str(self.scratch))
        return self.do("open", **{**fields, **more})

    def ready(self, base, distance, build=None, search=None, **more):
        """Opened, built, and with search parameters."""
        self.open(base, distance, **more)
        self.do("build", params=build or {})
        self.do("set", params=search or {})

    def search(self, queries, k, op="search", mode="single", first=0, pool=None, refused=False, like="search"):
        """Rows `first` and on. `pool` is (ids, scores), for `select`. With `refused` the answer may be a bad one."""
        n = len(queries)
        parts = {"ids": np.full((n, k), UNWRITTEN_ID, "<i4"), "scores": np.full((n, k), np.nan, "<f4")}
        parts["evaluations"] = np.full(n, UNWRITTEN_EVALUATIONS, "<u4")
        if mode == "single":
            parts["ns"] = np.full(n, UNWRITTEN_NS, "<u8")
        path = self.path / "filled"
        fields, content = {}, b""
        for name, values in parts.items():
            content += b"\xee" * (8 + -len(content) % 8)
            shape, strides = list(values.shape), list(values.strides)
            array = {"path": str(path), "offset": len(content), "dtype": values.dtype.str, "shape": shape, "strides": strides}
            fields[name] = array
            content += values.tobytes()
        path.write_bytes(content + b"\xee" * 8)
        if pool is not None:
            fields["pool_ids"] = self.array("pool_ids", pool[0].astype("<i4"))
            fields["pool_scores"] = self.array("pool_scores", pool[1].astype("<f4"))
        fields["queries"] = self.points("queries", queries)
        begin = time.perf_counter()
        answer = (self.ask if refused else self.do)(op, **{"from": first, "to": first + n, "k": k, "mode": mode}, **fields)
        seconds = time.perf_counter() - begin
        after = path.read_bytes()
        assert len(after) == len(content) + 8, "the file of arrays changed its size"
        read = {}
        kept = bytearray(after)
        for name, values in parts.items():
            at = fields[name]["offset"]
            read[name] = np.frombuffer(after, values.dtype, values.size, at).reshape(values.shape)
            kept[at : at + values.nbytes] = b"\xee" * values.nbytes
        # Between the arrays nothing is written.
        assert set(kept) <= {0xEE}, "something was written outside the arrays"
        return Result(answer, read["ids"], read.get("ns"), read["scores"], read["evaluations"], seconds)

    def end(self):
        self.do("end")
        assert self.process.wait(10) == 0, f"exit {self.process.returncode} after end\n{self.stderr()[-3000:]}"


def python(*words):
    """The command that starts a program of the Python kit; a name is seen from its folder."""
    return [sys.executable, PYTHON_KIT / words[0], *words[1:]]


def dense(n=200, d=20, seed=1):
    return np.random.default_rng(seed).standard_normal((n, d)).astype("<f4")


def distances(queries, base, distance):
    """An (n, m) array in float64, as swath defines them."""
    queries, base = queries.astype("f8"), base.astype("f8")
    if distance == "ip":
        return -queries @ base.T
    if distance == "angular":
        norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(base, axis=1)
        return 1 - queries @ base.T / norms
    return np.sqrt(np.maximum(0, ((queries[:, None] - base[None]) ** 2).sum(axis=2)))


def nearest(queries, base, distance, k):
    return np.argsort(distances(queries, base, distance), axis=1, kind="stable")[:, :k].tolist()


def require(test, module):
    """Skips the test if the module is not installed; fails it if SWATH_REQUIRE names the module."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # of the package that the module is in
        found = None
    if found is None:
        if module in os.environ.get("SWATH_REQUIRE", "").split(","):
            test.fail(f"SWATH_REQUIRE names {module}, which is not installed")
        test.skipTest(f"{module} is not installed")
