"""swath's exact search through bits and sets beside FAISS's binary flat index and SciPy's sparse products.

One thread each. 64 queries one by one, then all 64 at once; SciPy answers sets, FAISS bits. Every round checks the 100 distances. SciPy's
times hold the product, the Jaccard similarities from it, and numpy's selection of the 100 largest.
"""

import pathlib
import tempfile

import numpy

from swath import Swath
from turns import in_turn, seconds

QUERIES, POOL = 64, 100
BITS = 256
MEMBERS, OF = 30, 28_000


class Data:
    """What swath gets: a request, whose files have other names for each data."""

    def __init__(self, kind, rows, queries, folder, **facts):
        paths = {name: pathlib.Path(folder) / f"{kind}-{len(rows)}-{name}" for name in ("rows", "queries")}
        rows.tofile(paths["rows"])
        queries.tofile(paths["queries"])
        self.request = {
            "what": "search", "kind": kind, "threads": 1, "one_by_one": QUERIES, "together": True, "compared": QUERIES,
            **{name: str(path) for name, path in paths.items()}, **facts,
        }


class Bits(Data):
    def __init__(self, rows, folder):
        import faiss

        rng = numpy.random.default_rng(rows)
        train, self.queries = (rng.integers(0, 256, (n, BITS // 8), dtype="uint8") for n in (rows, QUERIES))
        super().__init__("bits", train, self.queries, folder, dim=BITS)
        self.name, self.candidates = f"hamming, {rows:,} x {BITS} bits", ("exact",)
        self.index = faiss.IndexBinaryFlat(BITS)
        self.index.add(train)

    def one(self, i):
        return self.index.search(self.queries[i : i + 1], POOL)[0][0] / BITS

    def together(self):
        return self.index.search(self.queries, POOL)[0] / BITS

    def peers(self):
        """By name: what answers one query, and what answers all."""
        return {"FAISS binary flat": (self.one, self.together)}


class OfSets(Data):
    def __init__(self, rows, folder):
        import scipy.sparse

        rng = numpy.random.default_rng(rows)
        draw = lambda n: numpy.sort(numpy.array([rng.choice(OF, MEMBERS, replace=False) for _ in range(n)]), axis=1)
        train, queries = draw(rows).astype("uint32"), draw(QUERIES).astype("uint32")
        super().__init__("sets", train, queries, folder, dim=OF, size=MEMBERS)
        self.name, self.candidates = f"jaccard, {rows:,} x {MEMBERS} of {OF:,}", ("exact", "inverted")
        matrix = lambda members: scipy.sparse.csr_matrix(
            (numpy.ones(members.size, "float32"), members.ravel(), numpy.arange(0, members.size + 1, MEMBERS)),
            shape=(len(members), OF),
        )
        self.rows, self.queries = matrix(train), matrix(queries)
        self.transposed, self.dense = self.rows.T.tocsr(), self.queries.toarray()

    @staticmethod
    def largest(products):
        """The distances of the most similar."""
        similarities = products / (2 * MEMBERS - products)
        kept = numpy.argpartition(-similarities, POOL)[:POOL]
        return numpy.sort(1 - similarities[kept])

    def by_rows(self, i):
        return self.largest(self.rows @ self.dense[i])

    def by_columns(self, i):
        return self.largest((self.queries[i] @ self.transposed).toarray()[0])

    def together(self):
        return [self.largest(row) for row in (self.queries @ self.transposed).toarray()]

    def peers(self):
        """By name: what answers one query, and what answers all, if there is a way of its own."""
        return {
            "SciPy, rows x dense query": (self.by_rows, None),
            "SciPy, sparse query x columns": (self.by_columns, self.together),
        }


def by_peer(one, together):
    took, found = seconds(lambda: [one(i) for i in range(QUERIES)])
    numbers, answers = {"one by one": 1e3 * took / QUERIES}, [found]
    if together:
        took, found = seconds(together)
        numbers["at once"] = 1e3 * took / QUERIES
        answers.append(found)
    return numbers, answers


def by_swath(swath, data, name):
    answer = swath.ask(**data.request, candidates={name: {"pool": POOL}})
    # Candidates that have no way of their own for a batch take it one by one.
    at_once = answer.get("together_ms", answer["one_by_one_ms"])
    found = [answer[way]["distances"] for way in ("one_by_one", "together") if way in answer]
    return {"one by one": answer["one_by_one_ms"], "at once": at_once}, found


def check(answers):
    expected, *others = (distances for answer in answers.values() for distances in answer)
    assert all(numpy.allclose(expected, other) for other in others), "other distances"


def all_data(setting, folder):
    if setting.has("faiss"):
        for rows in sorted({setting.at_most(rows) for rows in (100_000, 1_000_000)}):
            yield Bits(rows, folder)
    if setting.has("scipy"):
        yield OfSets(setting.at_most(100_000), folder)


def measure(setting, lines):
    with tempfile.TemporaryDirectory() as folder, Swath(setting.swath) as swath:
        for data in all_data(setting, folder):
            sides = {name: lambda name=name: by_swath(swath, data, name) for name in data.candidates}
            sides |= {name: lambda calls=calls: by_peer(*calls) for name, calls in data.peers().items()}
            found = in_turn(setting.rounds, sides, check)
            for candidates in data.candidates:
                for peer in data.peers():
                    for way, theirs in found[peer].items():
                        case = f"{data.name}, {candidates}, {way}"
                        lines.add(case, peer, "ms/query", found[candidates][way], theirs, threads=1)
