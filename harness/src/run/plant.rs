//! Faults that are put in on purpose, to see whether `swath check` finds them: only in a program built with the feature
//! `plant`, and there only where the environment asks for them.
//!
//! `SWATH_PLANT_SLOW=mmr=1.3` has the retriever `mmr` take 1.3 times as long; `SWATH_PLANT_LOSS=mmr=0.01@7` has it lose one
//! in a hundred of its results, of queries that the 7 chooses: each time the one that is first in the pool, most likely a
//! true neighbour.

use crate::clock::Moment;
use std::sync::OnceLock;

/// What is planted for a retriever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plant {
    slow: f64,
    loss: f64,
    seed: f64,
}

/// What the environment asks for: a retriever, how much, and a seed.
type Asked = Option<(String, f64, f64)>;

impl Plant {
    /// What the environment asks for.
    pub fn of(retriever: &str) -> Self {
        static ASKED: OnceLock<[Asked; 2]> = OnceLock::new();
        let asked = ASKED.get_or_init(|| {
            ["SWATH_PLANT_SLOW", "SWATH_PLANT_LOSS"].map(|name| {
                let text = std::env::var(name).ok()?;
                let (retriever, amount) = text.split_once('=')?;
                let (amount, seed) = amount.split_once('@').unwrap_or((amount, "0"));
                Some((retriever.to_owned(), amount.parse().ok()?, seed.parse().ok()?))
            })
        });
        let of = |i: usize| asked[i].as_ref().filter(|(name, ..)| name == retriever);
        let (slow, loss) = (of(0).map_or(1.0, |asked| asked.1), of(1).map_or(0.0, |asked| asked.1));
        Self { slow, loss, seed: of(1).map_or(0.0, |asked| asked.2) }
    }

    /// Wastes time until what began at `start` has taken as much longer as was asked for.
    pub fn slow(self, start: Moment) {
        let until = start.elapsed() * self.slow;
        while self.slow > 1.0 && start.elapsed() < until {
            // No pause instruction: a hypervisor may take a processor that pauses for idle, and give it to others.
            std::hint::black_box(self.slow);
        }
    }

    /// Loses the result that is first in the pool, of as many queries as make the share that was asked for.
    pub fn lose(self, query: usize, picked: &mut Vec<usize>) {
        let share = self.loss * picked.len() as f64;
        // Spread evenly over the queries, and begun elsewhere by each seed.
        if (query as f64 * 0.618_033_988_749 + self.seed * 0.414_213_562_373).fract() < share
            && let Some(at) = (0..picked.len()).min_by_key(|&at| picked[at])
        {
            picked.remove(at);
        }
    }
}
