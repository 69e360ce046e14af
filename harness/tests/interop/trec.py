"""Prints what other programs compute from an export in TREC's formats: a line of program, trial, query, measure and value for
each. Measures have no spaces.

Arguments: the folder of the export.
"""

import pathlib
import sys

import ir_measures
import pyndeval
import pytrec_eval
from ir_measures import AP, AP_IA, ERR_IA, NRBP, P_IA, RR, Judged, P, R, Rprec, StRecall, Success, alpha_nDCG, nDCG

folder = pathlib.Path(sys.argv[1])
exponential = {2: 3, 3: 7}  # 2^grade - 1, where that is not the grade
# A call for each set of parameters. Of several in one call ir_measures 0.4.3 gives 0 for all subtopic measures but those of one
# alpha and beta, and takes the named gains for the nDCG without, as hashes fall.
judged = [[nDCG @ 10, nDCG @ 3, R @ 10, R @ 3, RR @ 10, AP @ 10, AP @ 3, P @ 10, P @ 3, Rprec, Judged @ 10, Judged @ 3,
           Success @ 10, Success @ 1],
          [nDCG(gains=exponential) @ 10]]
subtopics = [[alpha_nDCG @ 10, alpha_nDCG @ 3, StRecall @ 10, StRecall @ 3, ERR_IA @ 10, ERR_IA @ 3, ERR_IA @ 1, P_IA @ 10, P_IA @ 3,
              AP_IA, NRBP],
             [alpha_nDCG(alpha=0.2) @ 10],
             [NRBP(alpha=0.2, beta=0.8)]]
names = {"ndcg_cut_10", "recall_10", "recip_rank", "map", "P_10", "Rprec", "success_10"}
ndeval = ["alpha-nDCG@10", "strec@10", "ERR-IA@10", "P-IA@10", "MAP-IA", "NRBP"]

qrels = list(ir_measures.read_trec_qrels(str(folder / "qrels.txt")))
diversity = list(ir_measures.read_trec_qrels(str(folder / "diversity-qrels.txt")))
grades = {}
for row in qrels:
    grades.setdefault(row.query_id, {})[row.doc_id] = row.relevance
pairs = [pyndeval.SubtopicQrel(row.query_id, row.iteration, row.doc_id, row.relevance) for row in diversity]
evaluator = pytrec_eval.RelevanceEvaluator(grades, {"ndcg_cut.10", "recall.10", "recip_rank", "map", "P.10", "Rprec", "success.10"})


def say(program, trial, query, measure, value):
    print(program, trial, query, str(measure).replace(" ", ""), repr(float(value)))


for path in sorted((folder / "runs").iterdir()):
    trial = path.stem
    assert path.read_text().split()[5] == trial, "the tag is the name of the file"
    run = list(ir_measures.read_trec_run(str(path)))
    for wanted, truth in [(wanted, qrels) for wanted in judged] + [(wanted, diversity) for wanted in subtopics]:
        for found in ir_measures.iter_calc(wanted, truth, run):
            say("ir_measures", trial, found.query_id, found.measure, found.value)
            if str(found.measure) == "StRecall@10":
                say("ir_measures", trial, found.query_id, "StRecall@10==1", found.value == 1)
    scores = {}
    for row in run:
        scores.setdefault(row.query_id, {})[row.doc_id] = row.score
    for query, values in evaluator.evaluate(scores).items():
        assert set(values) == names, values
        for measure, value in values.items():
            say("pytrec_eval", trial, query, measure, value)
    scored = [pyndeval.ScoredDoc(row.query_id, row.doc_id, row.score) for row in run]
    for query, values in pyndeval.ndeval(pairs, scored, ndeval).items():
        for measure, value in values.items():
            say("pyndeval", trial, query, measure, value)
