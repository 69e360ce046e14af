//! Generated datasets: vectors of a known distribution with exact neighbours, which show the effects of dimension and size
//! alone.
//!
//! To add a distribution: a variant of [`Distribution`], its arm in `Distribution::row`, and its name.

use crate::dataset::Dataset;
use crate::ground_truth;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::Count;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::{Base, Distance, Points, PointsError, Vectors, random};

/// To be raised whenever the same parameters give other vectors.
const VERSION: u32 = 1;
/// True neighbours of each query; fewer if there are fewer base vectors.
const NEIGHBORS: usize = 100;
/// Clusters of [`Distribution::Clusters`].
const CLUSTERS: usize = 100;
/// Standard deviation within a cluster; the centres have 1.
const SPREAD: f64 = 0.1;

/// The distribution that vectors are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Kind")]
pub enum Distribution {
    /// Every coordinate standard normal.
    Gaussian,
    /// Every coordinate uniform from 0 to 1.
    Uniform,
    /// Uniform on the unit sphere.
    Sphere,
    /// A hundred standard normal centres; around each a normal cloud, a tenth as wide.
    Clusters,
}

/// A dataset that is drawn and not read from a file. Each vector has a random stream of its own, so that a smaller dataset is
/// the beginning of a larger one, and the number of threads makes no difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// The distribution that vectors are drawn from.
    pub generate: Distribution,
    /// Base vectors.
    pub n: Count,
    /// Coordinates of each vector.
    pub dimension: Count,
    /// Queries, drawn as base vectors are.
    #[serde(default = "thousand")]
    pub queries: Count,
    /// The distance between vectors.
    #[serde(default = "euclidean")]
    pub distance: Distance,
    /// Seed of the vectors; the experiment's own seed does not affect them.
    #[serde(default)]
    pub seed: u64,
}

fn thousand() -> Count {
    match Count::new(1000) {
        Ok(count) => count,
        Err(_) => unreachable!("a default outside its own range"),
    }
}

fn euclidean() -> Distance {
    Distance::Euclidean
}

impl Distribution {
    /// One vector. A normal number is computed by the platform's logarithm and cosine and then rounded to `f32`: platforms
    /// that differ in a last bit still agree in all but about one in a billion numbers.
    fn row(self, rng: &mut ChaCha8Rng, dim: usize, seed: u64) -> Vec<f32> {
        let normals = |rng: &mut ChaCha8Rng| (0..dim).map(|_| random::normal(rng)).collect::<Vec<f64>>();
        let row = match self {
            Self::Gaussian => normals(rng),
            Self::Uniform => (0..dim).map(|_| random::uniform(rng)).collect(),
            Self::Sphere => {
                let row = normals(rng);
                let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.into_iter().map(|x| x / norm).collect()
            }
            Self::Clusters => {
                let cluster = random::below(rng, CLUSTERS);
                let centre = normals(&mut random::stream(seed, "generated centre", cluster as u64));
                centre.into_iter().map(|x| x + SPREAD * random::normal(rng)).collect()
            }
        };
        row.into_iter().map(|x| x as f32).collect()
    }

    /// Its name in YAML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Uniform => "uniform",
            Self::Sphere => "sphere",
            Self::Clusters => "clusters",
        }
    }
}

impl Generated {
    /// Its name in reports.
    pub fn name(&self) -> String {
        format!("{}-{}x{}", self.generate.name(), self.n.get(), self.dimension.get())
    }

    /// A text that identifies its content: equal for equal datasets.
    pub fn key(&self) -> String {
        format!("swath generated {VERSION} {self:?}")
    }

    /// At most this many bytes are needed to draw it: vectors, what a search keeps for each, and neighbours.
    pub fn bytes(&self) -> u64 {
        let vector = u64::from(self.dimension.get().div_ceil(16)) * 64 + 16;
        let (n, m) = (u64::from(self.n.get()), u64::from(self.queries.get()));
        n.saturating_add(m).saturating_mul(vector).saturating_add(m.saturating_mul(NEIGHBORS as u64 * 64))
    }

    /// Number of true neighbours of each query.
    pub fn neighbors(&self) -> usize {
        NEIGHBORS.min(self.n.size())
    }

