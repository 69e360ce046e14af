//! What a program says: its first line, its answers, and what else it prints.

use crate::lab::{Experiment, Lab, candidates, has, retriever, selector};

crate::tests! {
    one_mb_on_standard_output,
    one_mb_before_the_first_line,
    standard_output_without_end,
    one_mb_on_standard_error_is_only_its_log,
    a_line_of_2_mib,
    a_line_that_is_not_utf_8,
    half_a_line,
    two_answers,
    an_answer_without_yes_or_no,
    nan_in_an_answer,
    lines_that_end_with_crlf,
    an_op_that_it_does_not_know,
    a_build_that_it_refuses,
    a_first_line_that_is_late,
    a_first_line_that_is_no_json,
    a_first_line_of_another_version,
    no_first_line,
    a_role_that_it_cannot_do,
    a_batch_that_it_cannot_answer,
    a_version_that_changes_from_start_to_start,
    a_command_that_does_not_exist,
    words_for_a_terminal_stay_words,
}

/// Why the trials of the program with this trap failed.
fn failing(trap: &str) -> String {
    Lab::new().failing(&Experiment::default().with(&[&candidates(trap)]))
}

/// What is said of an experiment that is refused before anything runs.
fn refused(experiment: &str) -> String {
    let lab = Lab::new();
    let ran = lab.run(experiment);
    assert_eq!(ran.code, 2, "{}", ran.said);
    assert!(!ran.out.exists());
    ran.said
}

fn one_mb_on_standard_output() {
    let reason = failing("prints-1-mb");
    has(&reason, "it wrote `epoch 17: loss 0.0321` on standard output, which is no JSON");
    has(&reason, "only the protocol may use standard output: print to standard error");
}

fn one_mb_before_the_first_line() {
    let said = refused(&Experiment::default().with(&[&candidates("prints-first")]));
    has(&said, "`./child prints-first` does not say hello: it wrote `epoch 17: loss 0.0321` on standard output");
}

fn standard_output_without_end() {
    has(&failing("prints-for-ever"), "it wrote `epoch 17: loss 0.0321`");
}

fn one_mb_on_standard_error_is_only_its_log() {
    let ran = Lab::new().run(&Experiment::default().with(&[&candidates("logs-1-mb")]));
    assert_eq!(ran.trial().returned.len(), 60);
    assert!(!ran.said.contains("epoch"), "{}", ran.said);
}

fn a_line_of_2_mib() {
    has(
        &failing("line-of-2-mib"),
        "it wrote a line of more than 1 MiB on standard output, which begins `{\"more\":\"xxx",
    );
}

fn a_line_that_is_not_utf_8() {
    has(&failing("no-utf-8"), "on standard output, which is not UTF-8");
}

fn half_a_line() {
    has(&failing("half-a-line"), "its output ended in the middle of the line `{\"ns\":");
}

fn two_answers() {
    has(&failing("two-answers"), "without being asked: each question has one answer");
}

fn an_answer_without_yes_or_no() {
    has(&failing("no-ok"), "it answered `{\"done\":true}`, which has no `\"ok\": true` or `false`");
}

fn nan_in_an_answer() {
    has(&failing("nan"), "it wrote `{\"ok\": true, \"ns\": NaN}` on standard output, which is no JSON");
}

fn lines_that_end_with_crlf() {
    Lab::new().run(&Experiment::default().with(&[&candidates("crlf")])).trial();
}

fn an_op_that_it_does_not_know() {
    has(&failing("unsupported"), "it does not support that: I have no op echo");
}

fn a_build_that_it_refuses() {
    has(&failing("refuses-build"), "its build failed: M must be at least 2, not 1");
    has(&failing("refuses-silently"), "its build failed: it refused, and said no message");
}

fn a_first_line_that_is_late() {
    let experiment = Experiment { limits: "{ external: { hello: 1 } }", ..Experiment::default() };
    let said = refused(&experiment.with(&[&candidates("hello-late")]));
    has(
        &said,
        "`./child hello-late` does not say hello: its first line did not come within the 1 s of limits.external.hello",
    );
}

fn a_first_line_that_is_no_json() {
    let said = refused(&Experiment::default().with(&[&candidates("hello-no-json")]));
    has(&said, "it wrote `Loading the model...` on standard output, which is no JSON");
}

fn a_first_line_of_another_version() {
    let said = refused(&Experiment::default().with(&[&candidates("hello-version-2")]));
    has(&said, "it speaks version 2 of the protocol, and swath 1");
}

fn no_first_line() {
    let said = refused(&Experiment::default().with(&[&candidates("exits-first")]));
    has(
        &said,
        "`./child exits-first` does not say hello: it ended with exit code 1; its last words: ModuleNotFoundError: No module named 'hnswlib'",
    );
}

fn a_role_that_it_cannot_do() {
    for one in [candidates, retriever] {
        let said = refused(&Experiment::default().with(&[&one("hello-selector-alone")]));
        has(&said, "; it says that it can: `selector`");
    }
    Lab::new().run(&Experiment::default().with(&[&selector("hello-selector-alone")])).trial();
}

fn a_batch_that_it_cannot_answer() {
    let experiment = Experiment { more: "mode: batch\n", ..Experiment::default() };
    let said = refused(&experiment.with(&[&candidates("hello-no-batch")]));
    has(&said, "exact 1 cannot answer many queries at once, which `mode: batch` asks for");
}

fn a_version_that_changes_from_start_to_start() {
    let lab = Lab::new();
    let it = candidates(&format!("hello-changes, {}", lab.note("note")));
    let reason = lab.failing(&Experiment::default().with(&[&it]));
    has(&reason, "it was exact 1 when the run began, and is exact 2 now");
}

fn a_command_that_does_not_exist() {
    let experiment = |command: &str| {
        let it = format!("{{ name: it, external: {{ command: {command} }} }}");
        Experiment::default().with(&[&it])
    };
    has(&refused(&experiment("[./no-such-child]")), "there is no program `./no-such-child` seen from ");
    has(
        &refused(&experiment("[no-such-child]")),
        "there is no program `no-such-child` in PATH; a file beside the experiment's is `./no-such-child`",
    );
    let said = refused(&experiment("[sh, wrappers/no-such.sh]"));
    has(&said, "`wrappers/no-such.sh` names no file seen from ");
    // A file that may not be executed.
    has(&refused(&experiment("[./x.yaml]")), "cannot be started: ");
    has(&refused(&experiment("[]")), "it names no command");
}

fn words_for_a_terminal_stay_words() {
    let lab = Lab::new();
    let ran = lab.run(&Experiment::default().with(&[&candidates("exit-3")]));
    let manifest = ran.manifest();
    let reason = manifest.failed().next().expect("a trial that failed").1;
    has(reason, "it ended with exit code 3; it said:\n  first\n");
    has(reason, "no UTF-8");
    assert!(!ran.said.contains(['\x1b', '\x07', '\u{202e}']), "{:?}", ran.said);
    has(&ran.said, "error: it failed: it ended with exit code 3; it said:\n  first\n  ");
    has(&ran.said, "sdrawkcab\n  ");
}
