//! How a program ends, or does not, and what it leaves behind. [`Lab::run`] itself asserts that nothing is left.

use crate::lab::{Experiment, Lab, candidates, has, retriever, wait_for};
use std::time::Duration;
use swath::clock::Moment;

crate::tests! {
    exit_0_in_the_middle,
    an_exit_code,
    a_program_that_dies_is_started_again_at_most_3_times,
    a_program_that_dies_costs_the_other_trials_nothing,
    a_fork_that_stays,
    a_fork_that_stays_when_its_program_dies,
    a_program_that_kills_its_group,
    an_output_that_is_closed,
    a_program_that_never_reads,
    a_program_that_stops_reading,
    sigstop,
    a_program_that_hears_no_polite_request,
    a_search_without_end,
    a_build_without_end,
    an_open_without_end,
    an_end_that_does_not_come,
    an_end_with_an_exit_code,
    memory_over_its_limit,
    memory_of_a_grandchild_over_the_limit,
    memory_that_is_only_mapped,
    kill_9_of_swath,
    ctrl_c,
}

fn failing(trap: &str) -> String {
    Lab::new().failing(&Experiment::default().with(&[&candidates(trap)]))
}

/// With small limits.
fn failing_within(trap: &str, limits: &str) -> String {
    let begun = Moment::now();
    let experiment = Experiment { limits, ..Experiment::default() };
    let reason = Lab::new().failing(&experiment.with(&[&candidates(trap)]));
    assert!(begun.elapsed() < 20.0, "it took {} s", begun.elapsed());
    reason
}

fn exit_0_in_the_middle() {
    has(&failing("exit-0"), "it ended with exit code 0");
}

fn an_exit_code() {
    has(&failing("exit-3"), "it ended with exit code 3");
}

/// Each of seven trials dies: the first four, then it is not started again.
fn a_program_that_dies_is_started_again_at_most_3_times() {
    let it = "{ name: it, external: { command: [./child, dies-below-10], search: { ef: [1, 2, 3, 4, 5, 6, 70] } } }";
    let ran = Lab::new().run(&Experiment::default().with(&[it]));
    let manifest = ran.manifest();
    let reasons: Vec<&str> = manifest.failed().map(|(_, reason)| reason).collect();
    assert_eq!((ran.code, reasons.len()), (1, 7), "{}", ran.said);
    assert!(reasons[..4].iter().all(|reason| *reason == "it ended with exit code 3"), "{reasons:?}");
    let last = "its program ended 4 times, and is not started again; the last time: it ended with exit code 3";
    assert!(reasons[4..].iter().all(|reason| *reason == last), "{reasons:?}");
}

fn a_program_that_dies_costs_the_other_trials_nothing() {
    let it = "{ name: it, external: { command: [./child, dies-below-10], search: { ef: [1, 20, 3, 40] } } }";
    let ran = Lab::new().run(&Experiment::default().with(&[it]));
    let manifest = ran.manifest();
    let labels: Vec<String> = manifest.failed().map(|(trial, _)| trial.label()).collect();
    assert_eq!((ran.code, &labels[..]), (1, &["it (ef=1)".to_owned(), "it (ef=3)".to_owned()][..]), "{}", ran.said);
}

/// In a session of its own, deaf to a polite request, and with the program's standard output open.
fn a_fork_that_stays() {
    Lab::new().run(&Experiment::default().with(&[&candidates("stays")])).trial();
}

fn a_fork_that_stays_when_its_program_dies() {
    assert_eq!(failing("stays-and-exits"), "it ended with exit code 3");
}

fn a_program_that_kills_its_group() {
    has(&failing("kills-its-group"), "it was killed by signal 9 (SIGKILL)");
}

fn an_output_that_is_closed() {
    has(&failing("closes-its-output"), "it closed its standard output, and lived on until it was ended");
}

fn a_program_that_never_reads() {
    let reason = failing_within("never-reads", "{ external: { open: 1 } }");
    has(&reason, "`open` took longer than the 1 s of limits.external.open");
}

