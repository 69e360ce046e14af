//! `swath run`.

use super::places::Places;
use super::results::{finish, finish_cells};
use super::shown::Shown;
use super::table::table;
use super::terminal::{complain, note, print};
use clap::Args;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::{self, Failure, Limits};
use swath::escape;
use swath::plan::cells::{cells, kind_of_cells, outline_cells};
use swath::plan::{self, Cell, Facts, Outline, Trial};
use swath::record::output_folder::{self, FolderKind};
use swath::run::cache::Cache;
use swath::run::experiment::RunOptions;
use swath::run::unfinished::{START_AFRESH, Start};
use swath::run::{self, Means};
use swath_algorithms::points::PointType;

/// Run an experiment and write its results and report
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
#[command(after_help = "\
Examples:
  swath run configs/quickstart.yaml
  swath run --out /tmp/try configs/quickstart.yaml
  swath run --no-cache configs/quickstart.yaml
  swath run --reuse configs/paper.yaml     after adding a retriever: run only its trials
  swath run --dry-run configs/paper.yaml")]
pub struct Arguments {
    /// The experiment, a YAML file
    config: PathBuf,
    /// Folder for results and report: new, empty, or with an earlier run [default: reports/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// List the trials with an estimate of memory and run nothing; reads only headers
    #[arg(long)]
    dry_run: bool,
    /// Prepare the dataset and build every graph again, and keep neither
    #[arg(long)]
    no_cache: bool,
    /// Start from scratch, even if a run was stopped in this folder
    #[arg(long, conflicts_with = "reuse")]
    fresh: bool,
    /// Keep trials of the finished run in this folder if the experiment still has them
    #[arg(long)]
    reuse: bool,
    /// Run all in one process, for debugging: a crash ends the run, and limits are not enforced
    #[arg(long)]
    no_isolation: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl Arguments {
    /// Runs an experiment, or lists its trials.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        if self.dry_run { dry_run(&self.config, places) } else { self.execute(places) }
    }

    /// Which trials of an earlier run are kept.
    fn start(&self) -> Start {
        match (self.fresh, self.reuse) {
            (true, _) => Start::Fresh,
            (false, true) => Start::Reuse(None),
            (false, false) => Start::GoOn,
        }
    }

    /// The cache of graphs, if it is used.
    fn cache<'a>(&self, places: &'a Places) -> Option<&'a Cache> {
        places.cache.as_ref().filter(|_| !self.no_cache)
    }

    fn execute(&self, places: &Places) -> Result<ExitCode, Failure> {
        let file = config::open(&self.config)?;
        let experiment = &file.experiment;
        let folder = self.out.clone().unwrap_or_else(|| Path::new("reports").join(experiment.name.as_str()));
        let program = (!self.no_isolation).then(swath::version::program_file);
        if program.is_none() && experiment.limits != Limits::default() {
            complain("note: without isolation, limits are not enforced");
        }
        let again = Shown::new(&["run"]).path(&self.config).option("--out", self.out.as_ref());
        let again =
            again.flag("--no-cache", self.cache(places).is_none()).flag("--no-isolation", self.no_isolation).whole();
        #[cfg(unix)]
        super::abort::resume_with(&again);
        let start = self.start();
        let resources = places.resources().keeping_if(!self.no_cache);
        let means = Means { program: program.as_deref(), resources, cache: self.cache(places), cell: None };
        let options = RunOptions { means, start: &start, quiet: self.quiet, say: &note, again: &again };
        if let Some(kept) = resources.kept {
            is_apart(kept.folder(), &folder)?;
        }
        // Before the dataset is read or drawn.
        let kind = kind_of_cells(experiment);
        output_folder::check_unchanged(&folder, &[kind.map_or(FolderKind::Run, FolderKind::from)])?;
        if let Some(kind) = kind {
            let cells = cells(experiment);
            let notes = CellNotes::default();
            let said = |cell: &Cell, text: &str| notes.say(cell, text);
            let ran = run::cells::run(&file, kind, &cells, &folder, &options, said).map_err(or_fresh)?;
            return finish_cells(&folder, kind, &ran);
        }
        let prepared = plan::prepare_experiment(file, None, None, resources)?.examined();
        prepared.all_notes().for_each(|text| note(text));
        let (summary, manifest, notes) = prepared.run(&folder, &options).map_err(or_fresh)?;
        notes.iter().for_each(|text| note(text));
        finish(&folder, summary.as_ref(), &manifest)
    }
}

