//! Generated datasets: points of a known distribution with exact neighbours. They show the effects of size, dimension and
//! structure alone, since what is planted in them is known.
//!
//! To add a distribution: one file here with its parameters' type implementing [`Draw`], and one line in the registry below.

mod centres;
mod clusters;
mod draw;
mod duplicates;
mod gaussian;
mod graph;
mod groups;
mod hubs;
mod jaccard;
mod lengths;
mod manifold;
mod planted;
mod power_law;
mod shifted;
mod sphere;
mod subtopics;
#[cfg(test)]
mod tests;
mod uniform;
mod zipf;

pub use clusters::Clusters;
pub use draw::{Array, DrawSet, DrawVector, Row, Rows};
pub use duplicates::Duplicates;
pub use gaussian::Gaussian;
pub use graph::Graph;
pub use hubs::Hubs;
pub use jaccard::Jaccard;
pub use lengths::Lengths;
pub use manifold::Manifold;
pub use planted::{Planted, PlantedSizes};
pub use power_law::PowerLaw;
pub use shifted::Shifted;
pub use sphere::Sphere;
pub use subtopics::Subtopics;
pub use uniform::Uniform;
pub use zipf::Zipf;

use crate::dataset::Dataset;
use crate::format::{HasLabels, Header};
use crate::ground_truth;
use crate::texts::Labels;
use schemars::JsonSchema;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use swath_algorithms::params::Count;
use swath_algorithms::points::PointType;
use swath_algorithms::{Base, Distance, PointsError, Unfit, registry};

/// To be raised whenever the same parameters give other vectors, also where a default changes.
const VERSION: u32 = 1;
/// True neighbours of each query; fewer if there are fewer base vectors.
const NEIGHBORS: usize = 100;

registry! {
    /// The distribution that points are drawn from: its name alone, or with its parameters as in `{ manifold: { intrinsic: 8 } }`.
    ///
    /// With the distance `hamming` each coordinate of a vector becomes a bit: whether it is above the mean of its distribution.
    Distribution: Draw {
        "gaussian" => Gaussian,
        "uniform" => Uniform,
        "sphere" => Sphere,
        "clusters" => Clusters,
        "lengths" => Lengths,
        "shifted" => Shifted,
        "zipf" => Zipf,
        "duplicates" => Duplicates,
        "power-law" => PowerLaw,
        "manifold" => Manifold,
        "hubs" => Hubs,
        "subtopics" => Subtopics,
        "graph" => Graph,
        "jaccard" => Jaccard,
    }
}

/// A distribution that points are drawn from. Implemented by the type of its parameters, whose `Debug` form identifies them.
pub trait Draw: fmt::Debug + Send + Sync {
    /// The points that it draws.
    fn makes(&self) -> Makes {
        Makes::Vectors
    }

    /// Checks what a type cannot: whether the parameters go together, and fit the size.
    ///
    /// # Errors
    /// The first problem.
    fn check(&self, _: &Size) -> Result<(), Unfit> {
        Ok(())
    }

    /// Draws what all rows share, and returns how a row is drawn. A row depends on its number and not on how many there are:
    /// a smaller dataset is the beginning of a larger one.
    fn rows(&self, size: Size) -> Rows<'_>;

    /// Bytes of what all rows share.
    fn shared_bytes(&self, _: &Size) -> u64 {
        0
    }

    /// The mean of a coordinate: a bit says whether a coordinate is above it.
    fn mean(&self) -> f64 {
        0.0
    }

    /// The mean and the largest number of members of a set, or of values of a sparse vector; 0 for vectors.
    fn members(&self, _: &Size) -> [usize; 2] {
        [0; 2]
    }

    /// Sizes of what is planted, as [`Draw::planted`] will draw it.
    fn planted_sizes(&self, _: &Size) -> PlantedSizes {
        PlantedSizes::default()
    }

    /// What is known of the points beside them: links, subtopics, names.
    fn planted(&self, _: &Size) -> Planted {
        Planted::default()
    }
}

/// The points that a distribution draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// Vectors, or bits.
    Vectors,
    /// Sets.
    Sets,
    /// Sets, or sparse vectors with their members as columns.
    SetsOrSparse,
}

impl Makes {
    /// The points in words.
    fn described(self) -> &'static str {
        match self {
            Self::Vectors => "vectors (distance `euclidean`, `angular` or `ip`) or bits (`hamming`)",
            Self::Sets => "sets (distance `jaccard`)",
            Self::SetsOrSparse => "sets (distance `jaccard`) or sparse vectors (`ip`)",
        }
    }

    /// The type of the points for this distance, if one fits.
    fn kind(self, distance: Distance) -> Option<PointType> {
        match (self, distance) {
            (Self::Sets | Self::SetsOrSparse, Distance::Jaccard) => Some(PointType::Sets),
            (Self::SetsOrSparse, Distance::InnerProduct) => Some(PointType::Sparse),
            (Self::Sets | Self::SetsOrSparse, _) | (_, Distance::Jaccard) => None,
            (Self::Vectors, Distance::Hamming) => Some(PointType::Bits),
            (Self::Vectors, Distance::Euclidean | Distance::Angular | Distance::InnerProduct) => Some(PointType::Dense),
        }
    }
}

