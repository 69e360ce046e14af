"""swath's selectors beside pyversity's and apricot's, on one thread.

`stage` is swath's selector alone on vectors that it holds already, as in a run; `whole` begins with plain slices of numbers, as the peer
does, and keeps its working memory from call to call. The peers get float32 arrays. Pools: evenly spread directions, and the words that are
nearest to a word (of datasets/data/glove-wordnet-20k.hdf5).
"""

import dataclasses
import pathlib
import statistics
import tempfile
import typing

import numpy

from environment import REPOSITORY
from swath import Swath
from turns import in_turn, seconds

SIZE, LARGE = 1_000, 5_000


@dataclasses.dataclass(frozen=True)
class Pool:
    name: str
    vectors: numpy.ndarray
    scores: numpy.ndarray
    path: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    peer: str
    pool: Pool
    k: int
    # The peer's picks.
    call: typing.Callable[[], list[int]]
    # swath's selector and its parameters.
    select: dict
    # Whether the two must pick the same.
    comparable: bool
    # How often a round calls each; the median counts.
    repeats: tuple[int, int] = (3, 5)


def pool(folder, name, vectors, scores):
    path = pathlib.Path(folder) / f"{name}.f32"
    vectors.astype("<f4").tofile(path)
    return Pool(name, vectors, scores.astype("float32"), path)


def random_pools(folder):
    rng = numpy.random.default_rng(1)
    vectors = rng.standard_normal((LARGE, 100)).astype("float32")
    # Relevance as a cosine to a query that lies in their midst.
    directions = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    query = rng.standard_normal(100).astype("float32") + 2 * directions[0] * 10
    scores = directions @ (query / numpy.linalg.norm(query))
    return pool(folder, "random", vectors[:SIZE], scores[:SIZE]), pool(folder, "random, large", vectors, scores)


def pool_of_words(folder):
    import h5py

    with h5py.File(REPOSITORY / "datasets" / "data" / "glove-wordnet-20k.hdf5") as file:
        train, test = file["train"][:], file["test"][7]
    nearness = train / numpy.linalg.norm(train, axis=1, keepdims=True) @ (test / numpy.linalg.norm(test))
    order = numpy.argsort(-nearness)[:SIZE]
    return pool(folder, "words", train[order], nearness[order])


def cases_of_pyversity(pool, k):
    import pyversity

    def case(name, select, comparable):
        call = lambda: pyversity.diversify(pool.vectors, pool.scores, k, strategy=name.lower(), diversity=0.5).indices
        return Case(name, "pyversity", pool, k, lambda: [int(i) for i in call()], select, comparable)

    spread = float(pool.scores.std())
    yield case("MMR", {"mmr": {"lambda": 0.5}}, False)
    yield case("MSD", {"max-sum": {"lambda": 0.5, "distance": "cosine"}}, True)
    yield case("DPP", {"dpp": {"theta": (1 / spread) / (1 + 1 / spread)}}, True)
    yield case("SSD", {"ssd": {"gamma": spread, "bias": True, "window": k}}, True)
    yield case("COVER", {"facility-location": {}}, False)


def case_of_apricot(pool):
    import apricot

    def facility_location():
        directions = pool.vectors / numpy.linalg.norm(pool.vectors, axis=1, keepdims=True)
        similarity = numpy.clip(directions @ directions.T, 0, None).astype("float64")
        selection = apricot.FacilityLocationSelection(100, metric="precomputed", optimizer="lazy")
        return [int(i) for i in selection.fit(similarity).ranking]

    return Case("facility location", "apricot", pool, 100, facility_location, {"facility-location": {}}, True, (1, 1))


def all_cases(setting, folder):
    random, large = random_pools(folder)
    if setting.has("pyversity"):
        pools = [random]
        if setting.has("h5py"):
            pools.append(pool_of_words(folder))
        for pool in pools:
            for k in (10, 100):
                yield from cases_of_pyversity(pool, k)
    if setting.has("apricot"):
        yield case_of_apricot(large)


def by_peer(case):
    took, found = zip(*(seconds(case.call) for _ in range(case.repeats[0])))
    return {"ms": 1e3 * statistics.median(took)}, found[0]


def by_swath(swath, case):
    answer = swath.ask(
        what="selection", vectors=str(case.pool.path), scores=[float(score) for score in case.pool.scores],
        dim=case.pool.vectors.shape[1], k=case.k, repeats=case.repeats[1], select=case.select,
    )
    return {"stage": answer["stage_ms"], "whole": answer["whole_ms"]}, answer


def measure(setting, lines):
    with tempfile.TemporaryDirectory() as folder, Swath(setting.swath) as swath:
        for case in all_cases(setting, folder):
            facts = {}

            def check(answers):
                ours, theirs = answers["swath"], answers["peer"]
                facts["evaluations"] = ours["evaluations"]
                facts["same_picks"] = sum(a == b for a, b in zip(ours["picked"], theirs)) if case.comparable else None

            sides = {"peer": lambda: by_peer(case), "swath": lambda: by_swath(swath, case)}
            found = in_turn(setting.rounds, sides, check)
            same = f", same picks {facts['same_picks']}/{case.k}" if case.comparable else ""
            for way in ("stage", "whole"):
                name = f"{case.name}, {case.pool.name}, k {case.k} of {len(case.pool.scores):,}, {way}"
                lines.add(name, f"{case.peer}{same}", "ms", found["swath"][way], found["peer"]["ms"], threads=1, **facts)
