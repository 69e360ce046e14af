//! Generated datasets: points of a known distribution with exact neighbours, which show the effects of dimension and size
//! alone.
//!
//! To add a distribution of vectors: a variant of [`Distribution`], its arm in `Distribution::row`, and its name.

use crate::dataset::Dataset;
use crate::format::{HasLabels, Header};
use crate::ground_truth;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::Count;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::points::{Bits, PointType, Sets, SparseVectors};
use swath_algorithms::{Base, Distance, Points, PointsError, Vectors, random};

/// To be raised whenever the same parameters give other vectors.
const VERSION: u32 = 1;
/// True neighbours of each query; fewer if there are fewer base vectors.
const NEIGHBORS: usize = 100;
/// Clusters of [`Distribution::Clusters`].
const CLUSTERS: usize = 100;
/// Standard deviation within a cluster; the centres have 1.
const SPREAD: f64 = 0.1;
/// Mean and largest number of members of a set, or of values of a sparse vector.
const MEMBERS: [usize; 2] = [30, 200];

/// The distribution that points are drawn from.
///
/// All but `zipf` are of vectors. With the distance `hamming` each coordinate becomes a bit: whether it is above the mean of its
/// distribution.
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
    /// As `gaussian`, and each vector is multiplied by a log-normal number, so that lengths differ: for inner products.
    Lengths,
    /// As `gaussian`, but the queries lie around another centre, which is drawn as a base vector is: they are out of
    /// distribution.
    Shifted,
    /// Sets (with distance `jaccard`) or sparse vectors (with distance `ip`) of about 30 members each. Members are drawn by
    /// Zipf's law: number i has a chance of 1 / (i + 1). Half of them are shifted by a step that the set's cluster has, one of
    /// a hundred.
    Zipf,
}

/// Why a dataset cannot be drawn.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GenerateError {
    /// Points of the distribution do not have the distance.
    #[error("`generate: {}` makes {}, which the distance `{distance}` does not fit", distribution.name(), distribution.makes())]
    Unfit {
        /// The distribution.
        distribution: Distribution,
        /// The distance.
        distance: Distance,
    },
    /// The numbers drawn are no points.
    #[error(transparent)]
    Points(#[from] PointsError),
}

impl GenerateError {
    /// What would do instead.
    pub fn help(&self) -> String {
        match self {
            Self::Unfit { distribution, .. } => {
                let fits = |distance: &Distance| distribution.kind(*distance).is_ok();
                let fitting: Vec<String> =
                    Distance::ALL.into_iter().filter(fits).map(|distance| format!("`{distance}`")).collect();
                format!("with this distribution use the distance {}", fitting.join(", "))
            }
            Self::Points(_) => "use other parameters".to_owned(),
        }
    }
}

/// A dataset that is drawn and not read from a file. Each vector has a random stream of its own, so that a smaller dataset is
/// the beginning of a larger one, and the number of threads makes no difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// The distribution that points are drawn from.
    pub generate: Distribution,
    /// Base vectors.
    pub n: Count,
    /// Coordinates of each vector, or bits; or the number below which the members of sets are.
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
    fn row(self, rng: &mut ChaCha8Rng, dim: usize, seed: u64, array: Array) -> Vec<f32> {
        let normals = |rng: &mut ChaCha8Rng| (0..dim).map(|_| random::normal(rng)).collect::<Vec<f64>>();
        let row = match self {
            // `Zipf` draws no vectors.
            Self::Gaussian | Self::Zipf => normals(rng),
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
            Self::Lengths => {
                let row = normals(rng);
                let length = (0.5 * random::normal(rng)).exp();
                row.into_iter().map(|x| x * length).collect()
            }
            Self::Shifted => {
                let row = normals(rng);
                let centre = normals(&mut random::stream(seed, "generated centre", 0));
                let share = if array == Array::Test { 1.0 } else { 0.0 };
                row.into_iter().zip(centre).map(|(x, centre)| x + share * centre).collect()
            }
        };
        row.into_iter().map(|x| x as f32).collect()
    }

    /// The type of the points that it draws for this distance.
    ///
    /// # Errors
    /// [`GenerateError::Unfit`].
    fn kind(self, distance: Distance) -> Result<PointType, GenerateError> {
        match (self, distance) {
            (Self::Zipf, Distance::Jaccard) => Ok(PointType::Sets),
            (Self::Zipf, Distance::InnerProduct) => Ok(PointType::Sparse),
            (Self::Zipf, _) | (_, Distance::Jaccard) => Err(GenerateError::Unfit { distribution: self, distance }),
            (_, Distance::Hamming) => Ok(PointType::Bits),
            (_, Distance::Euclidean | Distance::Angular | Distance::InnerProduct) => Ok(PointType::Dense),
        }
    }

    /// Its name in YAML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Uniform => "uniform",
            Self::Sphere => "sphere",
            Self::Clusters => "clusters",
            Self::Lengths => "lengths",
            Self::Shifted => "shifted",
            Self::Zipf => "zipf",
        }
    }

    /// The points it makes, in words.
    fn makes(self) -> &'static str {
        match self {
            Self::Zipf => "sets (distance `jaccard`) or sparse vectors (`ip`)",
            _ => "vectors (distance `euclidean`, `angular` or `ip`) or bits (`hamming`)",
        }
    }

    /// The mean of a coordinate.
    fn mean(self) -> f32 {
        if self == Self::Uniform { 0.5 } else { 0.0 }
    }
}

