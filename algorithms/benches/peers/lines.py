"""The lines of a run: compared, printed and kept."""

import json
import os
import pathlib
import statistics

HEAD, WIDTHS = ("case", "peer", "unit", "swath", "peer", "ratio", "least to greatest"), (56, 30, 8, 8, 8, 8, 17)


def compare(swath, peer, more_is_better=False):
    """How many times faster swath is: by the medians, then the least and the greatest of a round."""
    faster = (lambda ours, theirs: ours / theirs) if more_is_better else (lambda ours, theirs: theirs / ours)
    rounds = [faster(ours, theirs) for ours, theirs in zip(swath, peer, strict=True)]
    return faster(statistics.median(swath), statistics.median(peer)), min(rounds), max(rounds)


def printed(number):
    """Four digits, or all before the point."""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.4g}"


def row(cells):
    """A row of a table in Markdown, as wide as most are."""
    return f"| {' | '.join(f'{cell:<{width}}' for cell, width in zip(cells, WIDTHS, strict=True))} |"


class Lines:
    """Lines of a part; each is printed and kept in a file as soon as it is measured."""

    def __init__(self, part, path):
        self.part, self.path, self.in_table = part, path, False

    def row(self, *cells):
        if not self.in_table:
            print(f"\n{row(HEAD)}\n{row(['-' * width for width in WIDTHS])}")
            self.in_table = True
        print(row(cells), flush=True)

    def say(self, text):
        """Says something before the next table."""
        if self.in_table:
            print()
            self.in_table = False
        print(text, flush=True)

    def add(self, case, peer, unit, swath, theirs, more_is_better=False, **facts):
        """Adds what swath and a peer measured in each round. `facts` go into the file, such as recalls."""
        ratio, least, greatest = compare(swath, theirs, more_is_better)
        medians = [statistics.median(side) for side in (swath, theirs)]
        self.row(case, peer, unit, *map(printed, medians), f"{ratio:.2f}x", f"{least:.2f} to {greatest:.2f}")
        line = {
            "part": self.part, "case": case, "peer": peer, "unit": unit, "more_is_better": more_is_better, "ratio": ratio,
            "least": least, "greatest": greatest, "swath": swath, "theirs": theirs, **facts,
        }
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def write_whole(path, text):
    """A file under its final name is whole."""
    beside = pathlib.Path(f"{path}.part")
    beside.write_text(text)
    os.replace(beside, path)
