//! What a run tells a bench to do, and what the bench replies.

use super::duel::Duel;
use crate::record::manifest::GraphRecord;
use serde::{Deserialize, Serialize};

/// What a bench is to do. Trials are named by their place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Answer all queries once, untimed, and compute the metrics of the answers.
    Measure(usize),
    /// Time all queries once.
    Time {
        /// The trial.
        trial: usize,
        /// How many timed passes of it are kept already.
        after: usize,
    },
    /// Build what another trial needs, beside what is built.
    Build(usize),
    /// Time a trial and a reference that is [built](Order::Build), taking turns.
    Duel {
        /// The trial.
        trial: usize,
        /// The reference.
        reference: usize,
        /// In mode single: how many queries are timed, from the first on. In mode batch all are.
        queries: usize,
        /// How often each is timed.
        passes: usize,
    },
    /// End the programs outside: nothing more comes.
    End,
}

/// The result of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The build is done.
    Built {
        /// The graph.
        graph: Option<GraphRecord>,
        /// Whether an index that is kept was built, not read.
        is_new: bool,
        /// What went wrong with the files that keep builds.
        notes: Vec<String>,
    },
    /// The order is done, and its result in the trial's files.
    Done,
    /// The same, with something that the user should know.
    DoneWith(Vec<String>),
    /// What the trial and the reference took.
    Dueled(Duel),
    /// The trial failed.
    Failed(String),
    /// The result could not be written.
    Unwritten(String),
}

impl Reply {
    /// Whether it can be the reply to that order.
    pub fn is_to(&self, order: Order) -> bool {
        match self {
            Self::Failed(_) | Self::Unwritten(_) => true,
            Self::Built { .. } => matches!(order, Order::Build(_)),
            Self::Done | Self::DoneWith(_) => matches!(order, Order::Measure(_) | Order::Time { .. } | Order::End),
            Self::Dueled(_) => matches!(order, Order::Duel { .. }),
        }
    }
}
