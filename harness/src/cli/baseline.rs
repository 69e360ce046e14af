//! `swath baseline`.

use super::measure::MeasureArguments;
use super::outputs::terminal;
use super::places::Places;
use super::shown::Shown;
use super::table::table;
use super::terminal::{note, print};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::ci::check::baseline::{self, Baseline, Writes};
use swath::ci::check::outputs::Checked;
use swath::ci::check::{self, Snapshot};
use swath::config::{CheckSpec, Failure};
use swath::plot::format::decimals;
use swath::{escape, interrupt, version};

/// A baseline has this many times the rounds of a check.
const ROUNDS: usize = 4;

/// Save, show or update a baseline: the results that `check` compares with
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an experiment and save its results as a baseline
    #[command(after_help = "Example:\n  swath baseline save configs/quickstart.yaml")]
    Save {
        #[command(flatten)]
        look: MeasureArguments,
        /// The file to write [default: baselines/NAME.yaml beside the experiment]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Run the experiment again, replace its baseline, and list the changes
    #[command(after_help = "Example:\n  swath baseline update configs/quickstart.yaml")]
    Update {
        #[command(flatten)]
        look: MeasureArguments,
        /// The file [default: baselines/NAME.yaml beside the experiment]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show the content of a baseline
    #[command(after_help = "Example:\n  swath baseline show configs/baselines/quickstart.yaml")]
    Show {
        /// The file
        file: PathBuf,
    },
}

impl Arguments {
    /// Saves, updates or shows a baseline.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Save { look, file } => save(&look, file, places),
            Command::Update { look, file } => update(&look, file, places),
            Command::Show { file } => show(&file),
        }
    }
}

/// The error for a baseline that does not exist.
pub fn absent(file: &Path, config: &Path) -> Failure {
    let save = Shown::new(&["baseline", "save"]).path(config).option("--file", Some(file)).whole();
    Failure::Input(format!("{}: this baseline does not exist; `{save}` creates it", escape::path(file)))
}

/// The command that replaces a baseline.
pub fn update_command(config: &Path, file: &Path) -> String {
    Shown::new(&["baseline", "update"]).path(config).option("--file", Some(file)).whole()
}

/// Writes a new baseline.
fn save(look: &MeasureArguments, file: Option<PathBuf>, places: &Places) -> Result<ExitCode, Failure> {
    // Errors of the experiment come before those of the baseline.
    look.open()?;
    let file = file.unwrap_or_else(|| baseline::usual_path(&look.config));
    if baseline::read(&file).is_ok() {
        let update = update_command(&look.config, &file);
        let message = format!("{} already exists; `{update}` replaces it and lists the changes", escape::path(&file));
        return Err(Failure::Input(message));
    }
    // Measuring takes minutes, which would be lost if the baseline could not be written.
    baseline::may_write(&file, Writes::New)?;
    let (state, _) = sound(look, places, "no baseline was written")?;
    baseline::write(&file, &look.config, &state, Writes::New)?;
    print(&format!("wrote {} and {}\n", escape::path(&file), escape::path(&file.with_extension("hdf5"))))
}

/// Replaces a baseline and lists the changes.
fn update(look: &MeasureArguments, file: Option<PathBuf>, places: &Places) -> Result<ExitCode, Failure> {
    look.open()?;
    let file = file.unwrap_or_else(|| baseline::usual_path(&look.config));
    if !file.exists() {
        return Err(absent(&file, &look.config));
    }
    baseline::may_write(&file, Writes::InPlace)?;
    let before = baseline::read(&file)?.state;
    let (mut now, spec) = sound(look, places, "the baseline was not replaced")?;
    let is_comparable = before.setting.differs(&now.setting).is_none()
        && version::differs(&before.swath, &now.swath).is_none()
        && (&before.machine, &before.reference) == (&now.machine, &now.reference);
    if look.quality_only && is_comparable {
        // Times are not measured, so the old ones are kept.
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

/// Measures an experiment. Also returns the section `check` of the experiment. If the user stops it, the message ends with
/// `unwritten`.
///
/// # Errors
/// [`Failure::Run`] if a trial fails.
fn sound(look: &MeasureArguments, places: &Places, unwritten: &str) -> Result<(Snapshot, CheckSpec), Failure> {
    interrupt::say(format!("stopped; {unwritten}"));
    let looked = look.look(places, ROUNDS, |_, state, spec| Ok((state, spec.clone())));
    let (state, spec) = looked.map_err(|failure| match failure {
        Failure::Stopped(_) => Failure::Stopped(format!("stopped; {unwritten}")),
        failure => failure,
    })?;
    // What is not written now is written next.
    interrupt::say(String::new());
    let failed: Vec<_> = state.trials.iter().filter_map(|trial| Some((&trial.label, trial.failed.as_ref()?))).collect();
    // A failure of the reference is reported first, because the others are timed against it.
    let reference = failed.iter().find(|(label, _)| **label == state.reference);
    match reference.or(failed.first()) {
        Some((label, reason)) => {
            let what = if reference.is_some() { "the reference " } else { "" };
            Err(Failure::Run(format!("{what}{label} failed, so {unwritten}: {reason}")))
        }
        None => Ok((state, spec)),
    }
}

/// Shows a baseline.
fn show(file: &Path) -> Result<ExitCode, Failure> {
    let Baseline { state, missing, .. } = baseline::read(file)?;
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
        table(&trial_rows(&state), 1..)
    );
    missing.iter().for_each(|text| note(text));
    print(&text)
}

/// A row for each trial: the means of its measures, and its time.
fn trial_rows(state: &Snapshot) -> Vec<Vec<String>> {
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
            let digits = |value: f64| match *name {
                CheckSpec::EVALUATIONS if value.fract() == 0.0 => 0,
                CheckSpec::EVALUATIONS => 1,
                _ => 4,
            };
            row.push(value.map_or_else(|| "-".into(), |value| decimals(value, digits(value))));
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
    rows
}
