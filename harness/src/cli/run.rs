//! `run`, `report` and `init`.

use super::command::Shown;
use super::{complain, print, table, with_help};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config;
use swath::config::Failure;
use swath::config::Limits;
use swath::escape;
use swath::findings::summary::Summary;
use swath::plan;
use swath::plan::Cell;
use swath::plan::Outline;
use swath::plan::Trial;
use swath::plan::cells;
use swath::plot::format::decimals;
use swath::record::coarse::Coarse;
use swath::record::folder;
use swath::record::machine::memory;
use swath::record::manifest::Manifest;
use swath::record::output_folder;
use swath::record::output_folder::Kind;
use swath::report::chosen_tables;
use swath::report::sweep::Ran;
use swath::report::write;
use swath::run::Means;
use swath::run::cache::Cache;
use swath::run::experiment::RunOptions;
use swath::run::sweep;
use swath::run::unfinished::Start;
use swath_datasets::{ann_benchmarks, catalogue, whole_file};

/// How `run` is asked for.
pub struct Asked<'a> {
    /// The experiment's file.
    pub config: &'a Path,
    /// The folder for what it leaves behind.
    pub out: Option<PathBuf>,
    /// Where datasets are looked for.
    pub folders: &'a [PathBuf],
    /// Where graphs are kept.
    pub cache: Option<&'a Cache>,
    /// What it begins with.
    pub start: Start,
    /// Whether each build has a process of its own.
    pub isolation: bool,
    /// Show no progress.
    pub quiet: bool,
}

/// This program's own file.
pub fn program() -> PathBuf {
    // On Linux the file may have been replaced by a newer build; this name still leads to the one that runs.
    let own = Path::new("/proc/self/exe");
    if own.exists() {
        return own.to_owned();
    }
    // Without `/proc`: as it was called, a path, or a name that is found where the system finds programs.
    let called = || std::env::args_os().next().map_or_else(|| "swath".into(), PathBuf::from);
    std::env::current_exe().unwrap_or_else(|_| called())
}

/// Runs an experiment.
pub fn run(asked: &Asked<'_>) -> Result<ExitCode, Failure> {
    let (source, experiment) = config::open(asked.config)?;
    let folder = asked.out.clone().unwrap_or_else(|| Path::new("reports").join(experiment.name.as_str()));
    let program = asked.isolation.then(program);
    if program.is_none() && experiment.limits != Limits::default() {
        complain("note: without isolation limits are not kept");
    }
    let again = Shown::new(&["run"]).path(asked.config).option("--out", asked.out.as_ref());
    let again = again.flag("--no-cache", asked.cache.is_none()).flag("--no-isolation", !asked.isolation).whole();
    let means = Means {
        program: program.as_deref(),
        data_folders: asked.folders,
        memory: memory(),
        cache: asked.cache,
        cell: None,
    };
    let note = |note: &str| complain(&format!("note: {note}"));
    let options = RunOptions { means, start: &asked.start, quiet: asked.quiet, say: &note, again: &again };
    // Before the dataset is read or drawn.
    output_folder::check_unchanged(&folder, &[if experiment.sweep.is_some() { Kind::Sweep } else { Kind::Run }])?;
    if let Some(sweep) = &experiment.sweep {
        let cells = cells(&experiment, sweep);
        // What is so at several cells is said at the first.
        let heard = RefCell::new(BTreeSet::new());
        let said = |cell: &Cell, text: &str| {
            if heard.borrow_mut().insert(text.to_owned()) {
                note(&format!("at {}: {text}", cell.folder));
            }
        };
        let ran = sweep::run(&source, &experiment, &cells, &folder, &options, said)?;
        return finish_sweep(&folder, &ran);
    }
    let prepared = plan::plan(source, experiment, None, None, (asked.folders, memory()))?.examined();
    prepared.notes.iter().for_each(|text| note(text));
    let (summary, manifest, notes) = prepared.run(&folder, &options)?;
    notes.iter().for_each(|text| note(text));
    finish(&folder, summary.as_ref(), &manifest)
}

/// Writes the report of one run again, or one of several.
pub fn reports(folders: &[PathBuf], config: Option<&Path>, out: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let refuse = |message: &str, help: &str| Err(Failure::Input(with_help(message.into(), &[help.into()])));
    match folders {
        [folder] if out.is_none() => report(folder, config),
        [_] => refuse("--out is for several runs", "the report of one run is written into its own folder"),
        _ if config.is_some() => refuse("--config is for one run", "give one folder"),
        _ => {
            if let Some(sweep) = folders.iter().find(|folder| folder::is_sweep(folder)) {
                let message = format!("{} is a sweep and not a run", escape::path(sweep));
                return refuse(&message, "give the folders of its cells, which are inside");
            }
            let out = out.unwrap_or_else(|| Path::new("reports").join("several"));
            output_folder::check_unchanged(&out, &[Kind::Several])?;
            let (verdict, lacking) = write::report_several(folders, &out)?;
            lacking.iter().for_each(|note| complain(&format!("note: {note}")));
            let verdict: Vec<_> = verdict.iter().map(|sentence| escape::terminal(sentence)).collect();
            print(&format!("{}\n\nreport: {}\n", verdict.join("\n\n"), escape::path(&out.join("index.html"))))
        }
    }
}

