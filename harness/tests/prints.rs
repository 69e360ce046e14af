//! An algorithm may print, and read, without a word getting into what its child and the run say to each other.
//!
//! This test is its own child (see `harness/Cargo.toml`): a thread in it stands for an algorithm that prints all the time.

mod support;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use swath::config::Failure;
use swath::plan;
use swath::run::Means;
use swath::run::child::{self, Channel};
use swath::run::experiment::RunOptions;
use swath::run::unfinished::Start;

/// Has the child print much, say this, and die.
const DIE: &str = "SWATH_TEST_DIE";

const EXPERIMENT: &str = "\
name: x
dataset: plain.hdf5
k: 5
repeats: 3
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 10 } }, select: mmr }
";

fn main() -> ExitCode {
    let argument = std::env::args().nth(1).unwrap_or_default();
    match argument.as_str() {
        child::COMMAND => print_and_work(),
        "run" => run(),
        _ if argument.starts_with("--list") => ExitCode::SUCCESS,
        _ => {
            prints_and_reads_do_not_disturb();
            println!("prints_and_reads_do_not_disturb ... ok");
            last_words_are_the_last_of_many();
            println!("last_words_are_the_last_of_many ... ok");
            ExitCode::SUCCESS
        }
    }
}

fn print_and_work() -> ExitCode {
    let channel = Channel::take().expect("a channel");
    let mut read = String::new();
    assert_eq!(std::io::stdin().read_to_string(&mut read).expect("read"), 0, "an order was read: {read}");
    if let Ok(words) = std::env::var(DIE) {
        (0..20_000).for_each(|i| println!("line {i} of many"));
        eprintln!("{words}");
        std::process::abort();
    }
    std::thread::spawn(|| {
        loop {
            // Lines, half a line, and what would pass for a reply.
            println!("an algorithm is at work\n\"done\"");
            print!("{{\"failed\":\"no\"}} and on");
        }
    });
    child::work_for(channel)
}

/// Runs the experiment in the working folder with children of this program, and says how each trial ended.
fn run() -> ExitCode {
    let prepared =
        plan::prepare_file(Path::new("x.yaml"), plan::Resources { data_folders: &[], memory: 1 << 30, scratch: None })
            .expect("planned");
    let program = std::env::current_exe().expect("a program");
    let means = Means { program: Some(&program), data_folders: &[], memory: 1 << 30, cache: None, cell: None };
    let options = RunOptions { means, start: &Start::GoOn, quiet: true, say: &|_| {}, again: "swath run x.yaml" };
    match prepared.run(Path::new("out"), &options) {
        Ok((_, manifest, _)) => {
            manifest.trials.iter().for_each(|trial| println!("{}: {:?}", trial.retriever, trial.failed));
            ExitCode::SUCCESS
        }
        Err(Failure::Invalid(invalid)) => panic!("{invalid:?}"),
        Err(failure) => panic!("{failure}"),
    }
}

/// What the run of children that print says, with these words before they die.
fn trials(words: Option<&str>) -> String {
    let folder = support::folder_with("x.yaml", EXPERIMENT);
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.arg("run").current_dir(folder.path()).env_remove(DIE);
    words.iter().for_each(|words| {
        command.env(DIE, words);
    });
    let output = command.output().expect("started");
    assert!(output.status.success(), "{}", support::stderr(&output));
    support::stdout(&output)
}

fn prints_and_reads_do_not_disturb() {
    assert_eq!(trials(None), "top-k: None\nmmr: None\n");
}

fn last_words_are_the_last_of_many() {
    let ended = trials(Some("here it ends"));
    let reason = "its build failed: it was ended by signal 6 (SIGABRT); its last words: here it ends";
    assert_eq!(ended.matches(reason).count(), 2, "{ended}");
}
