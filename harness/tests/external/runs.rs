//! Runs with programs outside: in each role, on points of each type, resumed, repeated, allowed.

use crate::lab::{Experiment, Lab, Ran, candidates, has, retriever, selector, text, wait_for};
use crate::support::untimed;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use swath::external::Role;

crate::tests! {
    candidates_a_selector_and_a_retriever,
    candidates_a_selector_and_a_retriever_in_a_batch,
    candidates_a_selector_and_a_retriever_in_one_process,
    dense_points_bits_sets_and_sparse_points,
    two_programs_in_one_trial,
    stages_of_swath_go_on_from_a_program,
    questions_are_as_the_protocol_has_them,
    trials_that_agree_on_build_share_an_index,
    a_sweep,
    paths_with_spaces,
    paths_that_are_not_utf_8,
    a_command_is_allowed_once,
    a_script_that_changes_makes_other_trials,
    a_script_that_changes_in_the_middle_of_a_run,
    the_same_report_twice,
    resume_after_kill_9_of_swath,
    resume_after_kill_9_of_the_program,
}

const EXACT: &str = "{ name: exact, candidates: { exact: { pool: 10 } }, select: top-k }";

/// In each role, beside exact search.
fn in_each_role(more: &str, arguments: &[&str]) -> Ran {
    let named = |retriever: String, name: &str| retriever.replace("name: it", &format!("name: {name}"));
    let retrievers =
        [EXACT.to_owned(), named(candidates("well"), "c"), named(selector("well"), "s"), named(retriever("well"), "r")];
    let experiment = Experiment { more, ..Experiment::default() };
    let experiment = experiment.with(&retrievers.each_ref().map(String::as_str));
    let ran = Lab::new().run_with(&experiment, &[&["--allow-external"], arguments].concat());
    let results = ran.results();
    let [exact, c, s, r] = &results.trials[..] else { panic!("{}", results.trials.len()) };
    assert_eq!((&c.returned, &r.returned), (&exact.returned, &exact.returned));
    // Every second of the pool, whose first five are those of exact search.
    for (i, row) in s.returned.chunks_exact(5).enumerate() {
        let near: Vec<i32> = exact.answer(i).map(|id| id as i32).collect();
        assert_eq!([row[0], row[1], row[2]], [near[0], near[2], near[4]]);
    }
    for (trial, role) in [(c, Role::Candidates), (s, Role::Selector), (r, Role::Retriever)] {
        let [program] = &trial.programs[..] else { panic!("{:?}", trial.programs) };
        assert_eq!((program.role, program.hello.label().as_str(), program.bytes), (role, "exact 1", Some(4096)));
        assert!(program.build_seconds > 0.0 && trial.clocks.len() == 3, "{program:?}");
        assert!(trial.clocks.iter().all(|clocks| clocks.echo > 0.0 && clocks.set > 0.0 && clocks.otherwise == 0.0));
        assert!(trial.index_bytes >= 4096 && trial.peaks.search.is_some());
        assert!(!trial.evaluations.is_empty());
    }
    assert!(exact.programs.is_empty() && exact.clocks.is_empty());
    ran
}

fn candidates_a_selector_and_a_retriever() {
    let ran = in_each_role("", &[]);
    let runs = text(&ran.out.join("runs.csv"));
    assert_eq!(runs.lines().count(), 1 + 4, "{runs}");
}

fn candidates_a_selector_and_a_retriever_in_a_batch() {
    in_each_role("mode: batch\n", &[]);
}

fn candidates_a_selector_and_a_retriever_in_one_process() {
    in_each_role("", &["--no-isolation"]);
}

