"""Writes two TREC runs into a folder, and what ranx makes of them by reciprocal rank fusion and by weighted sums, as JSON."""

import json
import random
import sys
from pathlib import Path

from ranx import Run, fuse

folder = Path(sys.argv[1])
draw = random.Random(7)
runs = []
for name in ["a", "b"]:
    lists = {
        f"q{q}": {f"d{d}": draw.uniform(-9, 30) for d in draw.sample(range(200), draw.randint(5, 80))} for q in range(20)
    }
    runs.append(lists)
    lines = [f"{q} Q0 {d} 0 {score!r} {name}\n" for q, documents in lists.items() for d, score in documents.items()]
    draw.shuffle(lines)
    (folder / f"{name}.trec").write_text("".join(lines))

of = lambda: [Run.from_dict(lists) for lists in runs]
rrf = fuse(runs=of(), method="rrf", params={"k": 60})
weighted = fuse(runs=of(), norm="min-max", method="wsum", params={"weights": (0.3, 0.7)})
found = {
    "rrf": {q: dict(documents) for q, documents in rrf.to_dict().items()},
    "sum": {q: dict(documents) for q, documents in weighted.to_dict().items()},
}
(folder / "fused.json").write_text(json.dumps(found))
