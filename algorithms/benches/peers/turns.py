"""Rounds that take all sides in turn, and clocks."""

import dataclasses
import pathlib
import time


@dataclasses.dataclass(frozen=True)
class Setting:
    """What was asked for."""

    folder: pathlib.Path
    rounds: int
    rows: int | None
    threads: tuple[int, ...]
    # swath's side.
    swath: pathlib.Path
    # Names of packages that are not here.
    missing: frozenset[str]

    def at_most(self, rows):
        """So many rows, or fewer if that was asked for."""
        return rows if self.rows is None else min(rows, self.rows)

    def has(self, package):
        return package not in self.missing


def in_turn(rounds, sides, check=None, warm=True):
    """Calls each of the `sides`, by name, once a round. A side returns the names and numbers that it measured, and what it found;
    `check` gets what all found. Returns, by side and name, the numbers of all rounds but a first one that warms up."""
    numbers = {side: {} for side in sides}
    for round in range(rounds + warm):
        answers = {}
        for side, measure in sides.items():
            measured, answers[side] = measure()
            if round or not warm:
                for name, number in measured.items():
                    numbers[side].setdefault(name, []).append(number)
        if check:
            check(answers)
    return numbers


def of_threads(count):
    return f"{count} thread{'s' if count > 1 else ''}"


def seconds(function):
    """How long it took, and what it returned."""
    start = time.perf_counter()
    answer = function()
    return time.perf_counter() - start, answer