/// Writes a report again, with what `config` says of the report in place of what the run's own experiment says.
fn report(folder: &Path, config: Option<&Path>) -> Result<ExitCode, Failure> {
    let spec = config.map(|config| config::open(config).map(|(_, experiment)| experiment.report)).transpose()?;
    if folder::is_sweep(folder) {
        return finish_sweep(folder, &swath::report::sweep::report(folder, spec.as_ref())?);
    }
    let (summary, manifest, notes) = write::report(folder, spec.as_ref())?;
    for note in notes {
        complain(&format!("note: {note}"));
    }
    finish(folder, summary.as_ref(), &manifest)
}

/// Says what came out of a sweep: each cell, and what failed.
fn finish_sweep(folder: &Path, ran: &[Ran]) -> Result<ExitCode, Failure> {
    for one in ran {
        let cell = &one.cell.folder;
        print(&format!("{cell}\n{}", found(&folder.join(cell), one.summary.as_ref(), &one.manifest)))?;
        for (trial, reason) in one.manifest.failed() {
            complain(&format!("error: at {cell}: {} failed: {reason}", trial.label()));
        }
        without_reference(one.summary.as_ref());
    }
    print(&format!("\nreport of the sweep: {}\n", escape::path(&folder.join("index.html"))))?;
    Ok(ended(ran.iter().map(|one| &one.manifest)))
}

/// Says what came out and where it is.
pub fn finish(folder: &Path, summary: Option<&Summary>, manifest: &Manifest) -> Result<ExitCode, Failure> {
    print(&found(folder, summary, manifest))?;
    for (trial, reason) in manifest.failed() {
        complain(&format!("error: {} failed: {reason}", trial.label()));
    }
    without_reference(summary);
    Ok(ended([manifest]))
}

/// Says that nothing is compared, where the reference failed.
fn without_reference(summary: Option<&Summary>) {
    if let Some(failure) = summary.and_then(|summary| summary.reference.failure()) {
        complain(&format!("note: {failure}"));
    }
}

/// The results as a table, what to be careful of, and the place of the report.
fn found(folder: &Path, summary: Option<&Summary>, manifest: &Manifest) -> String {
    let Some(summary) = summary else { return "no trial succeeded: there is no report\n".to_owned() };
    let coarse = manifest.coarse.iter().map(Coarse::remark);
    let times = summary.cautions(manifest.machine.cores);
    let times =
        times.into_iter().chain(summary.rate.caution().map(str::to_owned)).map(|text| format!("caution: {text}"));
    let cautions = lines(coarse.chain(times));
    format!("{}{cautions}\nreport: {}\n", results(summary), escape::path(&folder.join("index.html")))
}

/// A failed run, if any trial failed.
fn ended<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> ExitCode {
    let failed = manifests.into_iter().any(|manifest| manifest.failed().next().is_some());
    if failed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn results(summary: &Summary) -> String {
    if let Some(chosen) = &summary.chosen {
        let mut rows = vec![chosen_tables::header(summary, chosen)];
        rows.extend(chosen.choices.iter().map(|choice| chosen_tables::cells(summary, chosen, choice)));
        let (tuned, reported) = chosen.queries;
        let partial = (0..summary.metrics.len()).filter_map(|metric| chosen.partial(&summary.metrics, metric));
        return format!(
            "{}\nchosen on {tuned} queries, reported on the other {reported}\n{}",
            table(&rows, 1),
            lines(partial)
        );
    }
    let shown = fitting(summary);
    let mut header = vec![String::new()];
    header.extend(summary.metrics[..shown].iter().map(|metric| metric.name().to_owned()));
    header.extend(["pool".to_owned(), format!("queries/s{}", summary.rate.suffix())]);
    let mut rows = vec![header];
    for (at, row) in summary.rows.iter().enumerate() {
        let mut cells = vec![summary.timed_label(at)];
        cells.extend(row.estimates[..shown].iter().map(|e| e.map_or_else(|| "-".into(), |e| decimals(e.mean, 4))));
        cells.push(row.pool().map_or_else(|| "-".into(), |pool| pool.to_string()));
        cells.push(decimals(summary.qps(at), 0));
        rows.push(cells);
    }
    let more = summary.metrics.len() - shown;
    let others = match more {
        0 => String::new(),
        1 => "and one more metric in the report\n".to_owned(),
        _ => format!("and {more} more metrics in the report\n"),
    };
    let partial = (0..summary.metrics.len()).filter_map(|metric| summary.partial(metric));
    table(&rows, 1) + &others + &lines(partial)
}

/// Each on a line of its own.
fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| escape::terminal(&text).into_owned() + "\n").collect()
}

