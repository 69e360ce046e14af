"""Prints what ir_measures computes from an export in TREC's formats: a line of trial, query, measure and value for each.

Arguments: the folder of the export.
"""

import pathlib
import sys

import ir_measures
from ir_measures import AP, ERR_IA, RR, P, R, StRecall, alpha_nDCG, nDCG

folder = pathlib.Path(sys.argv[1])
measures = {
    "qrels.txt": [nDCG @ 10, R @ 10, RR @ 10, AP @ 10, P @ 10],
    "diversity-qrels.txt": [alpha_nDCG @ 10, StRecall @ 10, ERR_IA @ 10],
}
for name, wanted in measures.items():
    qrels = list(ir_measures.read_trec_qrels(str(folder / name)))
    for path in sorted((folder / "runs").iterdir()):
        trial = path.stem
        assert path.read_text().split()[5] == trial, "the tag is the name of the file"
        run = list(ir_measures.read_trec_run(str(path)))
        for found in ir_measures.iter_calc(wanted, qrels, run):
            print(trial, found.query_id, found.measure, repr(found.value))
