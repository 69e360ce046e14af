//! Sets of numbers by Zipf's law.

use super::clusters::CLUSTERS;
use super::{Draw, Makes, Rows, Size};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// Mean and largest number of members of a set, or of values of a sparse vector.
const MEMBERS: [usize; 2] = [30, 200];

/// Sets (with distance `jaccard`) or sparse vectors (with distance `ip`) of about 30 members each. Members are drawn by
/// Zipf's law: number i has a chance of 1 / (i + 1). Half of them are shifted by a step that the set's cluster has, one of
/// a hundred.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Zipf {}

impl Draw for Zipf {
    fn makes(&self) -> Makes {
        Makes::SetsOrSparse
    }

    fn rows(&self, size: Size) -> Rows<'_> {
        let law = Law::new(size.dim, size.seed);
        Rows::Sets(Box::new(move |_, rng| law.row(rng)))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        (size.dim as u64).saturating_mul(size_of::<f64>() as u64)
    }

    fn members(&self, _: &Size) -> [usize; 2] {
        MEMBERS
    }
}

/// Draws numbers below a dimension by Zipf's law.
struct Law {
    /// Sums of the chances of a number and all before it, not divided by the last.
    sums: Vec<f64>,
    seed: u64,
}

impl Law {
    fn new(dim: usize, seed: u64) -> Self {
        let sums = (0..dim).scan(0.0, |sum, i| {
            *sum += 1.0 / (i + 1) as f64;
            Some(*sum)
        });
        Self { sums: sums.collect(), seed }
    }

    /// Different numbers, ascending: about as many as [`MEMBERS`] says, at least one.
    fn row(&self, rng: &mut ChaCha8Rng) -> Vec<u32> {
        let [mean, most] = MEMBERS;
        let dim = self.sums.len();
        let cluster = random::below(rng, CLUSTERS) as u64;
        let step = random::below(&mut random::stream(self.seed, "generated step", cluster), dim);
        let all = self.sums.last().copied().unwrap_or(0.0);
        // Exponential, so that sizes differ much.
        let draws = (1.0 - (mean as f64) * (1.0 - random::uniform(rng)).ln()).min(most as f64) as usize;
        let mut row: Vec<u32> = (0..draws)
            .map(|_| {
                let sum = all * random::uniform(rng);
                let number = self.sums.partition_point(|&up_to| up_to <= sum).min(dim - 1);
                let shift = if random::below(rng, 2) == 0 { 0 } else { step };
                ((number + shift) % dim) as u32
            })
            .collect();
        row.sort_unstable();
        row.dedup();
        row
    }
}