/// The size of a dataset to be drawn, and its seed.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Base points, n.
    pub n: usize,
    /// Queries, m.
    pub queries: usize,
    /// Dimension, d.
    pub dim: usize,
    /// Names all its random streams.
    pub seed: u64,
}

/// Why a dataset cannot be drawn.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GenerateError {
    /// Points of the distribution do not have the distance.
    #[error("`generate: {name}` makes {}, which the distance `{distance}` does not fit", makes.described())]
    Distance {
        /// The distribution's name.
        name: &'static str,
        /// What it makes.
        makes: Makes,
        /// The distance.
        distance: Distance,
    },
    /// The parameters do not go together, or not with the size.
    #[error("`generate: {name}`: {}", unfit.message)]
    Parameters {
        /// The distribution's name.
        name: &'static str,
        /// What is wrong.
        unfit: Unfit,
    },
    /// The numbers drawn are no points.
    #[error(transparent)]
    Points(#[from] PointsError),
}

impl GenerateError {
    /// What would do instead.
    pub fn help(&self) -> String {
        match self {
            Self::Distance { makes, .. } => {
                let fits = |distance: &Distance| makes.kind(*distance).is_some();
                let fitting: Vec<String> =
                    Distance::ALL.into_iter().filter(fits).map(|distance| format!("`{distance}`")).collect();
                format!("with this distribution use the distance {}", fitting.join(", "))
            }
            Self::Parameters { unfit, .. } => unfit.help.clone(),
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
    #[serde(serialize_with = "write_distribution", deserialize_with = "read_distribution")]
    pub generate: Distribution,
    /// Base vectors.
    pub n: Count,
    /// Coordinates of each vector, or bits; or the number below which the members of sets are.
    pub dimension: Count,
    /// Queries, drawn as base vectors are unless the distribution says otherwise.
    #[serde(default = "thousand")]
    pub queries: Count,
    /// The distance between vectors.
    #[serde(default = "euclidean")]
    pub distance: Distance,
    /// Seed of the vectors; the experiment's own seed does not affect them.
    #[serde(default)]
    pub seed: u64,
}

/// A default of a parameter: a literal that must be in range. Tests make every default.
macro_rules! constant {
    ($kind:ident, $value:expr) => {
        match swath_algorithms::params::$kind::new($value) {
            Ok(value) => value,
            Err(_) => unreachable!("a default outside its own range"),
        }
    };
}
pub(crate) use constant;

fn thousand() -> Count {
    constant!(Count, 1000)
}

fn euclidean() -> Distance {
    Distance::Euclidean
}

/// Writes a distribution without parameters as its name, as YAML does.
fn write_distribution<S: Serializer>(distribution: &Distribution, serializer: S) -> Result<S::Ok, S::Error> {
    let value = serde_json::to_value(distribution).map_err(serde::ser::Error::custom)?;
    let parameters = &value[distribution.name()];
    if parameters.as_object().is_some_and(serde_json::Map::is_empty) {
        return serializer.serialize_str(distribution.name());
    }
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(distribution.name(), parameters)?;
    map.end()
}

/// Reads a distribution from its name, or from a mapping of its name to its parameters, in YAML and JSON alike.
fn read_distribution<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Distribution, D::Error> {
    struct Read;

    /// A name of a distribution.
    struct Known(&'static str);

    impl<'de> Deserialize<'de> for Known {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let name = String::deserialize(deserializer)?;
            let known = Distribution::NAMES.iter().find(|known| **known == name);
            known.copied().map(Self).ok_or_else(|| D::Error::unknown_variant(&name, Distribution::NAMES))
        }
    }

    impl<'de> DeserializeSeed<'de> for Known {
        type Value = Distribution;

        fn deserialize<D: Deserializer<'de>>(self, parameters: D) -> Result<Distribution, D::Error> {
            Distribution::read(self.0, parameters)
        }
    }

    impl<'de> Visitor<'de> for Read {
        type Value = Distribution;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a distribution's name, or one name with its parameters")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Distribution, E> {
            let none = std::iter::empty::<(&str, u64)>();
            Distribution::read(name, MapDeserializer::new(none))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distribution, A::Error> {
            let one = || {
                A::Error::custom(
                    "one distribution must be named; write its name, or its name with its parameters below it",
                )
            };
            let name = map.next_key::<Known>()?.ok_or_else(one)?;
            let distribution = map.next_value_seed(name)?;
            if map.next_key::<IgnoredAny>()?.is_some() { Err(one()) } else { Ok(distribution) }
        }
    }

    deserializer.deserialize_any(Read)
}

impl Generated {
    /// Its name in reports.
    pub fn name(&self) -> String {
        format!("{}-{}x{}", self.generate.name(), self.n.get(), self.dimension.get())
    }

