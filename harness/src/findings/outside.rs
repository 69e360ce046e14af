//! Programs outside: what their two clocks say over all timed passes.

use crate::record::results::TrialResult;
use crate::record::{Clocks, ProgramRecord};
use swath_algorithms::kernel::median;

/// The first pass of a program whose answers are kept takes more than this many times the median of the later ones.
const REMEMBERED: f64 = 3.0;

/// The programs of a trial, with means over its timed passes and queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// The programs.
    pub programs: Vec<ProgramRecord>,
    /// Microseconds by the program's clock.
    pub program_us: f64,
    /// Microseconds by swath's clock, the exchange included.
    pub swath_us: f64,
    /// Microseconds of the exchange without a search.
    pub echo_us: f64,
    /// Milliseconds to set its parameters.
    pub set_ms: f64,
    /// The share of rows whose time is by swath's clock, since the two disagree.
    pub by_swath: f64,
    /// The most queries that were answered otherwise in a later pass than in the first.
    pub otherwise: usize,
    /// The first pass over the median of the later ones, by the program's clock.
    pub first: f64,
}

impl Outside {
    /// The programs of a trial; `None` if it has none.
    pub fn of(trial: &TrialResult) -> Option<Self> {
        let (first, later) = trial.clocks.split_first()?;
        let m = trial.query_ids.len() as f64;
        let mean = |of: fn(&Clocks) -> f64| later.iter().map(of).sum::<f64>() / later.len() as f64;
        let mut programs: Vec<f64> = later.iter().map(|clocks| clocks.program).collect();
        Some(Self {
            programs: trial.programs.clone(),
            program_us: 1e6 * mean(|clocks| clocks.program) / m,
            swath_us: 1e6 * mean(|clocks| clocks.swath) / m,
            echo_us: 1e6 * mean(|clocks| clocks.echo),
            set_ms: 1e3 * mean(|clocks| clocks.set),
            by_swath: mean(|clocks| clocks.by_swath) / (m * trial.programs.len().max(1) as f64),
            otherwise: later.iter().map(|clocks| clocks.otherwise).fold(0.0, f64::max) as usize,
            first: if programs.is_empty() { f64::NAN } else { first.program / median(&mut programs) },
        })
    }

    /// The names of the programs.
    pub fn label(&self) -> String {
        self.programs.iter().map(|program| program.hello.label()).collect::<Vec<_>>().join(", ")
    }

    /// The threads with which they were allowed to build: the most of them.
    pub fn build_threads(&self) -> Option<usize> {
        self.programs.iter().map(|program| program.build_threads).max()
    }
}

/// The most trials that a caution names.
const NAMED: usize = 4;

/// What a reader must know of the times and answers of programs outside, trial by trial with its label and its number of queries.
pub fn cautions<'a>(trials: impl Iterator<Item = (String, usize, &'a Outside)>) -> Vec<String> {
    let (mut by_swath, mut remembered, mut otherwise) = (Vec::new(), Vec::new(), Vec::new());
    for (label, queries, outside) in trials {
        if outside.by_swath > 0.0 {
            by_swath.push(format!("{label} {:.0} %", (100.0 * outside.by_swath).max(1.0)));
        }
        if outside.first > REMEMBERED {
            remembered.push(format!("{label} {:.1} times", outside.first));
        }
        if outside.otherwise > 0 {
            otherwise.push(format!("{label} {} of {queries}", outside.otherwise));
        }
    }
    let named = |mut all: Vec<String>| {
        let more = all.len().saturating_sub(NAMED);
        all.truncate(NAMED);
        all.extend((more > 0).then(|| format!("{more} more trials")));
        all.join(", ")
    };
    let mut cautions = Vec::new();
    if !by_swath.is_empty() {
        cautions.push(format!(
            "Caution: some times are by swath's clock, since the program's own said much less, or the machine was busy between the two: {}",
            named(by_swath)
        ));
    }
    if !remembered.is_empty() {
        cautions.push(format!(
            "Caution: answers may be remembered, or the machine was busy at first, since the first pass took much longer than the median of the later ones: {}",
            named(remembered)
        ));
    }
    if !otherwise.is_empty() {
        cautions.push(format!(
            "Caution: queries were answered otherwise in a later pass than in the first, which is judged: {}",
            named(otherwise)
        ));
    }
    cautions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cautions_name_a_few_trials_each() {
        let quiet = Outside {
            programs: Vec::new(),
            program_us: 10.0,
            swath_us: 11.0,
            echo_us: 1.0,
            set_ms: 0.1,
            by_swath: 0.0,
            otherwise: 0,
            first: 1.2,
        };
        let odd = Outside { by_swath: 0.25, otherwise: 3, first: 40.0, ..quiet.clone() };
        let of =
            |all: &[&Outside]| cautions(all.iter().enumerate().map(|(i, outside)| (format!("t{i}"), 300, *outside)));
        assert_eq!(of(&[&quiet, &quiet]), Vec::<String>::new());
        let said = of(&[&quiet, &odd]);
        assert_eq!(said.len(), 3);
        for (sentence, end) in said.iter().zip(["t1 25 %", "t1 40.0 times", "t1 3 of 300"]) {
            assert!(sentence.starts_with("Caution: ") && sentence.ends_with(end), "{sentence}");
        }
        assert!(of(&[&odd; 6])[0].ends_with("t0 25 %, t1 25 %, t2 25 %, t3 25 %, 2 more trials"));
    }
}