/// Which points are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Array {
    Train,
    Test,
}

impl Array {
    /// Names the random streams.
    fn purpose(self) -> &'static str {
        match self {
            Self::Train => "generated base vector",
            Self::Test => "generated query",
        }
    }
}

/// Draws numbers below a dimension by Zipf's law.
struct Zipf {
    /// Sums of the chances of a number and all before it, not divided by the last.
    sums: Vec<f64>,
    seed: u64,
}

impl Zipf {
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

impl Generated {
    /// Its name in reports.
    pub fn name(&self) -> String {
        format!("{}-{}x{}", self.generate.name(), self.n.get(), self.dimension.get())
    }

    /// A text that identifies its content: equal for equal datasets.
    pub fn key(&self) -> String {
        format!("swath generated {VERSION} {self:?}")
    }

    /// The type of its points.
    ///
    /// # Errors
    /// [`GenerateError::Unfit`].
    pub fn kind(&self) -> Result<PointType, GenerateError> {
        self.generate.kind(self.distance)
    }

    /// What its header would say before it is drawn; members are about as many.
    ///
    /// # Errors
    /// [`GenerateError::Unfit`].
    pub fn header(&self) -> Result<Header, GenerateError> {
        let kind = self.kind()?;
        let (train, test, dim) = (self.n.size(), self.queries.size(), self.dimension.size());
        let mean = if matches!(kind, PointType::Sets | PointType::Sparse) { MEMBERS[0].min(dim) } else { 0 };
        Ok(Header {
            distance: self.distance,
            kind,
            train,
            test,
            dim,
            members: [train, test].map(|rows| rows.saturating_mul(mean)),
            neighbors: self.neighbors(),
            links: None,
            relations: Vec::new(),
            subtopics: None,
            qrels: None,
            groups: Vec::new(),
            labels: HasLabels::default(),
            is_normalized: false,
            notes: Vec::new(),
        })
    }

    /// At most this many bytes are needed to draw it: points, what a search keeps for each, and neighbours.
    pub fn bytes(&self) -> u64 {
        let (n, m, dim) = (u64::from(self.n.get()), u64::from(self.queries.get()), u64::from(self.dimension.get()));
        let members = (MEMBERS[1] as u64).min(dim);
        let point = match self.kind() {
            Ok(PointType::Bits) => dim.div_ceil(64) * 8,
            Ok(PointType::Sets) => members * 4,
            // The search has a copy, by columns.
            Ok(PointType::Sparse) => members * 20,
            Ok(PointType::Dense) | Err(_) => dim.div_ceil(16) * 64,
        };
        n.saturating_add(m).saturating_mul(point + 16).saturating_add(m.saturating_mul(NEIGHBORS as u64 * 64))
    }

    /// Number of true neighbours of each query.
    pub fn neighbors(&self) -> usize {
        NEIGHBORS.min(self.n.size())
    }

    /// Draws the points and finds the true neighbours.
    ///
    /// # Errors
    /// [`GenerateError::Unfit`]; [`GenerateError::Points`], which what is drawn does not cause.
    pub fn dataset(&self) -> Result<Dataset, GenerateError> {
        let kind = self.kind()?;
        let train = self.points(kind, Array::Train, self.n.size())?;
        let test = self.points(kind, Array::Test, self.queries.size())?;
        let base = Base::new(train.clone(), self.distance);
        let neighbors = ground_truth::compute(&base, &test, NEIGHBORS);
        Ok(Dataset::of_points(train, test, self.distance, neighbors))
    }

