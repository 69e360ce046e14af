//! Clusters whose sizes follow a power law.

use super::centres::Centres;
use super::{Draw, Rows, Size, constant};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::{Count, Time};
use swath_algorithms::random;

/// As `clusters`, but the clusters' sizes follow a power law: the c-th largest has a chance in proportion to c^-exponent.
/// Queries are drawn alike, so that most are in large clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PowerLaw {
    /// The exponent: 1 is Zipf's law.
    pub exponent: Time,
    /// Number of clusters.
    pub clusters: Count,
}

impl Default for PowerLaw {
    fn default() -> Self {
        Self { exponent: constant!(Time, 1.0), clusters: constant!(Count, 100) }
    }
}

impl PowerLaw {
    /// Sums of the chances of a cluster and all before it, not divided by the last.
    fn sums(&self) -> Vec<f64> {
        let chances = (1..=self.clusters.get()).scan(0.0, |sum, c| {
            *sum += f64::from(c).powf(-self.exponent.get());
            Some(*sum)
        });
        chances.collect()
    }

    /// A cluster by chance.
    pub(super) fn cluster(sums: &[f64], rng: &mut ChaCha8Rng) -> usize {
        let sum = sums.last().copied().unwrap_or(0.0) * random::uniform(rng);
        sums.partition_point(|&up_to| up_to <= sum).min(sums.len() - 1)
    }
}

impl Draw for PowerLaw {
    fn rows(&self, size: Size) -> Rows<'_> {
        let (centres, sums) = (Centres::draw(size.seed, self.clusters.size(), size.dim), self.sums());
        Rows::Vectors(Box::new(move |_, rng, values| centres.around(Self::cluster(&sums, rng), rng, values)))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        Centres::bytes(self.clusters.get().into(), size.dim + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{apart, coordinates, drawn};
    use super::super::{Distribution, Row};
    use super::*;

    /// The exponent of greatest likelihood for counts of clusters by rank, by bisection of the score: the mean of ln c under
    /// the law is that of the sample. Its standard error is one over the square root of n times the variance of ln c.
    fn fitted(counts: &[usize]) -> (f64, f64) {
        let n = counts.iter().sum::<usize>() as f64;
        let logs: Vec<f64> = (1..=counts.len()).map(|c| (c as f64).ln()).collect();
        let found = counts.iter().zip(&logs).map(|(&count, log)| count as f64 * log).sum::<f64>() / n;
        let moments = |exponent: f64| {
            let chances: Vec<f64> = logs.iter().map(|log| (-exponent * log).exp()).collect();
            let all: f64 = chances.iter().sum();
            let mean = chances.iter().zip(&logs).map(|(chance, log)| chance * log).sum::<f64>() / all;
            let square = chances.iter().zip(&logs).map(|(chance, log)| chance * log * log).sum::<f64>() / all;
            (mean, square - mean * mean)
        };
        let (mut low, mut high) = (0.0, 10.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if moments(middle).0 > found { low = middle } else { high = middle }
        }
        (low, (n * moments(low).1).sqrt().recip())
    }

    #[test]
    fn the_exponent_of_the_clusters_found_is_the_one_asked_for() {
        let clusters = 50;
        for exponent in [0.5, 1.0, 2.0] {
            let law = PowerLaw {
                exponent: Time::new(exponent).expect("in range"),
                clusters: Count::new(clusters).expect("in range"),
            };
            let data = drawn(Distribution::PowerLaw(law), 4000, 16);
            let centres = Centres::draw(5, clusters as usize, 16);
            let centre = |c: usize| centres.of(c).iter().map(|&x| x as f32).collect::<Vec<f32>>();
            let all: Vec<Vec<f32>> = (0..clusters as usize).map(centre).collect();
            let mut counts = vec![0; all.len()];
            for i in 0..4000 {
                let to = |c: &usize| apart(&all[*c], coordinates(&data.train, i));
                let nearest = (0..all.len()).min_by(|a, b| to(a).total_cmp(&to(b))).expect("a cluster");
                counts[nearest] += 1;
            }
            let (found, error) = fitted(&counts);
            assert!((found - exponent).abs() < 4.0 * error && error < 0.05, "{exponent}: {found} +- {error}");
        }
        // Not by construction: equal sizes have exponent 0.
        assert!(fitted(&[80; 50]).0 < 0.01);
    }

    #[test]
    fn queries_are_in_large_clusters_too() {
        let law = PowerLaw { exponent: constant!(Time, 3.0), clusters: constant!(Count, 10) };
        let sums = law.sums();
        let in_first = (0..2000).filter(|&number| {
            PowerLaw::cluster(&sums, &mut Row { array: super::super::Array::Test, number }.stream(5)) == 0
        });
        // 1 / (the sum of c^-3 to 10) = 0.8350, with a standard error of 0.0083.
        let share = in_first.count() as f64 / 2000.0;
        assert!((share - 0.835).abs() < 0.034, "{share}");
    }
}