/// How many metrics a table of about 120 columns can show beside the names of trials, at least 3 if there are as many.
fn fitting(summary: &Summary) -> usize {
    let label = summary.rows.iter().map(|row| row.label().chars().count()).max().unwrap_or(0);
    let width = |count: usize| {
        label + summary.metrics[..count].iter().map(|metric| metric.name().len().max(6) + 2).sum::<usize>() + 17
    };
    let all = summary.metrics.len();
    (0..=all).rev().find(|&count| width(count) <= 120).unwrap_or(0).max(all.min(3))
}

/// Lists what an experiment would run, from sizes alone: nothing is read but headers, and nothing drawn.
pub fn dry_run(config: &Path, folders: &[PathBuf]) -> Result<ExitCode, Failure> {
    let (source, experiment) = config::open(config)?;
    let places = (folders, memory());
    let Some(sweep) = &experiment.sweep else {
        return list(&plan::outline(&source, experiment, None, places)?);
    };
    // All of them before the first is listed, as a run looks at all before it runs the first.
    let cells = cells(&experiment, sweep).into_iter();
    let outline = |cell: Cell| Ok((cells::outline((&source, &experiment), &cell, places)?, cell));
    for (outline, cell) in cells.map(outline).collect::<Result<Vec<_>, Failure>>()? {
        print(&format!("{}\n", cell.folder))?;
        list(&outline)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list(outline: &Outline) -> Result<ExitCode, Failure> {
    let Outline { plan, facts, dataset_name } = outline;
    let mib = |bytes: usize| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let mut rows = vec![["retriever", "pool", "MiB"].map(str::to_owned).to_vec()];
    let pool = |trial: &Trial| trial.retriever.candidates.pool().to_string();
    rows.extend(plan.trials.iter().map(|trial| vec![trial.label(), pool(trial), mib(plan.memory(trial, facts))]));
    let text = format!(
        "{}\n{} trials of {} queries, k = {}, each timed {} times, on {}: {} x {} vectors, {} MiB\n",
        table(&rows, 1),
        plan.trials.len(),
        plan.queries.len(),
        plan.experiment.k.get(),
        plan.experiment.repeats.get(),
        escape::terminal(dataset_name),
        facts.rows,
        facts.dim,
        mib(facts.bytes),
    );
    for note in &plan.notes {
        complain(&format!("note: {note}"));
    }
    print(&text)
}

/// Writes a starter experiment.
pub fn init(dataset: &Path, output: Option<PathBuf>, folders: &[PathBuf]) -> Result<ExitCode, Failure> {
    let path = find(dataset, folders)?;
    let header = ann_benchmarks::header(&path).map_err(|error| plan::dataset_failure(&error))?;
    // What a run would refuse shall not be found when it runs.
    let read = ann_benchmarks::read(&path, memory()).map_err(|error| plan::dataset_failure(&error))?;
    read.notes.iter().for_each(|note| complain(&format!("note: {note}")));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let mut name: String = stem.chars().map(plain).take(64).collect();
    name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).trim_end_matches('.').to_owned();
    if name.is_empty() {
        "experiment".clone_into(&mut name);
    }
    let output = output.unwrap_or_else(|| PathBuf::from(format!("{name}.yaml")));
    // A path is seen from the experiment's folder: written down, it must lead there from anywhere.
    // One that is not UTF-8 stands there as it is shown, which leads there, too, where no other looks like it.
    let dataset = dataset.to_string_lossy();
    let by_path = catalogue::is_path(&dataset);
    let absolute = if by_path { std::path::absolute(&path).unwrap_or(path) } else { path };
    let called = if by_path { absolute.to_string_lossy() } else { dataset };
    let text = config::starter(&name, &called, &header);
    let folder = output.parent().map_or(Ok(()), whole_file::make_folder);
    let written = folder.and_then(|()| whole_file::write_new(&output, text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::Input(format!("{} is there already; name another file with --output", escape::path(&output)))
        }
        _ => Failure::Run(format!("cannot write {}: {error}", escape::path(&output))),
    })?;
    let run = Shown::new(&["run"]).path(&output).whole();
    print(&format!("wrote {}\nrun it: {run}\n", escape::path(&output)))
}

/// The file of a dataset that the command line names.
pub fn find(dataset: &Path, folders: &[PathBuf]) -> Result<PathBuf, Failure> {
    if dataset.to_str().is_none() && dataset.is_file() {
        return Ok(dataset.to_owned());
    }
    let resolved = catalogue::resolve(&dataset.to_string_lossy(), Path::new(""), folders);
    resolved.map_err(|not_found| Failure::Input(with_help(not_found.message, &not_found.help)))
}