fn dense_points_bits_sets_and_sparse_points() {
    let kinds = [
        ("{ generate: gaussian, n: 60, dimension: 21, queries: 12, distance: angular }", "exact"),
        ("{ generate: lengths, n: 60, dimension: 4, queries: 12, distance: ip }", "exact"),
        ("{ generate: clusters, n: 60, dimension: 21, queries: 12, distance: hamming }", "exact"),
        ("{ generate: zipf, n: 60, dimension: 50, queries: 12, distance: jaccard }", "inverted"),
        ("{ generate: zipf, n: 60, dimension: 50, queries: 12, distance: ip }", "inverted"),
    ];
    for (dataset, exact) in kinds {
        let exact = EXACT.replace("exact:", &format!("{exact}:"));
        for mode in ["single", "batch"] {
            let more = format!("mode: {mode}\n");
            let experiment = Experiment { dataset, more: &more, ..Experiment::default() };
            let results = Lab::new().run(&experiment.with(&[&candidates("well"), &exact])).results();
            assert_eq!(results.trials[0].metrics, results.trials[1].metrics, "{dataset}");
            assert!(results.trials[0].metrics[0].iter().all(|&recall| recall == 1.0), "{dataset}");
        }
    }
}

fn two_programs_in_one_trial() {
    let it = "{ name: it, candidates: { external: { command: [./child, well], pool: 10 } }, \
              select: { external: { command: [./child, well], search: { step: [1, 3] } } } }";
    let results = Lab::new().run(&Experiment::default().with(&[it, EXACT])).results();
    assert_eq!(results.trials[0].returned, results.trials[2].returned);
    assert_ne!(results.trials[1].returned, results.trials[2].returned);
    let roles: Vec<Role> = results.trials[0].programs.iter().map(|program| program.role).collect();
    assert_eq!(roles, [Role::Candidates, Role::Selector]);
}

fn stages_of_swath_go_on_from_a_program() {
    let stages = "expand: { walk: { graph: knn, neighbors: 5 } }, select: { mmr: { lambda: [0.3, 0.7] } }";
    let [it, own] = [candidates("well"), EXACT.to_owned()].map(|one| one.replace("select: top-k", stages));
    let results = Lab::new().run(&Experiment::default().with(&[&it, &own])).results();
    for i in 0..2 {
        assert_eq!(results.trials[i].returned, results.trials[i + 2].returned);
    }
}

