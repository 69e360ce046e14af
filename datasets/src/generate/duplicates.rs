//! A mixture in which some points are near copies of others.

use super::centres::Centres;
use super::clusters::CLUSTERS;
use super::{Draw, Planted, PlantedSizes, Row, Rows, Size, constant};
use crate::dataset::Groups;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::{NonNegative, PartialFraction};
use swath_algorithms::random;

/// The kind of groups that an original and its copies are.
const KIND: &str = "original";

/// As `clusters`, but a share of the base vectors are near copies of earlier ones. No query is a copy. An original and its copies are
/// a group of the kind `original`, whose number is the original's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Duplicates {
    /// The share of the base vectors that are copies.
    pub share: PartialFraction,
    /// Standard deviation of each coordinate of a copy from its original; within a cluster it is 0.1. 0 makes exact copies.
    pub near: NonNegative,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self { share: constant!(PartialFraction, 0.3), near: constant!(NonNegative, 0.005) }
    }
}

impl Duplicates {
    /// Whether a base vector is a copy: the first choice of its random stream.
    pub(super) fn is_copy(&self, number: usize, rng: &mut ChaCha8Rng) -> bool {
        random::uniform(rng) < self.share.get() && number > 0
    }

    /// The original of a copy, and its random stream after the first choice. A copy of a copy is one of that one's original.
    fn original(&self, number: usize, rng: &mut ChaCha8Rng, seed: u64) -> (usize, ChaCha8Rng) {
        let mut source = random::below(rng, number);
        loop {
            let mut stream = Row::base(source).stream(seed);
            if !self.is_copy(source, &mut stream) {
                return (source, stream);
            }
            source = random::below(&mut stream, source);
        }
    }
}

impl Draw for Duplicates {
    fn rows(&self, size: Size) -> Rows<'_> {
        let centres = Centres::draw(size.seed, CLUSTERS, size.dim);
        let whole = move |rng: &mut ChaCha8Rng, values: &mut [f64]| {
            centres.around(random::below(rng, CLUSTERS), rng, values);
        };
        Rows::Vectors(Box::new(move |row, rng, values| {
            if row.is_query() || !self.is_copy(row.number, rng) {
                return whole(rng, values);
            }
            whole(&mut self.original(row.number, rng, size.seed).1, values);
            values.iter_mut().for_each(|x| *x += self.near.get() * random::normal(rng));
        }))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        Centres::bytes(CLUSTERS as u64, size.dim)
    }

    fn planted_sizes(&self, _: &Size) -> PlantedSizes {
        PlantedSizes { groups: vec![KIND.to_owned()], ..PlantedSizes::default() }
    }

    fn planted(&self, size: &Size) -> Planted {
        let of = |number: usize| {
            let mut stream = Row::base(number).stream(size.seed);
            let is_copy = self.is_copy(number, &mut stream);
            if is_copy { self.original(number, &mut stream, size.seed).0 as i32 } else { number as i32 }
        };
        let of = (0..size.n).into_par_iter().map(of).collect();
        Planted { groups: vec![Groups { name: KIND.to_owned(), of, labels: Vec::new() }], ..Planted::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::tests::{drawn, nearest_others};
    use super::*;

    fn with(share: f64, near: f64) -> Distribution {
        let share = PartialFraction::new(share).expect("in range");
        Distribution::Duplicates(Duplicates { share, near: NonNegative::new(near).expect("in range") })
    }

    /// Copies are found by search: those whose nearest earlier base vector is much nearer than within a cluster. Their number is
    /// binomial.
    #[test]
    fn as_many_are_near_copies_as_is_asked() {
        let (n, dim, near) = (1500, 24, 0.005);
        // Two points of a cluster are 0.1 * (2 d)^0.5 = 0.69 apart, a copy is 0.024 from its original, two copies 0.035.
        let border = 0.1;
        for share in [0.0, 0.3, 0.7] {
            let data = drawn(with(share, near), n, dim);
            let all = nearest_others(&data.train, 60);
            let is_copy = |i: usize| all[i].iter().any(|&(distance, j)| j < i && distance < border);
            let copies: Vec<usize> = (0..n as usize).filter(|&i| is_copy(i)).collect();
            let expected = share * f64::from(n);
            let deviation = (share * (1.0 - share) * f64::from(n)).sqrt();
            assert!((copies.len() as f64 - expected).abs() <= 4.0 * deviation, "{share}: {}", copies.len());
            // Of an original, or of another copy of it, which is up to 2^0.5 as far.
            let mean = copies.iter().map(|&i| all[i][0].0).sum::<f64>() / copies.len().max(1) as f64;
            let expected = near * f64::from(dim).sqrt();
            assert!(share == 0.0 || (expected * 0.85..expected * 1.42).contains(&mean), "{share}: {mean} {expected}");
        }
    }

    /// Groups are told by the distances: exact copies are of one group, and no others.
    #[test]
    fn an_original_and_its_copies_are_a_group() {
        for near in [0.0, 0.005] {
            let data = drawn(with(0.5, near), 400, 24);
            let [kind] = data.groups.as_slice() else { panic!("one kind") };
            assert_eq!((kind.name.as_str(), kind.of.len()), ("original", 400));
            let all = nearest_others(&data.train, 399);
            for (i, others) in all.iter().enumerate() {
                // Copies are about 0.03 apart, and points of a cluster 0.69.
                for &(distance, j) in others {
                    assert_eq!(kind.of[i] == kind.of[j], distance < 0.1, "{i} and {j} are {distance} apart");
                }
                assert_eq!(kind.of[kind.of[i] as usize], kind.of[i], "the number is the original's");
            }
        }
    }

    #[test]
    fn exact_copies_are_exact() {
        let data = drawn(with(0.5, 0.0), 400, 12);
        let all = nearest_others(&data.train, 1);
        let copied = all.iter().filter(|nearest| nearest[0].0 == 0.0).count();
        // The copies, 200 with a standard deviation of 10, and their originals.
        assert!((240..360).contains(&copied), "{copied}");
    }
}
