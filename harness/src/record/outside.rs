//! What is recorded of programs outside: which they are, and the two clocks of each pass.

use crate::external::{Hello, Role};
use serde::{Deserialize, Serialize};

/// A program outside that is a stage of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgramRecord {
    /// What it does.
    pub role: Role,
    /// What it said of itself.
    pub hello: Hello,
    /// Threads with which it was allowed to build.
    pub build_threads: usize,
    /// Seconds that it took to build, by its own clock if it said them.
    pub build_seconds: f64,
    /// Bytes of its index, as it says.
    pub bytes: Option<u64>,
    /// Bytes of memory that it held more after building than before it opened the dataset.
    pub growth: u64,
}

impl ProgramRecord {
    /// Whether the size of its index is known: a selector needs none.
    pub fn says_its_size(&self) -> bool {
        self.bytes.is_some() || self.role == Role::Selector
    }
}

/// The two clocks of a pass over all queries, in seconds. Of two programs in one trial, their sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clocks {
    /// The sum of the rows by the program's clock; in mode batch the same as swath's, less the exchange.
    pub program: f64,
    /// The sum of the blocks by swath's clock.
    pub swath: f64,
    /// What the exchange of a row takes by swath's clock, without a search.
    pub echo: f64,
    /// What setting the parameters took.
    pub set: f64,
    /// Rows whose time is by swath's clock, since the two disagree.
    pub by_swath: f64,
    /// Queries that were answered otherwise than in the first pass.
    pub otherwise: f64,
}

impl Clocks {
    /// How many values they are.
    pub const LEN: usize = 6;

    /// All values, in the order of their declaration.
    pub fn values(&self) -> [f64; Self::LEN] {
        [self.program, self.swath, self.echo, self.set, self.by_swath, self.otherwise]
    }

    /// Clocks of these values.
    pub fn of([program, swath, echo, set, by_swath, otherwise]: [f64; Self::LEN]) -> Self {
        Self { program, swath, echo, set, by_swath, otherwise }
    }

    /// Whether the values are possible.
    pub fn are_sound(&self) -> bool {
        self.values().iter().all(|value| value.is_finite() && *value >= 0.0)
    }

    /// The sums of two.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let (mut sums, others) = (self.values(), other.values());
        sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        Self::of(sums)
    }
}
