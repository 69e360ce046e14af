//! What a program writes into the arrays, and the times that it says.

use crate::lab::{Experiment, Lab, Ran, candidates, has, retriever, selector};
use swath::record::Times;
use swath::record::results::TrialResult;

crate::tests! {
    float_ids,
    nan_scores,
    stale_outputs,
    outputs_that_are_cut,
    outputs_that_are_replaced,
    a_row_that_is_written_in_part,
    the_last_row_is_missing,
    an_id_of_no_point,
    minus_one_in_the_middle,
    an_id_twice_counts_once,
    fewer_ids_than_asked_for,
    an_id_outside_its_pool,
    times_that_are_not_written,
    ns_1_is_not_believed,
    honest_times_are_believed,
    ns_too_large,
    a_block_that_took_longer_than_it_can,
    evaluations_are_those_that_it_counts,
    set_that_changes_the_index,
    a_program_that_is_not_deterministic,
    answers_that_are_remembered,
}

fn run(retriever: &str) -> Ran {
    Lab::new().run(&Experiment::default().with(&[retriever]))
}

fn failing(retriever: &str) -> String {
    Lab::new().failing(&Experiment::default().with(&[retriever]))
}

/// The ids of each query, without the places of those that are missing.
fn ids(trial: &TrialResult) -> Vec<Vec<u32>> {
    (0..trial.query_ids.len()).map(|i| trial.answer(i).collect()).collect()
}

fn float_ids() {
    let reason = failing(&candidates("float-ids"));
    has(&reason, " is none of the 60 base points, 0 to 59; read as a float it is ");
    has(&reason, ": ids must be whole numbers of 4 bytes (`<i4`)");
}

/// Only ids are believed: scores change nothing.
fn nan_scores() {
    let [with, without] = ["nan-scores", "well"].map(|trap| run(&candidates(trap)));
    assert_eq!(with.trial().returned, without.trial().returned);
    assert_eq!(with.trial().metrics, without.trial().metrics);
}

fn stale_outputs() {
    let reason = failing(&candidates("stale"));
    has(&reason, "row 0: it was not written; where there are fewer ids, -1 stands for each that is missing");
}

fn outputs_that_are_cut() {
    has(&failing(&candidates("cuts")), "it cut the file of its answers");
}

fn outputs_that_are_replaced() {
    has(&failing(&candidates("replaces")), "row 0: it was not written");
}

fn a_row_that_is_written_in_part() {
    has(
        &failing(&candidates("half-a-row")),
        "row 2: it was written only in part; where there are fewer ids, -1 stands for each that is missing",
    );
}

fn the_last_row_is_missing() {
    has(&failing(&candidates("no-last-row")), "row 11: it was not written");
}

fn an_id_of_no_point() {
    has(&failing(&candidates("beyond")), "row 0: the id 60 is none of the 60 base points, 0 to 59");
    has(&failing(&candidates("below")), "row 0: the id -7 is none of the 60 base points, 0 to 59");
}

fn minus_one_in_the_middle() {
    has(&failing(&retriever("gap")), " comes after -1, which stands only at the tail");
}

fn an_id_twice_counts_once() {
    let well = ids(&run(&retriever("well")).trial());
    let twice = ids(&run(&retriever("twice")).trial());
    for (well, twice) in well.iter().zip(&twice) {
        let expected: Vec<u32> = well.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, id)| *id).collect();
        assert_eq!(*twice, expected);
    }
}

fn fewer_ids_than_asked_for() {
    let few = ids(&run(&retriever("few")).trial());
    assert!(few.iter().all(|ids| ids.len() == 2), "{few:?}");
    for none in [candidates("none"), selector("none"), retriever("none")] {
        let trial = run(&none).trial();
        assert!(trial.returned.iter().all(|&id| id < 0) && trial.metrics[0].iter().all(|&recall| recall == 0.0));
    }
}

