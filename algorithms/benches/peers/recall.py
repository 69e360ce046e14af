"""Recall: of what was found, and between measured points of a curve."""

import math


def share(found, true):
    """The share of the true ids that were found, over all queries."""
    hits = sum(len(set(map(int, own)) & set(map(int, ids))) for own, ids in zip(found, true, strict=True))
    return hits / sum(len(ids) for ids in true)


def at_recall(points, recall):
    """The speed at a recall, from points (recall, speed) of ascending recall: between the two around it on a scale of logarithms;
    that of the first point if it is better; None if none is as good."""
    for (low, slow), (high, fast) in zip(points, points[1:]):
        if low < recall <= high:
            share = (recall - low) / (high - low)
            return math.exp(math.log(slow) * (1 - share) + math.log(fast) * share)
    return points[0][1] if points[0][0] >= recall else None