fn a_program_that_stops_reading() {
    let lab = Lab::new();
    let it = candidates(&format!("stops-reading, {}", lab.note("note")));
    let experiment = Experiment { limits: "{ external: { pass: 1 } }", ..Experiment::default() };
    has(&lab.failing(&experiment.with(&[&it])), "`search` took longer than the 1 s of limits.external.pass");
}

fn sigstop() {
    let reason = failing_within("sigstop", "{ external: { pass: 1 } }");
    has(&reason, "`search` took longer than the 1 s of limits.external.pass");
}

fn a_program_that_hears_no_polite_request() {
    let reason = failing_within("ignores-term", "{ external: { pass: 1 } }");
    has(&reason, "`search` took longer than the 1 s of limits.external.pass");
}

fn a_search_without_end() {
    let reason = failing_within("sleeps", "{ seconds: 1 }");
    has(&reason, "answering all queries once took longer than the 1 s of limits.seconds");
}

fn a_build_without_end() {
    has(&failing_within("builds-long", "{ seconds: 1 }"), "its build failed: ");
    has(&failing_within("builds-long", "{ seconds: 1 }"), " took longer than the 1 s of limits.seconds");
}

fn an_open_without_end() {
    let reason = failing_within("opens-long", "{ external: { open: 1 } }");
    has(&reason, "its build failed: `open` took longer than the 1 s of limits.external.open");
}

/// The results are there, and it is said.
fn an_end_that_does_not_come() {
    let experiment = Experiment { limits: "{ external: { end: 1 } }", ..Experiment::default() };
    let ran = Lab::new().run(&experiment.with(&[&candidates("ends-late")]));
    ran.trial();
    has(&ran.said, "`end` took longer than the 1 s of limits.external.end");
}

fn an_end_with_an_exit_code() {
    let ran = Lab::new().run(&Experiment::default().with(&[&candidates("ends-badly")]));
    ran.trial();
    has(&ran.said, "it ended with exit code 4");
}

/// For swath's own part 200 MiB suffice here.
const MEMORY: &str = "{ memory: 300 MiB }";

fn memory_over_its_limit() {
    has(&failing_within("holds-memory", MEMORY), "it held more memory than the 300 MiB of limits.memory");
}

fn memory_of_a_grandchild_over_the_limit() {
    // It is noticed while it is asked something.
    has(&failing_within("another-holds-memory", MEMORY), "it held more memory than the 300 MiB of limits.memory");
}

fn memory_that_is_only_mapped() {
    let lab = Lab::new();
    let it = retriever(&format!("maps-much, {}", lab.note("note")));
    lab.run(&Experiment { limits: MEMORY, ..Experiment::default() }.with(&[&it])).trial();
}

/// No process is left 5 s later, and no folder of a program.
fn kill_9_of_swath() {
    let lab = Lab::new();
    let note = lab.path("note");
    let it = candidates(&format!("waits, {}", lab.note("note")));
    std::fs::write(lab.path("x.yaml"), Experiment::default().with(&[&it])).expect("written");
    let mut command = lab.command(&["run", "x.yaml", "--quiet", "--allow-external", "--out", "out"]);
    let mut swath = command.spawn().expect("started");
    wait_for("the search", || note.exists());
    // Itself, its child, the watcher and the program.
    assert!(lab.processes().len() >= 4, "{:#?}", lab.processes());
    swath.kill().expect("killed");
    swath.wait().expect("ended");
    lab.nothing_is_left();
}

/// A second one ends it at once.
fn ctrl_c() {
    use rustix::process::{Pid, Signal, kill_process};
    let lab = Lab::new();
    let note = lab.path("note");
    let it = candidates(&format!("waits, {}", lab.note("note")));
    std::fs::write(lab.path("x.yaml"), Experiment::default().with(&[&it])).expect("written");
    let mut command = lab.command(&["run", "x.yaml", "--quiet", "--allow-external", "--out", "out"]);
    let mut swath = command.spawn().expect("started");
    wait_for("the search", || note.exists());
    let pid = Pid::from_child(&swath);
    kill_process(pid, Signal::INT).expect("asked");
    std::thread::sleep(Duration::from_millis(300));
    assert!(swath.try_wait().expect("asked").is_none(), "it waits for the step");
    kill_process(pid, Signal::INT).expect("asked");
    swath.wait().expect("ended");
    lab.nothing_is_left();
}
