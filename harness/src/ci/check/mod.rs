//! Whether a change made retrieval worse or slower: what an experiment gives now against what it gave.
//!
//! Metrics and similarity evaluations are functions of the experiment, the dataset and the program: they vary with nothing
//! else, so that any difference is the program's. It is called a regression where it is worse by more than a tolerance and
//! would be so on other queries, too: by a paired permutation test, corrected over the trials.
//!
//! Times are noisy. Each trial is timed against a reference that takes turns with it in the same process ([`crate::run`]),
//! in rounds that have processes of their own; what is compared is the ratio of the two
//! ([`crate::statistics::rounds`]), where both were timed alike ([`Timing`]). Within a check rounds vary by chance, which the bootstrap interval of the ratio knows.
//! From one check to a later one the machine itself varies: what others do to its caches slows one retriever more than
//! another, for minutes on end, and no interval of rounds knows that. What is let pass is therefore a tolerance, to which
//! is added what a machine may do by itself that is so much slower or faster, by the reference's own time. A change is
//! suspected where its interval excludes none and it comes near that; a suspect is timed anew, and called only if each of
//! [`LOOKS`] looks alone excludes that nothing has changed, and all together are beyond what is let pass. A look in which
//! the reference itself is far slower than in those before says nothing, and is taken anew. The tails of a look's interval
//! are the third root of `0.001 / trials`, so that three of them, by chance alone, call noise once in a thousand checks; a
//! tolerance above what checks of the same program differ by (`harness/benches/alarms.py` measures that) is for the machine.

pub mod baseline;
mod findings;
pub mod outputs;
mod session;

pub use findings::{ChangeIs, FEWEST, Finding, Verdict, compare, give_up, look_again, once, suspects};
pub use session::Session;

use crate::config::CheckSpec;
use crate::metrics::MetricName;
use crate::plan::Prepared;
use crate::record::Machine;
use crate::record::Mode;
use crate::record::Times;
use crate::record::label;
use crate::record::manifest::Manifest;
use crate::record::reference::Reference;
use crate::record::results::Results;
use crate::statistics::Round;
use crate::{clock, version};
use serde::{Deserialize, Serialize};

/// How often a change of time is seen before it is called.
pub const LOOKS: usize = 3;

/// How often a suspect is timed anew at most: looks that were disturbed do not count.
pub const AGAIN: usize = LOOKS + 1;

/// What an experiment gave.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What it was run on.
    pub setting: Setting,
    /// The program: version and revision.
    pub swath: String,
    /// When, UTC.
    pub saved: String,
    /// The machine in a line; times of another are not comparable.
    pub machine: String,
    /// How its trials were timed; `None` where they were not.
    pub timing: Option<Timing>,
    /// Label of the trial that the others are timed against.
    pub reference: String,
    /// Its trials.
    pub trials: Vec<TrialState>,
}

/// What must be the same for results to be comparable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The experiment's name.
    pub experiment: String,
    /// The dataset's name.
    pub dataset: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Results per query.
    pub k: usize,
    /// How many queries are asked.
    pub queries: usize,
    /// Seed of their sample.
    pub seed: u64,
}

impl Setting {
    /// What differs in `other`, in words.
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

/// How trials are timed: what must be the same for times to be comparable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// One query at a time, or all at once.
    pub mode: Mode,
    /// Threads that answer timed queries.
    pub threads: usize,
    /// How many queries are timed: in mode batch all that are asked.
    pub queries: usize,
    /// How often each is timed in a round; the quickest counts.
    pub passes: usize,
}

impl Timing {
    /// That of an experiment that is checked.
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

    /// What differs in `other`, in words.
    pub fn differs(&self, other: &Self) -> Option<String> {
        differences(&[
            ("mode", self.mode.name().into(), other.mode.name().into()),
            ("number of threads", self.threads.to_string(), other.threads.to_string()),
            ("number of timed queries", self.queries.to_string(), other.queries.to_string()),
            ("number of passes", self.passes.to_string(), other.passes.to_string()),
        ])
    }
}

