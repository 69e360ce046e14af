//! Checks whether a change made retrieval worse or slower: compares an experiment's results with a baseline.
//!
//! **Metrics and similarity evaluations** depend only on the experiment, the dataset and the program, so the program causes any
//! difference. It is a regression if
//!
//! 1. it is worse by more than the tolerance, and
//! 2. a paired permutation test, corrected over the trials, says that other queries would show it, too.
//!
//! **Times** are noisy. They are measured in rounds, each in its own process, in which a trial takes turns with the reference
//! ([`crate::run`]). The ratio of the two times is compared ([`crate::statistics::rounds`]) if both sides have the same
//! [`TimingSetup`]. Ratios vary for two reasons:
//!
//! - Rounds vary by chance. The bootstrap interval of the ratio covers this.
//! - The machine varies from one check to the next: for minutes its caches slow one retriever more than another. No interval over
//!   rounds covers this. The more the reference's own time has changed, the more the tolerance is widened.
//!
//! A time is
//!
//! 1. suspected if the interval of its change excludes 0 and the change comes near the tolerance;
//! 2. timed again until there are [`LOOKS`] looks, each a series of rounds; a look does not count if the reference is far slower in it than before;
//! 3. reported if the interval of every single look excludes 0, and all looks together are beyond the tolerance.
//!
//! Each tail of a look's interval has the probability `(0.001 / trials)^(1/3)`, so by chance alone all three looks agree once in a
//! thousand checks. The tolerance must be above the differences between checks of the same program, to cover the noise of the
//! machine; `harness/benches/alarms.py` measures them.

pub mod baseline;
mod findings;
pub mod outputs;
mod session;

pub use findings::{ChangeIs, FEWEST, Finding, Verdict, compare, give_up, look_again, once, suspects};
pub use session::Session;

use crate::config::CheckSpec;
use crate::metrics::MetricName;
use crate::plan::Prepared;
use crate::record::manifest::Manifest;
use crate::record::reference::Reference;
use crate::record::results::Results;
use crate::record::{Machine, Mode, Times, label};
use crate::statistics::Round;
use crate::{clock, version};
use serde::{Deserialize, Serialize};

/// A change of time must be seen in this many looks before it is reported.
pub const LOOKS: usize = 3;

/// A suspect is timed again at most this many times. One more than needed, because disturbed looks do not count.
pub const AGAIN: usize = LOOKS + 1;

/// The measures and times of an experiment at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Experiment, dataset and queries.
    pub setting: Scope,
    /// The program: version and revision.
    pub swath: String,
    /// When it was saved, in UTC.
    pub saved: String,
    /// The machine, in one line. Times of two machines are not compared.
    pub machine: String,
    /// How its trials were timed; `None` if they were not.
    pub timing: Option<TimingSetup>,
    /// Label of the trial that the others are timed against.
    pub reference: String,
    /// Its trials.
    pub trials: Vec<TrialSnapshot>,
}

/// Results are comparable only if all of this is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The experiment's name.
    pub experiment: String,
    /// The dataset's name.
    pub dataset: String,
    /// The dataset's SHA-256.
    pub sha256: String,
    /// Results per query.
    pub k: usize,
    /// Number of queries.
    pub queries: usize,
    /// Seed of the sample of queries.
    pub seed: u64,
}

impl Scope {
    /// The differences to `other`, in words.
    pub fn differs(&self, other: &Self) -> Option<String> {
        let pairs = [
            ("dataset", self.dataset.clone(), other.dataset.clone()),
            ("content of the dataset", short(&self.sha256), short(&other.sha256)),
            ("k", self.k.to_string(), other.k.to_string()),
            ("number of queries", self.queries.to_string(), other.queries.to_string()),
            ("seed", self.seed.to_string(), other.seed.to_string()),
        ];
        differences(&pairs)
    }
}

/// How trials are timed. Times are comparable only if all of this is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimingSetup {
    /// One query at a time, or all queries together.
    pub mode: Mode,
    /// Threads that answer timed queries.
    pub threads: usize,
    /// Number of timed queries; in mode batch, all queries.
    pub queries: usize,
    /// Passes over them in a round; the fastest counts.
    pub passes: usize,
}

impl TimingSetup {
    /// The setup of a check of this experiment.
    fn of(prepared: &Prepared) -> Self {
        let (experiment, asked) = (&prepared.plan.experiment, prepared.plan.queries.len());
        let queries = match experiment.mode {
            Mode::Single => experiment.check.queries.size().min(asked),
            Mode::Batch => asked,
        };
        Self {
            mode: experiment.mode,
            threads: experiment.threads.size(),
            queries,
            passes: experiment.check.passes.size(),
        }
    }

    /// The differences to `other`, in words.
    pub fn differs(&self, other: &Self) -> Option<String> {
        differences(&[
            ("mode", self.mode.name().into(), other.mode.name().into()),
            ("number of threads", self.threads.to_string(), other.threads.to_string()),
            ("number of timed queries", self.queries.to_string(), other.queries.to_string()),
            ("number of passes", self.passes.to_string(), other.passes.to_string()),
        ])
    }
}

/// The pairs that differ, in words.
fn differences(pairs: &[(&str, String, String)]) -> Option<String> {
    let differ = pairs.iter().filter(|(_, before, now)| before != now);
    let said: Vec<String> = differ.map(|(what, before, now)| format!("the {what} was {before} and is {now}")).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}

/// The measures and times of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrialSnapshot {
    /// The retriever's name with the point in brackets.
    pub label: String,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Its measures: metrics and evaluations.
    pub measures: Vec<MeasureValues>,
    /// For each round, its time and the reference's.
    pub rounds: Vec<Round>,
    /// Why it was not timed, though it did not fail.
    pub untimed: Option<String>,
}

