//! Plants faults to see whether `swath check` finds them: only in a program built with the feature `plant`, and only if the
//! environment asks for them.
//!
//! `SWATH_PLANT_SLOW=mmr=1.3` makes the retriever `mmr` take 1.3 times as long. `SWATH_PLANT_LOSS=mmr=0.01@7` makes it lose one
//! in a hundred of its results: each time the one that is first in the pool, which is most likely a true neighbour. The seed,
//! here 7, chooses the queries.

use crate::clock::Moment;
use std::sync::OnceLock;

/// The faults of a retriever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plant {
    slow: f64,
    loss: f64,
    seed: f64,
}

/// A fault that the environment asks for.
struct PlantedFault {
    retriever: String,
    amount: f64,
    seed: f64,
}

impl PlantedFault {
    /// Reads an environment variable, `RETRIEVER=AMOUNT` or `RETRIEVER=AMOUNT@SEED`.
    fn read(variable: &str) -> Option<Self> {
        let text = std::env::var(variable).ok()?;
        let (retriever, amount) = text.split_once('=')?;
        let (amount, seed) = amount.split_once('@').unwrap_or((amount, "0"));
        Some(Self { retriever: retriever.to_owned(), amount: amount.parse().ok()?, seed: seed.parse().ok()? })
    }
}

impl Plant {
    /// The faults that the environment asks for.
    pub fn of(retriever: &str) -> Self {
        static ASKED: OnceLock<[Option<PlantedFault>; 2]> = OnceLock::new();
        let asked = ASKED.get_or_init(|| ["SWATH_PLANT_SLOW", "SWATH_PLANT_LOSS"].map(PlantedFault::read));
        let of = |i: usize| asked[i].as_ref().filter(|fault| fault.retriever == retriever);
        let (slow, loss) = (of(0).map_or(1.0, |fault| fault.amount), of(1).map_or(0.0, |fault| fault.amount));
        Self { slow, loss, seed: of(1).map_or(0.0, |fault| fault.seed) }
    }

    /// Wastes time until the time since `start` has grown by the planted factor.
    pub fn slow(self, start: Moment) {
        let until = start.elapsed() * self.slow;
        while self.slow > 1.0 && start.elapsed() < until {
            // No pause instruction: a hypervisor may take a processor that pauses for idle, and give it to others.
            std::hint::black_box(self.slow);
        }
    }

    /// Removes the result that is first in the pool, for enough queries to lose the planted share of results.
    pub fn lose(self, query: usize, picked: &mut Vec<usize>) {
        let share = self.loss * picked.len() as f64;
        // Spreads the queries evenly; each seed starts elsewhere.
        if (query as f64 * 0.618_033_988_749 + self.seed * 0.414_213_562_373).fract() < share
            && let Some(at) = (0..picked.len()).min_by_key(|&at| picked[at])
        {
            picked.remove(at);
        }
    }
}
