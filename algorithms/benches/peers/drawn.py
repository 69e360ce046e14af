"""Vectors drawn around centres, as embeddings are."""

import numpy

CENTRES = 200


def around_centres(rows, queries, dim):
    """Rows and queries around the same centres, by a fixed seed."""
    rng = numpy.random.default_rng(dim)
    centres = rng.standard_normal((CENTRES, dim), dtype="float32")
    drawn = rng.standard_normal((rows + queries, dim), dtype="float32")
    drawn += centres[rng.integers(CENTRES, size=rows + queries)]
    return drawn[:rows], drawn[rows:]


def unit(vectors):
    """The vectors with length 1."""
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