    fn points(&self, kind: PointType, array: Array, rows: usize) -> Result<Points, PointsError> {
        match kind {
            PointType::Dense => Ok(self.vectors(array, rows)?.into()),
            PointType::Bits => Ok(self.bits(array, rows)?.into()),
            PointType::Sets => Ok(self.sets(array, rows)?.into()),
            PointType::Sparse => Ok(self.sparse_vectors(array, rows)?.into()),
        }
    }

    /// The random stream of a row: its own, so that it is the same in a larger dataset.
    fn stream(&self, array: Array, row: usize) -> ChaCha8Rng {
        random::stream(self.seed, array.purpose(), row as u64)
    }

    fn row(&self, array: Array, row: usize) -> Vec<f32> {
        self.generate.row(&mut self.stream(array, row), self.dimension.size(), self.seed, array)
    }

    fn vectors(&self, array: Array, rows: usize) -> Result<Vectors, PointsError> {
        let mut vectors = Builder::new(rows, self.dimension.size())?;
        (0..rows).try_for_each(|i| vectors.push(&self.row(array, i)))?;
        Ok(vectors.finish())
    }

    fn bits(&self, array: Array, rows: usize) -> Result<Bits, PointsError> {
        let (dim, mean) = (self.dimension.size(), self.generate.mean());
        // Allocated once: a list that grows takes twice its memory for a moment.
        let mut words = Vec::with_capacity(rows.saturating_mul(dim.div_ceil(64)));
        for i in 0..rows {
            let row = Bits::pack(self.row(array, i).iter().map(|&x| x > mean), dim)?;
            words.extend_from_slice(row.words());
        }
        Bits::new(words, dim)
    }

    fn sets(&self, array: Array, rows: usize) -> Result<Sets, PointsError> {
        let zipf = Zipf::new(self.dimension.size(), self.seed);
        let (mut members, mut offsets) = (room_for_members(rows), room_for_offsets(rows));
        for i in 0..rows {
            members.extend(zipf.row(&mut self.stream(array, i)));
            offsets.push(members.len() as u64);
        }
        Sets::new(members, offsets, self.dimension.size())
    }