/// What the program was asked, in order.
fn asked(note: &Path) -> Vec<Value> {
    text(note).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn questions_are_as_the_protocol_has_them() {
    let lab = Lab::new();
    let note = lab.path("note");
    let external = format!(
        "external: {{ command: [./child, records, {}], build: {{ M: 8, metric: l2 }}, build_threads: 2, search: {{ ef: 7, deep: true }} }}",
        lab.note("note")
    );
    let experiment = Experiment { more: "threads: 1\nseed: 17\n", repeats: 1, ..Experiment::default() };
    lab.run(&experiment.with(&[&format!("{{ name: it, {external} }}")])).trial();
    let all = asked(&note);
    let ops: Vec<&str> = all.iter().map(|one| one["ask"]["op"].as_str().expect("an op")).collect();
    let passes = ["set", "echo", "echo", "echo", "echo", "echo", "echo", "search", "set", "search", "end"];
    assert_eq!(ops, [&["open", "build"][..], &passes].concat());
    let open = all[0]["ask"].as_object().expect("an object");
    let names: BTreeSet<&str> = open.keys().map(String::as_str).collect();
    let expected = ["op", "role", "base", "dimension", "distance", "threads", "build_threads", "seed", "scratch"];
    assert_eq!(names, BTreeSet::from(expected), "neither queries nor truth");
    assert_eq!(
        (&open["role"], &open["distance"], &open["dimension"]),
        (&"retriever".into(), &"euclidean".into(), &4.into())
    );
    assert_eq!((&open["threads"], &open["build_threads"], &open["seed"]), (&1.into(), &2.into(), &17.into()));
    assert_eq!(open["base"]["strides"], serde_json::json!([64, 4]), "rows are padded");
    assert_eq!(all[1]["ask"]["params"], serde_json::json!({ "M": 8, "metric": "l2" }));
    assert_eq!(all[2]["ask"]["params"], serde_json::json!({ "ef": 7, "deep": true }));
    let search = &all[6]["ask"];
    assert_eq!(
        (&search["from"], &search["to"], &search["k"], &search["mode"]),
        (&0.into(), &12.into(), &5.into(), &"single".into())
    );
    for one in &all {
        // It works in a folder of its own, with the threads that it may build with.
        assert_eq!((&one["cwd"], &one["omp"]), (&open["scratch"], &"2".into()));
    }
    let own = std::thread::available_parallelism().map_or(1, usize::from);
    let cpus: Vec<usize> = all.iter().map(|one| one["cpus"].as_u64().expect("a number") as usize).collect();
    assert_eq!(cpus[..3], [own; 3], "before the first echo");
    assert!(cpus[3..].iter().all(|&cpus| cpus == 1), "{cpus:?}");
}

fn trials_that_agree_on_build_share_an_index() {
    let lab = Lab::new();
    let note = lab.path("note");
    let external = format!(
        "external: {{ command: [./child, records, {}], build: {{ M: [4, 8] }}, search: {{ ef: [10, 20] }} }}",
        lab.note("note")
    );
    let results = lab.run(&Experiment::default().with(&[&format!("{{ name: it, {external} }}")])).results();
    let points: Vec<&str> = results.trials.iter().map(|trial| trial.point.as_str()).collect();
    assert_eq!(points, ["M=4, ef=10", "M=4, ef=20", "M=8, ef=10", "M=8, ef=20"]);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in asked(&note) {
        *counts.entry(one["ask"]["op"].as_str().expect("an op").to_owned()).or_default() += 1;
    }
    // One untimed pass and two timed ones of each trial; echo once for each program.
    let expected = [("build", 2), ("echo", 12), ("end", 2), ("open", 2), ("search", 12), ("set", 12)];
    assert_eq!(counts, expected.map(|(op, count)| (op.to_owned(), count)).into());
}

fn a_sweep() {
    let experiment = Experiment { more: "sweep: { n: [40, 60] }\n", repeats: 1, ..Experiment::default() };
    let ran = Lab::new().run(&experiment.with(&[&retriever("well"), EXACT]));
    assert_eq!(ran.code, 0, "{}", ran.said);
    for cell in ["n=40", "n=60"] {
        let (_, results) = swath::record::results::read(&ran.out.join(cell)).expect("a run");
        assert_eq!(results.trials[0].returned, results.trials[1].returned);
    }
}

/// Runs in a folder of this name, in which the dataset, the program and its own folder lie, too.
fn runs_within(name: &OsStr) {
    for dataset in [crate::lab::DENSE, "{ generate: clusters, n: 60, dimension: 21, queries: 12, distance: hamming }"] {
        let experiment = Experiment { dataset, ..Experiment::default() };
        let ran = Lab::within(name).run(&experiment.with(&[&candidates("well"), EXACT]));
        let results = ran.results();
        assert_eq!(results.trials[0].metrics, results.trials[1].metrics);
    }
}

fn paths_with_spaces() {
    runs_within(OsStr::new("with spaces, \"quotes\" and ü"));
}

fn paths_that_are_not_utf_8() {
    runs_within(OsStr::from_bytes(b"no UTF-8 \xff\xfe"));
}

fn a_command_is_allowed_once() {
    let lab = Lab::new();
    let experiment = Experiment::default().with(&[&candidates("well"), &retriever("crlf").replace("it,", "r,")]);
    let refused = lab.run_with(&experiment, &[]);
    assert_eq!(refused.code, 2, "{}", refused.said);
    has(
        &refused.said,
        "error: the experiment runs commands that were not run from here before:\n    ./child well\n    ./child crlf\n",
    );
    has(&refused.said, "a file that names commands is code: read it, then allow its commands with --allow-external");
    assert!(!refused.out.exists());
    assert_eq!(lab.run(&experiment).code, 0);
    let again = lab.run_with(&experiment, &["--fresh"]);
    assert_eq!(again.code, 0, "{}", again.said);
    let other = lab.run_with(&experiment.replace("crlf", "logs-1-mb"), &["--fresh"]);
    assert_eq!(other.code, 2);
    has(&other.said, "before:\n    ./child logs-1-mb\n");
}

fn a_script_that_changes_makes_other_trials() {
    let lab = Lab::new();
    let experiment = Experiment::default().with(&[&retriever("well")]);
    let first = lab.run(&experiment).trial().id;
    assert_eq!(lab.run_with(&experiment, &["--fresh"]).trial().id, first);
    lab.write_child("# Another.\n");
    let reused = lab.run_with(&experiment, &["--reuse"]);
    let second = reused.trial().id;
    assert_ne!(second, first);
    lab.write_child("");
    assert_eq!(lab.run_with(&experiment, &["--fresh"]).trial().id, first);
}

fn a_script_that_changes_in_the_middle_of_a_run() {
    let lab = Lab::new();
    let it = candidates(&format!("changes-its-file, {}", lab.note("child")));
    let reason = lab.failing(&Experiment::default().with(&[&it]));
    has(&reason, "a file of its command has changed since the run began");
}

fn the_same_report_twice() {
    let lab = Lab::new();
    let it = "{ name: it, external: { command: [./child, well], build: { M: [4, 8] }, search: { ef: [10, 20] } } }";
    let experiment = Experiment::default().with(&[it, &candidates("well").replace("it,", "c,"), EXACT]);
    let [one, other] = ["one", "other"].map(|out| lab.run_with(&experiment, &["--allow-external", "--out", out]));
    assert_eq!((one.code, other.code), (0, 0), "{}", one.said);
    assert_same(&other, &untimed(&one.out));
}

/// Asserts that a run left what is expected, but for times.
#[track_caller]
fn assert_same(ran: &Ran, expected: &BTreeMap<String, String>) {
    let found = untimed(&ran.out);
    for (name, text) in expected {
        assert_eq!(found.get(name), Some(text), "{name}; {}", ran.said);
    }
    assert_eq!(found.len(), expected.len(), "{}", ran.said);
}

/// An experiment with four trials of a program that waits in the first timed pass until the file `go` is there.
fn waiting(lab: &Lab) -> String {
    let it = format!(
        "{{ name: it, external: {{ command: [./child, waits, {}], search: {{ ef: [1, 2] }} }} }}",
        lab.note("note")
    );
    Experiment { repeats: 3, ..Experiment::default() }.with(&[&it, EXACT])
}

/// What a run that nothing disturbs leaves.
fn undisturbed(lab: &Lab, experiment: &str) -> BTreeMap<String, String> {
    std::fs::write(lab.path("note.go"), "").expect("written");
    let ran = lab.run_with(experiment, &["--allow-external", "--out", "undisturbed"]);
    assert_eq!(ran.code, 0, "{}", ran.said);
    std::fs::remove_file(lab.path("note.go")).expect("removed");
    untimed(&ran.out)
}

fn resume_after_kill_9_of_swath() {
    let lab = Lab::new();
    let experiment = waiting(&lab);
    let expected = undisturbed(&lab, &experiment);
    let mut swath = lab.command(&["run", "x.yaml", "--quiet", "--out", "out"]).spawn().expect("started");
    wait_for("a timed pass", || lab.path("note").exists());
    swath.kill().expect("killed");
    swath.wait().expect("ended");
    lab.nothing_is_left();
    std::fs::write(lab.path("note.go"), "").expect("written");
    let ran = lab.run_with(&experiment, &[]);
    assert_eq!(ran.code, 0, "{}", ran.said);
    has(&ran.said, "of 3 trials 0 are done and 3 begun");
    assert_same(&ran, &expected);
}

fn resume_after_kill_9_of_the_program() {
    let lab = Lab::new();
    let experiment = waiting(&lab);
    let expected = undisturbed(&lab, &experiment);
    let mut swath = lab.command(&["run", "x.yaml", "--quiet", "--out", "out"]).spawn().expect("started");
    let note = lab.path("note");
    wait_for("a timed pass", || note.exists() && std::fs::read(&note).is_ok_and(|text| text.ends_with(b"\n")));
    let pid = Pid::from_raw(text(&note).trim().parse().expect("a process")).expect("a process");
    kill_process(pid, Signal::KILL).expect("killed");
    // The other trials go on.
    assert_eq!(swath.wait().expect("ended").code(), Some(1));
    let manifest = swath::record::results::read_manifest(&lab.path("out")).expect("a manifest");
    let failed: Vec<&str> = manifest.failed().map(|(_, reason)| reason).collect();
    assert_eq!(failed, ["it was killed by signal 9 (SIGKILL), as Linux does when memory runs out"]);
    std::fs::write(lab.path("note.go"), "").expect("written");
    let ran = lab.run_with(&experiment, &["--reuse"]);
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_same(&ran, &expected);
}
