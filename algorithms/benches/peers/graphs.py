"""swath's graphs, Vamana and HNSW, beside those of hnswlib, FAISS and usearch.

Word vectors, normalised, by inner product or by angle, which is the same. HNSW has M 16 and walks of width 200 at building; Vamana has
its defaults. Every graph is built once with each number of threads, the graphs in turn. Then each round searches with every graph at every
width of walks, in turn, by one thread. Queries a second at a recall of 10 neighbours are interpolated between widths, in each round;
swath is compared with the peer that is fastest there.
"""

import pathlib
import statistics
import tempfile

import numpy

from drawn import unit
from recall import at_recall, share
from swath import Swath
from turns import in_turn, of_threads, seconds
import words

ROWS, POOL, WIDTHS, RECALLS = 100_000, 10, (10, 20, 40, 80, 160, 320, 640), (0.90, 0.95, 0.99)
M, WIDTH_OF_BUILD = 16, 200


class OfSwath:
    is_peer = False

    def __init__(self, swath, name, request, parameters):
        self.swath, self.name, self.request, self.parameters = swath, f"swath {name}", request, (name, parameters)

    def ask(self, width, threads, **way):
        name, parameters = self.parameters
        candidates = {name: {"pool": POOL, "ef": width, **parameters}}
        return self.swath.ask(**self.request, **way, candidates=candidates, threads=threads)

    def build(self, threads):
        self.threads = threads
        return self.ask(POOL, threads)["build_s"]

    def search(self, width):
        answer = self.ask(width, self.threads, one_by_one=self.request["compared"])
        return 1e3 / answer["one_by_one_ms"], answer["one_by_one"]["ids"]


class OfHnswlib:
    name, package, is_peer = "hnswlib", "hnswlib", True

    def __init__(self, rows, queries):
        self.rows, self.queries = rows, queries

    def build(self, threads):
        import hnswlib

        self.index = hnswlib.Index("ip", self.rows.shape[1])
        self.index.init_index(len(self.rows), M=M, ef_construction=WIDTH_OF_BUILD)
        return seconds(lambda: self.index.add_items(self.rows, num_threads=threads))[0]

    def search(self, width):
        self.index.set_ef(width)
        took, (found, _) = seconds(lambda: self.index.knn_query(self.queries, POOL, num_threads=1))
        return len(self.queries) / took, found


class OfFaiss:
    name, package, is_peer = "FAISS HNSW", "faiss", True

    def __init__(self, rows, queries):
        self.rows, self.queries = rows, queries

    def build(self, threads):
        import faiss

        faiss.omp_set_num_threads(threads)
        self.index = faiss.IndexHNSWFlat(self.rows.shape[1], M, faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = WIDTH_OF_BUILD
        took, _ = seconds(lambda: self.index.add(self.rows))
        faiss.omp_set_num_threads(1)
        return took

    def search(self, width):
        self.index.hnsw.efSearch = width
        took, (_, found) = seconds(lambda: self.index.search(self.queries, POOL))
        return len(self.queries) / took, found


class OfUsearch:
    name, package, is_peer = "usearch", "usearch", True

    def __init__(self, rows, queries):
        self.rows, self.queries = rows, queries

    def build(self, threads):
        from usearch.index import Index

        self.index = Index(
            ndim=self.rows.shape[1], metric="ip", dtype="f32", connectivity=M, expansion_add=WIDTH_OF_BUILD
        )
        return seconds(lambda: self.index.add(numpy.arange(len(self.rows)), self.rows, threads=threads))[0]

    def search(self, width):
        self.index.expansion_search = width
        took, found = seconds(lambda: self.index.search(self.queries, POOL, threads=1))
        return len(self.queries) / took, found.keys


PEERS = (OfHnswlib, OfFaiss, OfUsearch)


def build(graphs, setting, lines, data):
    """Builds each graph once with each number of threads; the last stay."""
    for threads in setting.threads:
        took = {}
        for graph in graphs:
            took[graph.name] = graph.build(threads)
            lines.say(f"{graph.name} built by {of_threads(threads)} in {took[graph.name]:.1f} s")
        fastest = min((graph.name for graph in graphs if graph.is_peer), key=took.get)
        for graph in graphs:
            if not graph.is_peer:
                case = f"{data}, {graph.name}, build, {of_threads(threads)}"
                facts = {"threads": threads, "seconds": took}
                lines.add(case, fastest, "s, once", [took[graph.name]], [took[fastest]], **facts)


def curves(graphs, setting, truth):
    """By graph: the recall at each width, and the speeds there, round for round."""
    recalls = {}

    def search(graph, width):
        speed, ids = graph.search(width)
        recalls[graph.name, width] = share(ids, truth)
        return {"speed": speed}, None

    sides = {(graph.name, width): lambda graph=graph, width=width: search(graph, width) for width in WIDTHS for graph in graphs}
    found = in_turn(setting.rounds, sides)
    of = lambda name: [(recalls[name, width], found[name, width]["speed"]) for width in WIDTHS]
    return {graph.name: of(graph.name) for graph in graphs}


def speeds_at(curve, recall):
    """The speed at a recall, round for round; None if it is not reached."""
    rounds = len(curve[0][1])
    found = [at_recall([(at, speeds[round]) for at, speeds in curve], recall) for round in range(rounds)]
    return None if None in found else found


def compare(graphs, found, lines, data):
    for graph in graphs:
        points = "  ".join(f"{recall:.3f}/{statistics.median(speeds):,.0f}" for recall, speeds in found[graph.name])
        lines.say(f"{graph.name:12} {points}")
    for graph in (graph for graph in graphs if not graph.is_peer):
        for recall in RECALLS:
            case = f"{data}, {graph.name}, recall {recall:.2f}"
            ours = speeds_at(found[graph.name], recall)
            theirs = {peer.name: speeds_at(found[peer.name], recall) for peer in graphs if peer.is_peer}
            theirs = {name: speeds for name, speeds in theirs.items() if speeds}
            if not ours or not theirs:
                lines.say(f"{case}: not reached by {'any peer' if ours else 'swath'}")
                continue
            fastest = max(theirs, key=lambda name: statistics.median(theirs[name]))
            curves = {name: found[name] for name in (graph.name, fastest)}
            facts = {"threads": 1, "all": theirs, "curves": curves}
            lines.add(case, fastest, "1/s", ours, theirs[fastest], more_is_better=True, **facts)


def measure(setting, lines):
    rows, queries = words.write(setting.folder)
    rows = rows[: setting.rows or ROWS]
    with tempfile.TemporaryDirectory() as folder, Swath(setting.swath) as swath:
        path, path_of_queries = (pathlib.Path(folder) / name for name in ("rows", "queries"))
        rows.tofile(path)
        queries.tofile(path_of_queries)
        request = {
            "what": "search", "kind": "vectors", "dim": rows.shape[1], "rows": str(path), "queries": str(path_of_queries),
            "compared": len(queries),
        }
        rows, queries = unit(rows), unit(queries)
        truth = numpy.argpartition(-(queries @ rows.T), POOL, axis=1)[:, :POOL]
        graphs = [
            OfSwath(swath, "vamana", request, {}),
            OfSwath(swath, "hnsw", request, {"m": M, "ef-construction": WIDTH_OF_BUILD}),
            *(peer(rows, queries) for peer in PEERS if setting.has(peer.package)),
        ]
        data = f"{len(rows):,} words"
        build(graphs, setting, lines, data)
        compare(graphs, curves(graphs, setting, truth), lines, data)