    /// Members as columns, with values above 0.1: half-normal, as learned weights of words are about.
    fn sparse_vectors(&self, array: Array, rows: usize) -> Result<SparseVectors, PointsError> {
        let zipf = Zipf::new(self.dimension.size(), self.seed);
        let (mut columns, mut values) = (room_for_members(rows), room_for_members(rows));
        let mut offsets = room_for_offsets(rows);
        for i in 0..rows {
            let mut rng = self.stream(array, i);
            let row = zipf.row(&mut rng);
            values.extend(row.iter().map(|_| (0.1 + random::normal(&mut rng).abs()) as f32));
            columns.extend(row);
            offsets.push(columns.len() as u64);
        }
        SparseVectors::new(columns, values, offsets, self.dimension.size())
    }
}

/// Room for the members of so many rows, which are rarely more: draws that are equal count once.
fn room_for_members<T>(rows: usize) -> Vec<T> {
    Vec::with_capacity(rows.saturating_mul(1 + MEMBERS[0]))
}

/// Room for the end of each row, after 0.
fn room_for_offsets(rows: usize) -> Vec<u64> {
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coordinates(points: &Points, row: usize) -> &[f32] {
        points.dense().expect("dense").row(row)
    }

    fn generated(generate: Distribution, n: u32, dimension: u32, distance: Distance) -> Generated {
        let count = |value| Count::new(value).expect("at least 1");
        Generated { generate, n: count(n), dimension: count(dimension), queries: count(20), distance, seed: 5 }
    }

    const ALL: [Distribution; 7] = [
        Distribution::Gaussian,
        Distribution::Uniform,
        Distribution::Sphere,
        Distribution::Clusters,
        Distribution::Lengths,
        Distribution::Shifted,
        Distribution::Zipf,
    ];

    #[test]
    fn a_smaller_dataset_is_the_beginning_of_a_larger_and_all_are_valid() {
        let mut drawn = 0;
        for kind in ALL {
            for distance in Distance::ALL {
                let of = |n| generated(kind, n, 70, distance);
                let Ok(expected) = of(50).kind() else { continue };
                drawn += 1;
                let (small, large) = (of(50).dataset().expect("points"), of(300).dataset().expect("points"));
                assert!(large.train.gather(&(0..50).collect::<Vec<_>>()) == small.train && small.test == large.test);
                small.check().expect("valid");
                large.check().expect("valid");
                assert_eq!((small.neighbors.count, large.neighbors.count), (50, 100));
                let header = of(300).header().expect("it fits");
                assert_eq!((header.kind, large.train.kind(), header.dim), (expected, expected, large.train.dim()));
                let held = (large.train.bytes() + large.test.bytes()) as u64;
                assert!(header.bytes_of_points() >= held && of(300).bytes() > held, "{kind:?} {distance}");
                assert_eq!(ground_truth::verify(&Base::new(large.train.clone(), distance), &large, 1), None);
            }
        }
        assert_eq!(drawn, 6 * 4 + 2);
        assert_ne!(
            generated(Distribution::Uniform, 5, 2, Distance::Angular).key(),
            generated(Distribution::Uniform, 6, 2, Distance::Angular).key()
        );
    }

    #[test]
    fn a_distance_that_does_not_fit_is_refused() {
        let message = |kind, distance| generated(kind, 5, 2, distance).dataset().expect_err("unfit").to_string();
        assert_eq!(
            message(Distribution::Zipf, Distance::Euclidean),
            "`generate: zipf` makes sets (distance `jaccard`) or sparse vectors (`ip`), which the distance `euclidean` does \
             not fit"
        );
        assert_eq!(
            message(Distribution::Sphere, Distance::Jaccard),
            "`generate: sphere` makes vectors (distance `euclidean`, `angular` or `ip`) or bits (`hamming`), which the \
             distance `jaccard` does not fit"
        );
    }

    const FIRST: [f32; 8] = [
        -2.109_765_8,
        -0.214_318_45,
        0.901_173_3,
        0.531_383_63,
        -0.994_879_96,
        -0.101_063_88,
        0.607_379_7,
        0.462_902_96,
    ];

    /// The first numbers of datasets that older versions have drawn.
    #[test]
    fn draws_stay_as_they_were() {
        let first = |kind| {
            coordinates(&generated(kind, 1, 2, Distance::Euclidean).dataset().expect("points").train, 0).to_vec()
        };
        let drawn =
            [Distribution::Gaussian, Distribution::Uniform, Distribution::Sphere, Distribution::Clusters].map(first);
        assert_eq!(drawn.concat(), FIRST);
    }

    #[test]
    fn lengths_differ_and_popular_members_are_in_many_sets() {
        let norms = |kind| {
            let train = generated(kind, 500, 50, Distance::InnerProduct).dataset().expect("points").train;
            let mut norms: Vec<f64> = (0..500).map(|i| train.row(i).norm()).collect();
            norms.sort_by(f64::total_cmp);
            norms[450] / norms[50]
        };
        assert!(norms(Distribution::Lengths) > 3.0 && norms(Distribution::Gaussian) < 1.5);
        let data = generated(Distribution::Zipf, 2000, 1000, Distance::Jaccard).dataset().expect("points");
        let Points::Sets(sets) = &data.train else { panic!("sets") };
        let with = |member: u32| (0..2000).filter(|&i| sets.row(i).contains(&member)).count();
        assert!(with(0) > 500 && with(0) > 5 * with(500), "{} {}", with(0), with(500));
        let mean = sets.members().len() as f64 / 2000.0;
        assert!((15.0..30.0).contains(&mean), "{mean}");
        // Queries of another distribution are farther from all base vectors.
        let nearest = |kind| {
            let data = generated(kind, 500, 20, Distance::Euclidean).dataset().expect("points");
            (0..20).map(|query| data.neighbors.distances(query)[0]).sum::<f64>()
        };
        assert!(nearest(Distribution::Shifted) > 1.1 * nearest(Distribution::Gaussian));
    }

    #[test]
    fn neighbours_are_those_of_brute_force() {
        let data = generated(Distribution::Gaussian, 200, 3, Distance::Euclidean).dataset().expect("finite");
        let distance = |q: usize, i: usize| {
            let pairs = coordinates(&data.test, q).iter().zip(coordinates(&data.train, i));
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
            let values: Vec<f64> =
                (0..5000).flat_map(|i| coordinates(&data.train, i).to_vec()).map(f64::from).collect();
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
        let norm = |i: usize| coordinates(&sphere.train, i).iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((0..5000).all(|i| (norm(i) - 1.0).abs() < 1e-5));
        // A cluster has about fifty vectors: the tenth nearest is in the query's own, the hundredth in another.
        let (_, _, clusters) = columns(Distribution::Clusters);
        let mean = |at: usize| (0..20).map(|q| clusters.neighbors.distances(q)[at]).sum::<f64>() / 20.0;
        assert!(mean(99) > 2.0 * mean(9), "{} {}", mean(9), mean(99));
    }
}