/// Of things that were and are, those that differ, in words.
fn differences(pairs: &[(&str, String, String)]) -> Option<String> {
    let differ = pairs.iter().filter(|(_, before, now)| before != now);
    let said: Vec<String> = differ.map(|(what, before, now)| format!("the {what} was {before} and is {now}")).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}

/// What a trial gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrialState {
    /// The retriever's name with the point in brackets.
    pub label: String,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Its measures: metrics and evaluations.
    pub measures: Vec<Measured>,
    /// How much longer it takes than the reference: the logarithm of the ratio, once a round.
    pub rounds: Vec<Round>,
    /// Why it was not timed, though it did not fail.
    pub untimed: Option<String>,
}

/// A measure of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// A metric's name, or [`CheckSpec::EVALUATIONS`].
    pub name: String,
    /// The mean over queries that have a value.
    pub mean: f64,
    /// A value for each query, NaN where there is none; as precise as a baseline keeps them. Empty where they are unknown.
    pub values: Vec<f64>,
}

impl Measured {
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

/// The measures of a trial whose metrics and evaluations are these.
fn measures(metrics: &[MetricName], values: &[Vec<f64>], evaluations: &[[u64; 3]]) -> Vec<Measured> {
    let named = metrics.iter().zip(values).map(|(metric, values)| Measured::new(metric.name(), values));
    let mut measures: Vec<Measured> = named.collect();
    // As a metric it is there already.
    if !evaluations.is_empty() && measures.iter().all(|measured| measured.name != CheckSpec::EVALUATIONS) {
        let all: Vec<f64> = evaluations.iter().map(|stages| stages.iter().sum::<u64>() as f64).collect();
        measures.push(Measured::new(CheckSpec::EVALUATIONS, &all));
    }
    measures
}

fn in_a_line(machine: &Machine) -> String {
    format!("{}, {} cores", machine.cpu, machine.cores)
}

fn program() -> String {
    format!("{} ({})", version::THIS, env!("SWATH_REVISION"))
}

impl State {
    /// Seconds that the reference took for a query, in the middle of all rounds.
    fn reference_seconds(&self) -> Option<f64> {
        let mut seconds: Vec<f64> =
            self.trials.iter().flat_map(|trial| &trial.rounds).map(|round| round.reference).collect();
        seconds.sort_unstable_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().filter(|seconds| seconds.is_finite())
    }

    /// Why the trial failed that the others are timed against, if it did.
    fn reference_failed(&self) -> Option<&str> {
        self.trials.iter().find(|trial| trial.label == self.reference)?.failed.as_deref()
    }

    /// That of an experiment whose trials are still to be run.
    fn new(prepared: &Prepared) -> Self {
        let plan = &prepared.plan;
        Self {
            setting: Setting {
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
            timing: Some(Timing::of(prepared)),
            reference: plan.trials[plan.reference()].label(),
            trials: Vec::new(),
        }
    }

    /// That of a run that is finished. Its repeats are its rounds.
    pub fn of_run(manifest: &Manifest, results: &Results) -> Self {
        let reference = results.reference.row().and_then(|row| results.trials.get(row));
        let trial = |(i, trial): (usize, &crate::record::results::TrialResult)| {
            // Nothing to be timed against where the reference failed.
            let passes = trial.repeats.iter().zip(reference.map_or(&[][..], |reference| &reference.repeats));
            let queries = trial.query_ids.len() as f64;
            let round =
                |(own, its): (&Times, &Times)| Round { own: own.total() / queries, reference: its.total() / queries };
            TrialState {
                label: label(trial.plain_name(), &trial.point),
                failed: None,
                measures: measures(&results.metrics, &trial.metrics, &trial.evaluations),
                rounds: if results.reference.is(i) { Vec::new() } else { passes.map(round).collect() },
                untimed: None,
            }
        };
        let mut trials: Vec<TrialState> = results.trials.iter().enumerate().map(trial).collect();
        let failed = manifest.trials.iter().filter_map(|record| Some((record, record.failed.clone()?)));
        trials.extend(failed.map(|(record, failed)| TrialState {
            label: label(&record.retriever, &record.point),
            failed: Some(failed),
            ..TrialState::default()
        }));
        let first = results.trials.first();
        Self {
            setting: Setting {
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
            timing: Some(Timing {
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