fn an_id_outside_its_pool() {
    has(&failing(&selector("outside-its-pool")), " is not in its pool");
}

fn times_that_are_not_written() {
    has(&failing(&candidates("no-times")), "row 0: its time was not written");
}

/// swath's clock counts, and it is marked.
fn ns_1_is_not_believed() {
    let trial = run(&candidates("ns-1")).trial();
    for clocks in &trial.clocks {
        assert_eq!(clocks.by_swath, 12.0);
        // Each row slept for 2 ms.
        assert!(clocks.program < 1e-6 && clocks.swath >= 0.024, "{clocks:?}");
    }
    for times in &trial.repeats {
        let Times::Single(rows) = times else { panic!("{times:?}") };
        assert!(rows.iter().all(|[found, ..]| *found >= 0.001), "{times:?}");
    }
}

fn honest_times_are_believed() {
    let trial = run(&candidates("slow")).trial();
    let believed = trial.clocks.iter().filter(|clocks| clocks.by_swath == 0.0).count();
    assert!(believed > 0, "{:?}", trial.clocks);
    for clocks in &trial.clocks {
        assert!(clocks.program >= 0.024 && clocks.program <= clocks.swath, "{clocks:?}");
    }
}

fn ns_too_large() {
    for trap in ["ns-too-large", "ns-overflows"] {
        let reason = failing(&candidates(trap));
        has(&reason, "its times of 12 rows sum up to ");
        has(&reason, " s, but all of them together took 0.0");
    }
}

fn a_block_that_took_longer_than_it_can() {
    has(
        &failing(&candidates("block-too-long")),
        "it says that `search` took 1000.000000 s, but its answer came after 0.",
    );
    has(
        &failing(&candidates("build-too-long")),
        "it says that `build` took 1000.000000 s, but its answer came after 0.",
    );
}

fn evaluations_are_those_that_it_counts() {
    let trial = run(&retriever("well")).trial();
    assert!(trial.evaluations.iter().all(|[found, ..]| *found == 60), "{:?}", trial.evaluations);
    assert!(run(&candidates("no-evaluations")).trial().evaluations.is_empty());
}

fn set_that_changes_the_index() {
    let lab = Lab::new();
    let it = "{ name: it, external: { command: [./child, set-changes-the-index], search: { ef: [50, 3] } } }";
    let ran = lab.run(&Experiment::default().with(&[it]));
    assert_eq!(ran.code, 1, "{}", ran.said);
    let manifest = ran.manifest();
    let failed: Vec<_> = manifest.failed().collect();
    assert_eq!((failed.len(), failed[0].0.label().as_str()), (1, "it (ef=50)"), "{failed:?}");
    has(failed[0].1, "it answered 12 of 12 queries otherwise than in its first pass, such as query ");
    has(failed[0].1, "search parameters change the index; make them `build` parameters");
}

/// It is said, and the first pass is judged.
fn a_program_that_is_not_deterministic() {
    for it in [candidates("not-deterministic"), selector("not-deterministic"), retriever("not-deterministic")] {
        let ran = run(&it);
        // A selector is asked by `select`.
        has(
            &ran.said,
            "it (exact 1) is not deterministic: it answered up to 12 of 12 queries otherwise than in its first pass; the first is judged",
        );
        let trial = ran.trial();
        assert_eq!(ids(&trial), ids(&run(&it.replace("not-deterministic", "well")).trial()));
        assert!(trial.clocks[1..].iter().any(|clocks| clocks.otherwise == 12.0), "{:?}", trial.clocks);
    }
}

/// The first pass took many times as long as the others, which the report says.
fn answers_that_are_remembered() {
    let trial = run(&retriever("remembers")).trial();
    let later = trial.clocks[1..].iter().map(|clocks| clocks.program).fold(0.0, f64::max);
    assert!(trial.clocks[0].program > 3.0 * later, "{:?}", trial.clocks);
}
