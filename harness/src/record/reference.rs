//! The trial that the others are compared with.
//!
//! Which one that is follows from what was planned, and not from what succeeded: where it failed, nothing is put in its place,
//! and there are no comparisons.

/// A planned trial, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// Its retriever, by the name that the experiment gives it.
    pub retriever: &'a str,
    /// Whether it is plain top-k over exact candidates.
    pub is_top_k: bool,
}

/// Index of the reference among all planned trials: the first of the retriever that is `named`, else the first that is plain
/// top-k over exact candidates, else the first of all.
pub fn choose(planned: &[Planned<'_>], named: Option<&str>) -> usize {
    let first = |is: &dyn Fn(&Planned<'_>) -> bool| planned.iter().position(is);
    first(&|trial| Some(trial.retriever) == named).or_else(|| first(&|trial| trial.is_top_k)).unwrap_or(0)
}

/// What became of the reference of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// It succeeded: its index among the trials that did.
    Row(usize),
    /// It failed.
    Failed {
        /// The retriever's name with the point in brackets.
        label: String,
        /// Why.
        reason: String,
    },
}

impl Reference {
    /// Its index among the trials that succeeded; `None` if it failed.
    pub fn row(&self) -> Option<usize> {
        if let Self::Row(row) = self { Some(*row) } else { None }
    }

    /// Whether the trial of this index is the reference.
    pub fn is(&self, row: usize) -> bool {
        self.row() == Some(row)
    }

    /// That it failed and what follows from that, as a sentence; `None` if it succeeded.
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
        let planned = [("mmr", false), ("walk", false), ("top-k", true), ("exact", true)];
        let planned = planned.map(|(retriever, is_top_k)| Planned { retriever, is_top_k });
        assert_eq!(choose(&planned, Some("walk")), 1);
        assert_eq!(choose(&planned, Some("exact")), 3);
        assert_eq!(choose(&planned, None), 2);
        assert_eq!(choose(&planned[..2], None), 0);
    }
}
