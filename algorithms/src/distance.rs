//! Distances: how far apart two points are.

use crate::points::{Measure, Point, PointType};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// How far apart two points are, as ann-benchmarks and VIBE define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// The L2 norm of the difference (not squared), in `[0, inf)`.
    Euclidean,
    /// One minus the cosine, in `[0, 2]`; defined as 1 where a vector is all zeros.
    Angular,
    /// The inner product, negative: no metric, and of any sign.
    #[serde(rename = "ip")]
    InnerProduct,
    /// The share of bits that differ, in `[0, 1]`.
    Hamming,
    /// One minus the Jaccard similarity, in `[0, 1]`: common members over all members. 1 from a query to a base set if one of
    /// the two is empty.
    Jaccard,
}

impl Distance {
    /// All distances, for messages that list what is allowed.
    pub const ALL: [Self; 5] = [Self::Euclidean, Self::Angular, Self::InnerProduct, Self::Hamming, Self::Jaccard];

    /// What other projects call them.
    pub const OTHER_NAMES: [(&str, Self); 6] = [
        ("cosine", Self::Angular),
        ("l2", Self::Euclidean),
        ("dot", Self::InnerProduct),
        ("inner", Self::InnerProduct),
        ("inner_product", Self::InnerProduct),
        ("mips", Self::InnerProduct),
    ];

    /// Those of dense vectors.
    pub const DENSE: [Self; 3] = [Self::Euclidean, Self::Angular, Self::InnerProduct];

    /// The name in files and in the columns of tables: ann-benchmarks' own, and VIBE's `ip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Angular => "angular",
            Self::InnerProduct => "ip",
            Self::Hamming => "hamming",
            Self::Jaccard => "jaccard",
        }
    }

    /// The distance with that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// The distance that other projects call so, in upper or lower case; its own name, too.
    pub fn from_any_name(name: &str) -> Option<Self> {
        let low = name.to_ascii_lowercase();
        let other = || Self::OTHER_NAMES.iter().find(|(other, _)| *other == low).map(|&(_, distance)| distance);
        Self::from_name(&low).or_else(other)
    }

    /// Whether points of that type have it.
    pub fn fits(self, kind: PointType) -> bool {
        match self {
            Self::Euclidean | Self::Angular => kind == PointType::Dense,
            Self::InnerProduct => matches!(kind, PointType::Dense | PointType::Sparse),
            Self::Hamming => kind == PointType::Bits,
            Self::Jaccard => kind == PointType::Sets,
        }
    }

    /// What a query and a base point are compared by: their distance and their relevance are computed from it.
    pub fn measure(self) -> Measure {
        match self {
            Self::Euclidean => Measure::SquaredDistance,
            Self::Angular => Measure::Cosine,
            Self::InnerProduct => Measure::Product,
            Self::Hamming => Measure::DifferingShare,
            Self::Jaccard => Measure::JaccardToQuery,
        }
    }

    /// The distance for that [`Distance::measure`].
    #[inline]
    pub fn of_measure(self, measure: f64) -> f64 {
        match self {
            Self::Euclidean => measure.sqrt(),
            Self::Angular | Self::Jaccard => 1.0 - measure,
            Self::InnerProduct => -measure,
            Self::Hamming => measure,
        }
    }

    /// The distance from a query to a base point, from scratch.
    ///
    /// # Panics
    /// If points of their type do not have it, see [`Distance::fits`].
    pub fn between(self, query: Point<'_>, base: Point<'_>) -> f64 {
        self.of_measure(self.measure().between(query, query.norm(), base, base.norm()))
    }

    /// The distance of two base points: by angle where queries ask for the inner product, which is no distance between
    /// points; the same otherwise.
    #[must_use]
    pub fn of_items(self) -> Self {
        if self == Self::InnerProduct { Self::Angular } else { self }
    }

    /// What two base points are compared by.
    pub fn item_measure(self) -> Measure {
        match self.of_items().measure() {
            Measure::JaccardToQuery => Measure::Jaccard,
            measure => measure,
        }
    }
}

/// By any name.
impl<'de> Deserialize<'de> for Distance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The names of [`Distance::ALL`].
        const NAMES: [&str; 5] = ["euclidean", "angular", "ip", "hamming", "jaccard"];
        let name = String::deserialize(deserializer)?;
        Self::from_any_name(&name).ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

impl std::fmt::Display for Distance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