    /// A text that identifies its content: equal for equal datasets.
    pub fn key(&self) -> String {
        let Self { generate, n, dimension, queries, distance, seed } = self;
        let parameters: &dyn Draw = &**generate;
        format!(
            "swath generated {VERSION} Generated {{ generate: {parameters:?}, n: {n:?}, dimension: {dimension:?}, \
             queries: {queries:?}, distance: {distance:?}, seed: {seed:?} }}"
        )
    }

    /// Its size and seed.
    fn size(&self) -> Size {
        Size { n: self.n.size(), queries: self.queries.size(), dim: self.dimension.size(), seed: self.seed }
    }

    /// The type of its points.
    ///
    /// # Errors
    /// [`GenerateError::Distance`].
    pub fn kind(&self) -> Result<PointType, GenerateError> {
        let (name, makes, distance) = (self.generate.name(), self.generate.makes(), self.distance);
        makes.kind(distance).ok_or(GenerateError::Distance { name, makes, distance })
    }

    /// Checks that it can be drawn.
    ///
    /// # Errors
    /// [`GenerateError::Distance`], [`GenerateError::Parameters`].
    fn check(&self) -> Result<PointType, GenerateError> {
        let kind = self.kind()?;
        let checked = self.generate.check(&self.size());
        checked.map_err(|unfit| GenerateError::Parameters { name: self.generate.name(), unfit })?;
        Ok(kind)
    }

    /// What its header would say before it is drawn; members are about as many.
    ///
    /// # Errors
    /// [`GenerateError::Distance`], [`GenerateError::Parameters`].
    pub fn header(&self) -> Result<Header, GenerateError> {
        let (kind, size) = (self.check()?, self.size());
        let (train, test, dim) = (size.n, size.queries, size.dim);
        let mean = self.generate.members(&size)[0].min(dim);
        let PlantedSizes { links, relations, subtopics, aspects, groups } = self.generate.planted_sizes(&size);
        Ok(Header {
            distance: self.distance,
            kind,
            train,
            test,
            dim,
            members: [train, test].map(|rows| rows.saturating_mul(mean)),
            neighbors: self.neighbors(),
            links,
            relations,
            subtopics,
            qrels: None,
            aspects: aspects.filter(|_| kind == PointType::Dense),
            groups,
            labels: HasLabels::default(),
            is_normalized: false,
            notes: Vec::new(),
        })
    }

    /// At most this many bytes are needed to draw it: points, what a search keeps for each, neighbours, and what is planted.
    pub fn bytes(&self) -> u64 {
        let (n, m, dim) = (u64::from(self.n.get()), u64::from(self.queries.get()), u64::from(self.dimension.get()));
        let size = self.size();
        let members = (self.generate.members(&size)[1] as u64).min(dim);
        let point = match self.kind() {
            Ok(PointType::Bits) => dim.div_ceil(64) * 8,
            Ok(PointType::Sets) => members * 4,
            // The search has a copy, by columns.
            Ok(PointType::Sparse) => members * 20,
            Ok(PointType::Dense) | Err(_) => dim.div_ceil(16) * 64,
        };
        // What does not fit is refused, and plants nothing.
        let planted = self.check().map_or(0, |_| self.generate.planted_sizes(&size).bytes(&size));
        n.saturating_add(m)
            .saturating_mul(point + 16)
            .saturating_add(m.saturating_mul(NEIGHBORS as u64 * 64))
            .saturating_add(planted)
            .saturating_add(self.generate.shared_bytes(&size))
    }

    /// Number of true neighbours of each query.
    pub fn neighbors(&self) -> usize {
        NEIGHBORS.min(self.n.size())
    }

    /// Draws the points and finds the true neighbours.
    ///
    /// # Errors
    /// [`GenerateError::Distance`], [`GenerateError::Parameters`]; [`GenerateError::Points`], which what is drawn does not cause.
    pub fn dataset(&self) -> Result<Dataset, GenerateError> {
        let (kind, size) = (self.check()?, self.size());
        let rows = self.generate.rows(size);
        let points = |array, count| draw::points(&rows, kind, &size, self.generate.mean(), (array, count));
        let (train, test) = (points(Array::Train, size.n)?, points(Array::Test, size.queries)?);
        let base = Base::new(train.clone(), self.distance);
        let neighbors = ground_truth::compute(&base, &test, NEIGHBORS);
        let Planted { links, subtopics, aspects, test_names, groups } = self.generate.planted(&size);
        let test_labels = test_names.map_or_else(Labels::default, Labels::of_names);
        Ok(Dataset {
            links,
            subtopics,
            aspects: aspects.filter(|_| kind == PointType::Dense),
            groups,
            test_labels,
            ..Dataset::of_points(train, test, self.distance, neighbors)
        })
    }
}
