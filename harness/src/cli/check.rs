//! `check`, `baseline` and `compare`.

use super::command::Shown;
use super::run::program;
use super::{complain, print, print_raw, table};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::ci::check;
use swath::ci::check::baseline;
use swath::ci::check::baseline::{Baseline, Writes};
use swath::ci::check::outputs;
use swath::ci::check::outputs::{Checked, Form, HEADINGS};
use swath::ci::check::{Session, State};
use swath::config;
use swath::config::Failure;
use swath::config::{CheckSpec, ExperimentFile, is_tolerance};
use swath::escape;
use swath::plan;
use swath::plan::{Prepared, Resources};
use swath::plot::format::decimals;
use swath::record::machine::memory;
use swath::run::Means;
use swath::run::cache::Cache;
use swath::version;
use swath_datasets::whole_file::{make_folder, write_whole};

/// How often a baseline is timed for each time of a check.
const BASELINE: usize = 4;

/// Where what is found is written beside the terminal.
#[derive(Args)]
pub struct Outputs {
    /// Write it as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write it as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write it as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write what is measured now in Bencher Metric Format
    #[arg(long, value_name = "FILE")]
    bencher: Option<PathBuf>,
    /// Write what is measured now as github-action-benchmark reads it: DIR/bigger-is-better.json and
    /// DIR/smaller-is-better.json
    #[arg(long, value_name = "DIR")]
    github_action_benchmark: Option<PathBuf>,
}

impl Outputs {
    /// The files that are to be written, with what each is.
    fn files(&self) -> Vec<(PathBuf, Form)> {
        let in_folder = |name: &str| self.github_action_benchmark.as_ref().map(|folder| folder.join(name));
        let files = [
            (self.markdown.clone(), Form::Markdown),
            (self.junit.clone(), Form::Junit),
            (self.json.clone(), Form::Json),
            (self.bencher.clone(), Form::Bencher),
            (in_folder("bigger-is-better.json"), Form::ActionBenchmark),
            (in_folder("smaller-is-better.json"), Form::ActionBenchmark),
        ];
        files.into_iter().filter_map(|(path, form)| Some((path?, form))).collect()
    }

    /// Refuses files that would replace something else than an earlier check wrote. Before anything is looked at, for minutes.
    fn refuse(&self) -> Result<(), Failure> {
        let foreign = self.files().into_iter().find(|(path, form)| !form.may_replace(path));
        let Some((path, form)) = foreign else { return Ok(()) };
        let message = format!("{} is there already and is no {} of `swath check`", path.display(), form.words());
        Err(Failure::Input(message + "\n  name another file, or move this one away"))
    }
}

/// How an experiment is looked at.
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct Look {
    /// The experiment, a YAML file
    config: PathBuf,
    /// Leave times out
    #[arg(long)]
    quality_only: bool,
    /// Take graphs that earlier runs have kept, instead of building each anew: they cannot show what a change does to
    /// how graphs are built
    #[arg(long)]
    cached_graphs: bool,
    /// Run all in one process, for debugging
    #[arg(long)]
    no_isolation: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Where datasets and graphs are.
#[derive(Clone, Copy)]
pub struct Folders<'a> {
    /// Where datasets are looked for.
    pub data: &'a [PathBuf],
    /// Where graphs are kept.
    pub cache: Option<&'a Cache>,
}

impl Look {
    fn open(&self) -> Result<ExperimentFile, Failure> {
        let file = config::open(&self.config)?;
        if file.experiment.sweep.is_some() {
            let message =
                format!("{}: a sweep is many experiments, and one is checked at a time", escape::path(&self.config));
            return Err(Failure::Input(message + "\n  take `sweep` out, and write the size to check in its place"));
        }
        Ok(file)
    }

    fn prepare(&self, folders: Folders<'_>) -> Result<Prepared, Failure> {
        let resources = Resources { data_folders: folders.data, memory: memory() };
        let prepared = plan::prepare_experiment(self.open()?, None, None, resources)?.examined();
        prepared.notes.iter().for_each(|note| complain(&format!("note: {note}")));
        Ok(prepared)
    }

