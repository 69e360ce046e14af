//! The reference: the trial that the others are compared with.
//!
//! It follows from the plan alone, not from which trials succeeded. If it failed, no other trial takes its place, and nothing is
//! compared.

use super::Parameters;
use super::manifest::Manifest;

/// A planned trial, as far as the choice of the reference looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// Its retriever, by the name that the experiment gives it.
    pub retriever: &'a str,
    /// Its parameters, if they are known.
    pub parameters: Option<&'a Parameters>,
}

/// Index of the reference among all planned trials:
///
/// 1. the first trial of the retriever that is `named`,
/// 2. else the first that is plain top-k over exact candidates,
/// 3. else the first of all.
pub fn choose(planned: &[Planned<'_>], named: Option<&str>) -> usize {
    let first = |is: &dyn Fn(&Planned<'_>) -> bool| planned.iter().position(is);
    first(&|trial| Some(trial.retriever) == named)
        .or_else(|| first(&|trial| trial.parameters.is_some_and(Parameters::is_top_k)))
        .unwrap_or(0)
}

/// A trial that succeeded, as its file describes it.
#[derive(Clone, Copy, Debug)]
pub struct Succeeded<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its parameters.
    pub parameters: &'a Parameters,
}

/// The reference of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// It succeeded: its index among the trials that did.
    Row(usize),
    /// It failed.
    Failed {
        /// The retriever's name with the point in brackets.
        label: String,
        /// The reason.
        reason: String,
    },
}

impl Reference {
    /// Chooses among all trials of a manifest. A trial that succeeded has its parameters in its own file; for one that failed
    /// they are read from the experiment.
    pub fn of_run(manifest: &Manifest, succeeded: &[Succeeded<'_>]) -> Self {
        let row = |id: &str| succeeded.iter().position(|trial| trial.id == id);
        let trials = manifest.trials.iter().enumerate().map(|(i, record)| match row(&record.trial) {
            Some(row) => (record, Some(succeeded[row].parameters.clone())),
            None => (record, manifest.experiment.parameters(i)),
        });
        let trials: Vec<_> = trials.collect();
        let planned = trials
            .iter()
            .map(|(record, parameters)| Planned { retriever: &record.retriever, parameters: parameters.as_ref() });
        let chosen = choose(&planned.collect::<Vec<_>>(), manifest.experiment.reference());
        let chosen = manifest.trials.get(chosen);
        match chosen.and_then(|record| Some((record, record.failed.clone()?))) {
            Some((record, reason)) => Self::Failed { label: record.label(), reason },
            None => Self::Row(chosen.and_then(|record| row(&record.trial)).unwrap_or(0)),
        }
    }

    /// Its index among the trials that succeeded; `None` if it failed.
    pub fn row(&self) -> Option<usize> {
        if let Self::Row(row) = self { Some(*row) } else { None }
    }

    /// Whether the trial of this index is the reference.
    pub fn is(&self, row: usize) -> bool {
        self.row() == Some(row)
    }

    /// If it failed, a sentence that says so and what follows.
    pub fn failure(&self) -> Option<String> {
        let Self::Failed { label, reason } = self else { return None };
        Some(format!("The reference {label} failed ({reason}): nothing is compared with it."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_named_one_else_plain_top_k_else_the_first() {
        let top_k = Parameters::parse(r#"{"candidates":{"exact":{"pool":5}},"select":{"top-k":{}}}"#.into());
        let planned = [("mmr", None), ("walk", None), ("top-k", Some(&top_k)), ("exact", Some(&top_k))];
        let planned = planned.map(|(retriever, parameters)| Planned { retriever, parameters });
        assert_eq!(choose(&planned, Some("walk")), 1);
        assert_eq!(choose(&planned, Some("exact")), 3);
        assert_eq!(choose(&planned, None), 2);
        assert_eq!(choose(&planned[..2], None), 0);
    }
}