/// A measure of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureValues {
    /// A metric's name, or [`CheckSpec::EVALUATIONS`].
    pub name: String,
    /// The mean over queries that have a value.
    pub mean: f64,
    /// A value for each query, rounded to `f32` as in a baseline; NaN if a query has none. Empty if they are unknown.
    pub values: Vec<f64>,
}

impl MeasureValues {
    fn new(name: &str, values: &[f64]) -> Self {
        let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let mean = crate::statistics::bootstrap::mean(&present);
        Self { name: name.to_owned(), mean, values: values.iter().map(|&value| f64::from(value as f32)).collect() }
    }

    /// Whether more is better.
    pub fn higher_is_better(&self) -> bool {
        MetricName::find(&self.name).is_some_and(MetricName::higher_is_better)
    }
}

/// The measures of a trial, from its metrics and evaluations.
fn measures(metrics: &[MetricName], values: &[Vec<f64>], evaluations: &[[u64; 3]]) -> Vec<MeasureValues> {
    let named = metrics.iter().zip(values).map(|(metric, values)| MeasureValues::new(metric.name(), values));
    let mut measures: Vec<MeasureValues> = named.collect();
    // It may be among the metrics already.
    if !evaluations.is_empty() && measures.iter().all(|measured| measured.name != CheckSpec::EVALUATIONS) {
        let all: Vec<f64> = evaluations.iter().map(|stages| stages.iter().sum::<u64>() as f64).collect();
        measures.push(MeasureValues::new(CheckSpec::EVALUATIONS, &all));
    }
    measures
}

fn in_a_line(machine: &Machine) -> String {
    format!("{}, {} cores", machine.cpu, machine.cores)
}

fn program() -> String {
    format!("{} ({})", version::THIS, env!("SWATH_REVISION"))
}

impl Snapshot {
    /// The reference's seconds per query: the median over all rounds.
    fn reference_seconds(&self) -> Option<f64> {
        let mut seconds: Vec<f64> =
            self.trials.iter().flat_map(|trial| &trial.rounds).map(|round| round.reference).collect();
        seconds.sort_unstable_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().filter(|seconds| seconds.is_finite())
    }

    /// Why the reference failed, if it did.
    fn reference_failed(&self) -> Option<&str> {
        self.trials.iter().find(|trial| trial.label == self.reference)?.failed.as_deref()
    }

    /// The snapshot of an experiment, still without trials.
    fn new(prepared: &Prepared) -> Self {
        let plan = &prepared.plan;
        Self {
            setting: Scope {
                experiment: plan.experiment.name.to_string(),
                dataset: prepared.dataset_name.clone(),
                sha256: prepared.facts.sha256.clone(),
                k: plan.experiment.k.size(),
                queries: plan.queries.len(),
                seed: plan.experiment.seed,
            },
            swath: program(),
            saved: clock::timestamp(),
            machine: in_a_line(&Machine::this()),
            timing: Some(TimingSetup::of(prepared)),
            reference: plan.trials[plan.reference()].label(),
            trials: Vec::new(),
        }
    }

    /// The snapshot of a finished run. Its repeats become rounds.
    pub fn of_run(manifest: &Manifest, results: &Results) -> Self {
        let reference = results.reference.row().and_then(|row| results.trials.get(row));
        let trial = |(i, trial): (usize, &crate::record::results::TrialResult)| {
            // If the reference failed, there are no rounds.
            let passes = trial.repeats.iter().zip(reference.map_or(&[][..], |reference| &reference.repeats));
            let untimed =
                trial.params.without_time().or(reference.and_then(|reference| reference.params.without_time()));
            let queries = trial.query_ids.len() as f64;
            let round =
                |(own, its): (&Times, &Times)| Round { own: own.total() / queries, reference: its.total() / queries };
            TrialSnapshot {
                label: label(trial.plain_name(), &trial.point),
                failed: None,
                measures: measures(&results.metrics, &trial.metrics, &trial.evaluations),
                rounds: if results.reference.is(i) || untimed.is_some() {
                    Vec::new()
                } else {
                    passes.map(round).collect()
                },
                untimed: untimed.map(str::to_owned),
            }
        };
        let mut trials: Vec<TrialSnapshot> = results.trials.iter().enumerate().map(trial).collect();
        let failed = manifest.trials.iter().filter_map(|record| Some((record, record.failed.clone()?)));
        trials.extend(failed.map(|(record, failed)| TrialSnapshot {
            label: label(&record.retriever, &record.point),
            failed: Some(failed),
            ..TrialSnapshot::default()
        }));
        let first = results.trials.first();
        Self {
            setting: Scope {
                experiment: manifest.experiment.name().to_owned(),
                dataset: manifest.dataset.name.clone(),
                sha256: manifest.dataset.sha256.clone(),
                k: first.map_or(0, |trial| trial.k),
                queries: first.map_or(0, |trial| trial.query_ids.len()),
                seed: results.seed,
            },
            swath: format!("{} ({})", manifest.swath, manifest.revision),
            saved: manifest.finished.clone(),
            machine: in_a_line(&manifest.machine),
            timing: Some(TimingSetup {
                mode: manifest.experiment.mode(),
                threads: manifest.experiment.threads().count().map_or(1, |threads| threads as usize),
                queries: first.map_or(0, |trial| trial.query_ids.len()),
                passes: 1,
            }),
            reference: match &results.reference {
                Reference::Failed { label, .. } => label.clone(),
                Reference::Row(_) => {
                    reference.map_or_else(String::new, |trial| label(trial.plain_name(), &trial.point))
                }
            },
            trials,
        }
    }
}