    /// Looks, `times` as often as the experiment says.
    fn look<T>(
        &self,
        folders: Folders<'_>,
        times: usize,
        then: impl FnOnce(&mut Session<'_>, State, &CheckSpec) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let prepared = self.prepare(folders)?;
        // Each graph is built once, and read by the process of each round, as indexes are.
        let own = own_graphs()?;
        let graphs = Cache::new(own.path().to_owned());
        let program = (!self.no_isolation).then(program);
        let means = Means {
            program: program.as_deref(),
            data_folders: folders.data,
            memory: memory(),
            cache: if self.cached_graphs { folders.cache } else { Some(&graphs) },
            cell: None,
        };
        let spec = &prepared.plan.experiment.check;
        let mut session = Session::new(&prepared, means, self.quiet)?;
        let rounds = if self.quality_only { 0 } else { times * spec.rounds.size() };
        let (state, notes) = session.look(rounds)?;
        notes.iter().for_each(|note| complain(&format!("note: {note}")));
        then(&mut session, state, spec)
    }
}

/// A folder for the graphs of one command, which vanishes with it.
pub fn own_graphs() -> Result<tempfile::TempDir, Failure> {
    let folder = tempfile::Builder::new().prefix("swath-graphs-").tempdir();
    folder.map_err(|error| Failure::Run(format!("temporary files cannot be written: {error}")))
}

/// Compares an experiment with its baseline.
pub fn check(look: &Look, file: Option<PathBuf>, outputs: &Outputs, folders: Folders<'_>) -> Result<ExitCode, Failure> {
    outputs.refuse()?;
    // What is wrong with the experiment is said before what a baseline lacks.
    look.open()?;
    let file = file.unwrap_or_else(|| baseline::usual_path(&look.config));
    if !file.exists() {
        let save = Shown::new(&["baseline", "save"]).path(&look.config).option("--file", Some(&file)).whole();
        return Err(Failure::Input(format!("{}: there is no such baseline; `{save}` writes one", escape::path(&file))));
    }
    let Baseline { state: before, missing, is_bound } = baseline::read(&file)?;
    if let Some(what) = version::differs(&before.swath, version::THIS) {
        return Err(outdated(&what, &file, &look.config));
    }
    if !is_bound {
        return Err(Failure::Input(format!(
            "{} does not say which values belong to it, so that they could be any\n  \
             save a new baseline: {}",
            escape::path(&file),
            update_command(&look.config, &file)
        )));
    }
    if missing.is_some() {
        return Err(Failure::Input(format!(
            "{} is not there: without the values of the queries nobody knows whether the means are those that were saved\n  \
             restore it beside {}, or write both anew: {}",
            escape::path(&file.with_extension("hdf5")),
            escape::path(&file),
            update_command(&look.config, &file)
        )));
    }
    let (now, findings) = look.look(folders, 1, |session, mut now, spec| {
        comparable(&before, &now, &file, &look.config)?;
        let timed_otherwise = before.timing.as_ref().zip(now.timing.as_ref()).and_then(|(was, is)| was.differs(is));
        if let Some(what) = timed_otherwise.filter(|_| !look.quality_only) {
            complain(&format!(
                "note: times are not compared: {what}; `{}` times the baseline alike",
                update_command(&look.config, &file)
            ));
        }
        let mut findings = check::compare(&before, &now, spec, !look.quality_only);
        let mut suspects = check::suspects(&findings);
        for _ in 0..check::AGAIN {
            if suspects.is_empty() {
                break;
            }
            let rounds = session.time(&suspects, spec.rounds.size())?;
            let again = suspects.into_iter().zip(rounds).collect();
            suspects = check::look_again(&mut findings, &before, &mut now, again, spec);
        }
        check::give_up(&mut findings, &suspects);
        Ok((now, findings))
    })?;
    let checked = Checked { before: &before, now: &now, findings: &findings, timed: !look.quality_only };
    report(&checked, outputs, &file)?;
    Ok(code(&checked))
}

/// The command that writes a baseline anew.
fn update_command(config: &Path, file: &Path) -> String {
    Shown::new(&["baseline", "update"]).path(config).option("--file", Some(file)).whole()
}

/// A baseline of another version of swath.
fn outdated(what: &str, file: &Path, config: &Path) -> Failure {
    Failure::Input(format!(
        "{} is a baseline of another version: {what}, and neither quality nor times are compared\n  \
         save a new baseline: {}",
        escape::path(file),
        update_command(config, file)
    ))
}

/// That both are of the same questions.
fn comparable(before: &State, now: &State, file: &Path, config: &Path) -> Result<(), Failure> {
    let Some(what) = before.setting.differs(&now.setting) else { return Ok(()) };
    Err(Failure::Input(format!(
        "{} is the baseline of something else: {what}\n  if that is meant: {}",
        escape::path(file),
        update_command(config, file)
    )))
}

/// Says what was found: on the terminal, where CI systems look for it, and into files.
fn report(checked: &Checked<'_>, outputs: &Outputs, file: &Path) -> Result<(), Failure> {
    print(&terminal(checked))?;
    checked.bad().for_each(|finding| complain(&format!("error: {}", finding.sentence())));
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print_raw(&outputs::github::annotations(checked, &file.display().to_string()))?;
    }
    let markdown = outputs::markdown::text(checked);
    if let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        // It is the CI system's file, and others append to it, too.
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&summary);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, markdown.as_bytes()));
        written.map_err(|error| unwritten(Path::new(&summary), &error))?;
    }
    outputs.refuse()?;
    let [bigger, smaller] = outputs::action_benchmark::texts(checked);
    for (path, form) in outputs.files() {
        let text = match form {
            Form::Markdown => markdown.clone(),
            Form::Junit => outputs::junit::text(checked),
            Form::Json => outputs::json::text(checked),
            Form::Bencher => outputs::bencher::text(checked),
            Form::ActionBenchmark if path.ends_with("bigger-is-better.json") => bigger.clone(),
            Form::ActionBenchmark => smaller.clone(),
        };
        make_folder(path.parent().unwrap_or(Path::new(""))).map_err(|error| unwritten(&path, &error))?;
        write_whole(&path, text.as_bytes()).map_err(|error| unwritten(&path, &error))?;
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Run(format!("cannot write {}: {error}", escape::path(path)))
}