/// Refuses a cache in the folder of results, which holds nothing but those.
fn is_apart(cache: &Path, results: &Path) -> Result<(), Failure> {
    let resolved = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or(path.to_owned());
    if !resolved(cache).starts_with(resolved(results)) {
        return Ok(());
    }
    let (cache, results) = (escape::path(cache), escape::path(results));
    Err(Failure::Input(format!(
        "the cache folder {cache} lies in the folder of the results, {results}\n  name another with --cache-dir or --out"
    )))
}

/// Adds the option that starts from scratch to a message that advises to do so.
fn or_fresh(failure: Failure) -> Failure {
    match failure {
        Failure::Input(message) => Failure::Input(
            message.replace(START_AFRESH, &format!("{START_AFRESH}, as --fresh does without keeping them")),
        ),
        failure => failure,
    }
}

/// Lists the trials of an experiment. Only the header of the dataset is read.
fn dry_run(config: &Path, places: &Places) -> Result<ExitCode, Failure> {
    let file = config::open(config)?;
    let resources = places.resources();
    let cells = cells(&file.experiment);
    if cells.is_empty() {
        let outline = plan::outline(&file, None, resources)?;
        outline.plan.notes.iter().for_each(|text| note(text));
        return list(&outline);
    }
    let notes = CellNotes::default();
    // All cells are checked before the first is listed, as in a run.
    for (outline, cell) in outline_cells(&file, &cells, resources)?.iter().zip(&cells) {
        outline.plan.notes.iter().for_each(|text| notes.say(cell, text));
        print(&format!("{}\n", cell.folder))?;
        list(outline)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The notes on several cells. One that holds for several is printed only once, at the first.
#[derive(Default)]
struct CellNotes(RefCell<BTreeSet<String>>);

impl CellNotes {
    fn say(&self, cell: &Cell, text: &str) {
        if self.0.borrow_mut().insert(text.to_owned()) {
            note(&format!("at {}: {text}", cell.folder));
        }
    }
}

fn list(outline: &Outline) -> Result<ExitCode, Failure> {
    let Outline { plan, facts, dataset_name, .. } = outline;
    let mib = |bytes: usize| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let mut rows = vec![["retriever", "pool", "MiB"].map(str::to_owned).to_vec()];
    let pool = |trial: &Trial| trial.retriever.candidates.pool().to_string();
    rows.extend(plan.trials.iter().map(|trial| vec![trial.label(), pool(trial), mib(plan.memory(trial, facts))]));
    let text = format!(
        "{}\n{} of {}, k = {}, each timed {}, on {}: {}, {} MiB\n",
        table(&rows, 1..),
        count(plan.trials.len(), "trial", "trials"),
        count(plan.queries.len(), "query", "queries"),
        plan.experiment.k.get(),
        count(plan.experiment.repeats.size(), "time", "times"),
        escape::terminal(dataset_name),
        points(facts),
        mib(facts.bytes),
    );
    print(&text)
}

/// The base points, by their type.
fn points(facts: &Facts) -> String {
    let (rows, dim) = (facts.rows, facts.dim);
    match facts.kind {
        PointType::Dense => format!("{rows} x {dim} vectors"),
        PointType::Sets => format!("{rows} sets with members below {dim}"),
        kind => format!("{rows} x {dim} {kind}"),
    }
}

/// A number with its noun.
fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
