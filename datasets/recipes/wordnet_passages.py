"""Passages of WordNet 3.1, embedded by all-MiniLM-L6-v2: a query is a word with several meanings, and its senses are the subtopics.

    python datasets/recipes/wordnet_passages.py OUT_FOLDER

A document is a synset of WordNet, and its passages are the definition and each example of use. A query is a word with several meanings,
embedded as it stands: a seeded 1,000 of the words of which a synset has an example. All synsets of these words are documents, and a seeded
sample of other synsets with examples makes them 9,000. A passage covers a sense of a query if it belongs to that synset, and is then
judged relevant. So lexicographers, not judges of results, said what is relevant: they saw the word and the sense, and no retriever.

Passages of one document repeat each other's meaning. Groups say which document (`synset`) and which of WordNet's 45 files (`field`) a
passage belongs to. Links lead from the definition of a synset to those of related ones, and between a definition and its examples. They
come from WordNet as the subtopics do, and the links to examples stay within a subtopic, so that a gain by links alone is no evidence.
"""

from collections import Counter

import numpy

import recipe
import wordnet
from minilm import MINILM, MiniLM

SYNSETS = 9_000
QUERIES = 1_000
SEED = 19


def make(take):
    synsets, licence = wordnet.read(take)
    by_word = wordnet.senses(synsets)
    illustrated = [synset for synset in synsets.values() if len(synset.passages()) > 1]
    rng = numpy.random.default_rng(SEED)
    used = dict.fromkeys(word for synset in illustrated for word in synset.words)
    words = drawn(rng, [word for word in used if len(by_word[word]) > 1 and word.isascii() and word.isalpha()], QUERIES)
    chosen = {synset.place for word in words for synset in by_word[word]}
    others = [synset.place for synset in illustrated if synset.place not in chosen]
    chosen.update(drawn(rng, others, SYNSETS - len(chosen)))
    sample = [synset for synset in synsets.values() if synset.place in chosen]
    # A text that stands in several synsets stays in none, since it could not be told what it covers. Nor does one that is a query.
    often = Counter(text.lower() for synset in sample for text in synset.passages()) + Counter(words)
    passages = {synset.place: [text for text in synset.passages() if often[text.lower()] == 1] for synset in sample}
    rows, texts = {}, []
    for place, kept in passages.items():
        rows[place] = range(len(texts), len(texts) + len(kept))
        texts += kept

    queries = [word for word in words if sum(bool(rows[synset.place]) for synset in by_word[word]) > 1]
    subtopics = [
        (query, row, sense)
        for query, word in enumerate(queries)
        for sense, synset in enumerate(by_word[word])
        for row in rows[synset.place]
    ]
    model = MiniLM(take)
    return recipe.Dataset(
        distance="angular",
        train=model.encode(texts),
        test=model.encode(queries),
        names=([f"{synset.words[0]}: {text[:40]}" for synset in sample for text in passages[synset.place]], queries),
        texts=(texts, queries),
        links=links(sample, rows),
        subtopics=subtopics,
        qrels=[(query, row, 1) for query, row, _ in subtopics],
        groups={
            "synset": numpy.repeat(numpy.arange(len(sample)), [len(rows[synset.place]) for synset in sample]),
            "field": numpy.array([synset.file for synset in sample for _ in rows[synset.place]]),
        },
        history="definitions and examples of WordNet 3.1's synsets, embedded by all-MiniLM-L6-v2; "
        "queries are words, their senses subtopics",
        licence=f"The model all-MiniLM-L6-v2 is under the Apache 2.0 licence. Texts, links and subtopics are WordNet's:\n\n{licence}",
    )


def drawn(rng, choices, count):
    """So many of the choices at random, in their order."""
    return [choices[at] for at in numpy.sort(rng.permutation(len(choices))[:count])]


def links(sample, rows):
    """By relation the links between definitions, and `passage` for those between a definition and its examples, both ways."""
    found = {relation: [] for relation in (*wordnet.RELATIONS.values(), "passage")}
    for synset in sample:
        own = rows[synset.place]
        found["passage"] += [pair for row in own[1:] for pair in ((own[0], row), (row, own[0]))]
        for relation, place, _, _ in synset.pointers:
            if own and place != synset.place and rows.get(place):
                found[relation].append((own[0], rows[place][0]))
    return {relation: pairs for relation, pairs in found.items() if pairs}


if __name__ == "__main__":
    recipe.main("wordnet-passages", [wordnet.WORDNET, MINILM], make)