    /// Draws the vectors and finds the true neighbours.
    ///
    /// # Errors
    /// [`PointsError`], which finite vectors do not cause.
    pub fn dataset(&self) -> Result<Dataset, PointsError> {
        let train = Points::from(self.vectors("generated base vector", self.n.size())?);
        let test = Points::from(self.vectors("generated query", self.queries.size())?);
        let base = Base::new(train.clone(), self.distance);
        let neighbors = ground_truth::compute(&base, &test, NEIGHBORS);
        Ok(Dataset {
            train,
            test,
            distance: self.distance,
            neighbors,
            links: None,
            subtopics: None,
            qrels: None,
            train_names: None,
            test_names: None,
            notes: Vec::new(),
        })
    }

    fn vectors(&self, purpose: &str, rows: usize) -> Result<Vectors, PointsError> {
        let dim = self.dimension.size();
        let mut vectors = Builder::new(rows, dim)?;
        for i in 0..rows {
            vectors.push(&self.generate.row(&mut random::stream(self.seed, purpose, i as u64), dim, self.seed))?;
        }
        Ok(vectors.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated(generate: Distribution, n: u32, dimension: u32, distance: Distance) -> Generated {
        let count = |value| Count::new(value).expect("at least 1");
        Generated { generate, n: count(n), dimension: count(dimension), queries: count(20), distance, seed: 5 }
    }

    const ALL: [Distribution; 4] =
        [Distribution::Gaussian, Distribution::Uniform, Distribution::Sphere, Distribution::Clusters];

    #[test]
    fn a_smaller_dataset_is_the_beginning_of_a_larger_and_all_are_valid() {
        for kind in ALL {
            for distance in Distance::ALL {
                let of = |n| generated(kind, n, 7, distance).dataset().expect("finite");
                let (small, large) = (of(50), of(300));
                assert!((0..50).all(|i| small.train.row(i) == large.train.row(i)));
                assert!((0..20).all(|i| small.test.row(i) == large.test.row(i)));
                small.check().expect("valid");
                large.check().expect("valid");
                assert_eq!((small.neighbors.count, large.neighbors.count), (50, 100));
            }
        }
        assert_ne!(
            generated(Distribution::Uniform, 5, 2, Distance::Angular).key(),
            generated(Distribution::Uniform, 6, 2, Distance::Angular).key()
        );
    }

    #[test]
    fn neighbours_are_those_of_brute_force() {
        let data = generated(Distribution::Gaussian, 200, 3, Distance::Euclidean).dataset().expect("finite");
        let distance = |q: usize, i: usize| {
            let pairs = data.test.row(q)[..3].iter().zip(&data.train.row(i)[..3]);
            pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
        };
        for q in 0..20 {
            let mut all: Vec<f64> = (0..200).map(|i| distance(q, i)).collect();
            all.sort_by(f64::total_cmp);
            for (found, expected) in data.neighbors.distances(q).iter().zip(all) {
                assert!((found - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let columns = |kind| {
            let data = generated(kind, 5000, 4, Distance::Euclidean).dataset().expect("finite");
            let values: Vec<f64> = (0..5000).flat_map(|i| data.train.row(i)[..4].to_vec()).map(f64::from).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64, data)
        };
        for (kind, mean, variance) in [
            (Distribution::Gaussian, 0.0, 1.0),
            (Distribution::Uniform, 0.5, 1.0 / 12.0),
            (Distribution::Sphere, 0.0, 0.25),
        ] {
            let (found_mean, found_variance, _) = columns(kind);
            assert!((found_mean - mean).abs() < 0.03, "{kind:?} {found_mean}");
            assert!((found_variance / variance - 1.0).abs() < 0.05, "{kind:?} {found_variance}");
        }
        let (_, _, sphere) = columns(Distribution::Sphere);
        let norm = |i: usize| sphere.train.row(i).iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((0..5000).all(|i| (norm(i) - 1.0).abs() < 1e-5));
        // A cluster has about fifty vectors: the tenth nearest is in the query's own, the hundredth in another.
        let (_, _, clusters) = columns(Distribution::Clusters);
        let mean = |at: usize| (0..20).map(|q| clusters.neighbors.distances(q)[at]).sum::<f64>() / 20.0;
        assert!(mean(99) > 2.0 * mean(9), "{} {}", mean(9), mean(99));
    }
}