/// A caution if there is one, a table of what changed, and a sentence.
fn terminal(checked: &Checked<'_>) -> String {
    let mut rows = outputs::rows(checked.findings, false);
    let found = if rows.is_empty() {
        String::new()
    } else {
        rows.insert(0, HEADINGS.iter().map(|heading| (*heading).to_owned()).collect());
        lined_up(&rows) + "\n"
    };
    let caution =
        checked.caution().map_or_else(String::new, |caution| format!("caution: {}\n\n", escape::terminal(&caution)));
    format!("{caution}{found}{}\n", checked.verdict())
}

/// Lines up the table of findings: text to the left, numbers to the right.
fn lined_up(rows: &[Vec<String>]) -> String {
    let verdicts: Vec<&String> = rows.iter().filter_map(|row| row.last()).collect();
    let numbers: Vec<Vec<String>> = rows.iter().map(|row| row[..row.len() - 1].to_vec()).collect();
    let text = table(&numbers, 2);
    let width = text.lines().map(|line| line.chars().count()).max().unwrap_or(0).min(super::WIDEST);
    let lines = text.lines().zip(verdicts).map(|(line, verdict)| format!("{line:<width$}  {verdict}"));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Writes a baseline that was not there.
pub fn save(look: &Look, file: Option<PathBuf>, folders: Folders<'_>) -> Result<ExitCode, Failure> {
    let file = file.unwrap_or_else(|| baseline::usual_path(&look.config));
    if baseline::read(&file).is_ok() {
        let update = update_command(&look.config, &file);
        let message =
            format!("{} is there already; `{update}` writes it anew and says what changes", escape::path(&file));
        return Err(Failure::Input(message));
    }
    baseline::may_write(&file, Writes::New)?;
    // What was looked at for minutes must not be lost because it cannot be written.
    make_folder(file.parent().unwrap_or(Path::new(""))).map_err(|error| {
        Failure::Input(format!("{}: there is no folder for it, and none can be made: {error}", escape::path(&file)))
    })?;
    let (state, _) = sound(look, folders)?;
    baseline::write(&file, &look.config, &state, Writes::New)?;
    print(&format!("wrote {} and {}\n", escape::path(&file), escape::path(&file.with_extension("hdf5"))))
}

/// Writes a baseline anew and says what changes.
pub fn update(look: &Look, file: Option<PathBuf>, folders: Folders<'_>) -> Result<ExitCode, Failure> {
    let file = file.unwrap_or_else(|| baseline::usual_path(&look.config));
    baseline::may_write(&file, Writes::InPlace)?;
    let before = baseline::read(&file)?.state;
    let (mut now, spec) = sound(look, folders)?;
    let is_comparable = before.setting.differs(&now.setting).is_none()
        && version::differs(&before.swath, &now.swath).is_none()
        && (&before.machine, &before.reference) == (&now.machine, &now.reference);
    if look.quality_only && is_comparable {
        // What is not looked at stays.
        now.timing.clone_from(&before.timing);
        for trial in &mut now.trials {
            let was = before.trials.iter().find(|was| was.label == trial.label);
            trial.rounds = was.map_or_else(Vec::new, |was| was.rounds.clone());
        }
    }
    let changed =
        before.setting.differs(&now.setting).map_or_else(String::new, |what| format!("{}\n", escape::terminal(&what)));
    let findings = check::compare(&before, &now, &spec, !look.quality_only);
    let checked = Checked { before: &before, now: &now, findings: &findings, timed: !look.quality_only };
    baseline::write(&file, &look.config, &now, Writes::InPlace)?;
    print(&format!("{changed}{}wrote {}\n", terminal(&checked), escape::path(&file)))
}

/// What an experiment gives, all its trials well, and how it wants to be compared.
fn sound(look: &Look, folders: Folders<'_>) -> Result<(State, CheckSpec), Failure> {
    let (state, spec) = look.look(folders, BASELINE, |_, state, spec| Ok((state, spec.clone())))?;
    let failed: Vec<_> = state.trials.iter().filter_map(|trial| Some((&trial.label, trial.failed.as_ref()?))).collect();
    // What the others are timed against first: without it nothing can be said of them.
    let reference = failed.iter().find(|(label, _)| **label == state.reference);
    match reference.or(failed.first()) {
        Some((label, reason)) => {
            let what = if reference.is_some() { "the reference " } else { "" };
            Err(Failure::Run(format!("{what}{label} failed, so that there is no baseline: {reason}")))
        }
        None => Ok((state, spec)),
    }
}

/// Shows a baseline.
pub fn show(file: &Path) -> Result<ExitCode, Failure> {
    let Baseline { state, missing, .. } = baseline::read(file)?;
    let mut names: Vec<&str> = Vec::new();
    for measured in state.trials.iter().flat_map(|trial| &trial.measures) {
        if !names.contains(&measured.name.as_str()) {
            names.push(&measured.name);
        }
    }
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(names.iter().map(|name| (*name).to_owned()));
    rows[0].extend(["time".to_owned(), "spread of time".to_owned()]);
    for trial in &state.trials {
        let mut row = vec![trial.label.clone()];
        for name in &names {
            let value = trial.measures.iter().find(|measured| measured.name == *name).map(|measured| measured.mean);
            let finding = |measure: &str| if measure == CheckSpec::EVALUATIONS { 1 } else { 4 };
            row.push(value.map_or_else(|| "-".into(), |value| decimals(value, finding(name))));
        }
        let logs: Vec<f64> = trial.rounds.iter().map(|round| round.log_ratio()).collect();
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let spread = (logs.iter().map(|round| (round - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let time = swath::statistics::rounds::log_ratio(&trial.rounds).exp();
        row.push(if n > 0.0 { format!("{time:.3} x") } else { "-".into() });
        row.push(if n > 1.0 { format!("{:.1} %", 100.0 * spread) } else { "-".into() });
        rows.push(row);
    }
    let setting = &state.setting;
    let text = format!(
        "{}: {} of {}, k = {}, seed {}\nswath {}, {}\non {}\ntimes are ratios to {}\n\n{}",
        escape::terminal(&setting.experiment),
        if setting.queries == 1 { "1 query".into() } else { format!("{} queries", setting.queries) },
        escape::terminal(&setting.dataset),
        setting.k,
        setting.seed,
        escape::terminal(&state.swath),
        escape::terminal(&state.saved),
        escape::terminal(&state.machine),
        escape::terminal(&state.reference),
        table(&rows, 1)
    );
    missing.iter().for_each(|note| complain(&format!("note: {note}")));
    print(&text)
}

/// Compares two runs.
pub fn compare(folders: [&Path; 2], outputs: &Outputs) -> Result<ExitCode, Failure> {
    outputs.refuse()?;
    let read = |folder: &Path| swath::record::results::read(folder).map_err(|error| Failure::Input(error.to_string()));
    let [(first, before), (second, now)] = [read(folders[0])?, read(folders[1])?];
    let (before, now) = (State::of_run(&first, &before), State::of_run(&second, &now));
    if let Some(what) = before.setting.differs(&now.setting) {
        let message =
            format!("{} and {} cannot be compared: {what}", escape::path(folders[0]), escape::path(folders[1]));
        return Err(Failure::Input(message));
    }
    let spec = second.experiment.check().map(Option::unwrap_or_default).map_err(|error| error.to_string());
    let spec = spec.and_then(|spec: CheckSpec| match spec.tolerance.iter().find(|(_, share)| !is_tolerance(**share)) {
        Some((measure, share)) => Err(format!("{share} is no tolerance of `{measure}`")),
        None => Ok(spec),
    });
    let spec = spec.map_err(|what| {
        let manifest = folders[1].join("manifest.json");
        Failure::Input(format!("{}: what it says of checks cannot be: {what}", manifest.display()))
    })?;
    let mut findings = check::compare(&before, &now, &spec, true);
    check::once(&mut findings);
    let checked = Checked { before: &before, now: &now, findings: &findings, timed: true };
    report(&checked, outputs, folders[1])?;
    Ok(code(&checked))
}

/// What a comparison ends with: 1 where something has become worse.
fn code(checked: &Checked<'_>) -> ExitCode {
    if checked.bad().count() > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
