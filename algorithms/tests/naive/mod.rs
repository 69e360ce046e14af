//! Points of every type, and what methods.md defines on them, written naively: bits counted one by one, sets as sets, plain
//! sums. Nothing here calls the crate's measures or kernels.
#![allow(dead_code, reason = "each test has its own copy of this module, and few need all of it")]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::{FRAC_PI_2, PI};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::points::{Bits, PointType, Sets, SparseVectors};
use swath_algorithms::{Base, Distance, Points, Vectors};

/// Points of one type with one of their distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Space {
    pub distance: Distance,
    pub points: PointType,
}

/// All that there are.
pub const SPACES: [Space; 6] = [
    Space { distance: Distance::Euclidean, points: PointType::Dense },
    Space { distance: Distance::Angular, points: PointType::Dense },
    Space { distance: Distance::InnerProduct, points: PointType::Dense },
    Space { distance: Distance::Hamming, points: PointType::Bits },
    Space { distance: Distance::Jaccard, points: PointType::Sets },
    Space { distance: Distance::InnerProduct, points: PointType::Sparse },
];

/// Those whose points have values, so a unit.
pub const WITH_UNITS: [Space; 4] = [SPACES[0], SPACES[1], SPACES[2], SPACES[5]];

impl std::fmt::Display for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.distance, self.points)
    }
}

/// One point.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    Dense(Vec<f32>),
    Bits(Vec<bool>),
    Set(BTreeSet<u32>),
    Sparse(BTreeMap<u32, f32>),
}

/// Some points and a query.
#[derive(Clone, Debug)]
pub struct Cloud {
    pub space: Space,
    pub dim: usize,
    pub rows: Vec<Row>,
    pub query: Row,
}

impl Cloud {
    pub fn base(&self) -> Base {
        Base::new(points(&self.rows, self.space.points, self.dim), self.space.distance)
    }

    pub fn query(&self) -> Points {
        points(std::slice::from_ref(&self.query), self.space.points, self.dim)
    }

    /// The same with row `i` as row `new[i]`.
    pub fn numbered(&self, new: &[u32]) -> Self {
        let mut numbered = self.clone();
        for (row, &to) in self.rows.iter().zip(new) {
            numbered.rows[to as usize] = row.clone();
        }
        numbered
    }

    /// Whether neither the distances of rows to the query nor those from one row to the others have ties.
    pub fn is_free_of_ties(&self) -> bool {
        let differ = |mut distances: Vec<f64>| {
            distances.sort_by(f64::total_cmp);
            distances.windows(2).all(|w| w[0] < w[1])
        };
        let distance = self.space.distance;
        let to_query = self.rows.iter().map(|row| to_query(distance, &self.query, row)).collect();
        let from = |i: usize| {
            let others = (0..self.rows.len()).filter(|&j| j != i);
            others.map(|j| between(distance, &self.rows[i], &self.rows[j])).collect()
        };
        differ(to_query) && (0..self.rows.len()).all(|i| differ(from(i)))
    }
}

/// The crate's form of these rows.
pub fn points(rows: &[Row], kind: PointType, dim: usize) -> Points {
    match kind {
        PointType::Dense => {
            let values: Vec<f32> = rows.iter().flat_map(|row| row.values().to_vec()).collect();
            Vectors::new(&values, dim).expect("finite").into()
        }
        PointType::Bits => {
            let bits: Vec<bool> = rows.iter().flat_map(|row| row.bits().to_vec()).collect();
            Bits::pack(bits.into_iter(), dim).expect("whole rows").into()
        }
        PointType::Sets => {
            let rows: Vec<Vec<u32>> = rows.iter().map(|row| row.members().iter().copied().collect()).collect();
            Sets::from_rows(&rows, dim).expect("members below the dimension").into()
        }
        PointType::Sparse => {
            let (mut columns, mut values, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
            for row in rows {
                columns.extend(row.columns().keys().copied());
                values.extend(row.columns().values().copied());
                offsets.push(columns.len() as u64);
            }
            SparseVectors::new(columns, values, offsets, dim).expect("columns below the dimension").into()
        }
    }
}

impl Row {
    pub fn values(&self) -> &[f32] {
        if let Self::Dense(values) = self { values } else { panic!("{self:?} is no dense vector") }
    }

    /// The value in a column of a vector.
    pub fn value(&self, column: u32) -> f32 {
        match self {
            Self::Dense(values) => values[column as usize],
            other => other.columns().get(&column).copied().unwrap_or(0.0),
        }
    }

    fn bits(&self) -> &[bool] {
        if let Self::Bits(bits) = self { bits } else { panic!("{self:?} are no bits") }
    }

    fn members(&self) -> &BTreeSet<u32> {
        if let Self::Set(members) = self { members } else { panic!("{self:?} is no set") }
    }

    fn columns(&self) -> &BTreeMap<u32, f32> {
        if let Self::Sparse(columns) = self { columns } else { panic!("{self:?} is no sparse vector") }
    }

    /// Whether it is a vector without a direction.
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Dense(_) | Self::Sparse(_)) && norm(self) == 0.0
    }

    /// Each value times this.
    #[must_use]
    pub fn times(&self, factor: f32) -> Self {
        match self {
            Self::Dense(values) => Self::Dense(values.iter().map(|value| value * factor).collect()),
            Self::Sparse(columns) => {
                Self::Sparse(columns.iter().map(|(&column, value)| (column, value * factor)).collect())
            }
            other => panic!("{other:?} has no unit"),
        }
    }
}

/// Column by column, in ascending order.
pub fn dot(a: &Row, b: &Row) -> f64 {
    match (a, b) {
        (Row::Dense(a), Row::Dense(b)) => a.iter().zip(b).fold(0.0, |sum, (&a, &b)| sum + f64::from(a) * f64::from(b)),
        (Row::Sparse(a), Row::Sparse(b)) => {
            let common = a.iter().filter_map(|(column, &value)| Some((value, *b.get(column)?)));
            common.fold(0.0, |sum, (a, b)| sum + f64::from(a) * f64::from(b))
        }
        _ => panic!("{a:?} and {b:?} have no product"),
    }
}

pub fn norm(row: &Row) -> f64 {
    dot(row, row).sqrt()
}

/// 0 with a vector of zeros.
pub fn cosine(a: &Row, b: &Row) -> f64 {
    let scale = norm(a) * norm(b);
    if scale > 0.0 { (dot(a, b) / scale).clamp(-1.0, 1.0) } else { 0.0 }
}

/// The angle of two vectors over pi, as accurate near 0 as elsewhere: that of the sum and the difference of their directions.
pub fn angle(a: &Row, b: &Row) -> f64 {
    if a.is_zero() || b.is_zero() {
        return 0.5;
    }
    let (u, v) = (direction(a), direction(b));
    let length = |sign: f64| {
        let columns: BTreeSet<&u32> = u.keys().chain(v.keys()).collect();
        let at = |row: &BTreeMap<u32, f64>, column| row.get(column).copied().unwrap_or(0.0);
        columns.into_iter().map(|column| (at(&u, column) + sign * at(&v, column)).powi(2)).sum::<f64>().sqrt()
    };
    2.0 * length(-1.0).atan2(length(1.0)) / PI
}

fn direction(row: &Row) -> BTreeMap<u32, f64> {
    let length = norm(row);
    match row {
        Row::Dense(values) => (0..).zip(values).map(|(column, &value)| (column, f64::from(value) / length)).collect(),
        _ => row.columns().iter().map(|(&column, &value)| (column, f64::from(value) / length)).collect(),
    }
}

/// The share of bits that differ.
pub fn share(a: &Row, b: &Row) -> f64 {
    squared(a, b) / a.bits().len() as f64
}

/// The squared L2 distance; of bits that of their values 0 and 1.
pub fn squared(a: &Row, b: &Row) -> f64 {
    match (a, b) {
        (Row::Dense(a), Row::Dense(b)) => {
            a.iter().zip(b).fold(0.0, |sum, (&a, &b)| sum + (f64::from(a) - f64::from(b)).powi(2))
        }
        (Row::Bits(a), Row::Bits(b)) => a.iter().zip(b).filter(|(a, b)| a != b).count() as f64,
        _ => panic!("{a:?} and {b:?} have no squared distance"),
    }
}

/// Common members over all members; `empty` if there are none at all.
pub fn jaccard(a: &Row, b: &Row, empty: f64) -> f64 {
    let (common, all) = (a.members().intersection(b.members()).count(), a.members().union(b.members()).count());
    if all == 0 { empty } else { common as f64 / all as f64 }
}

/// The dataset's distance of a query and a row.
pub fn to_query(distance: Distance, query: &Row, row: &Row) -> f64 {
    match distance {
        Distance::Euclidean => squared(query, row).sqrt(),
        Distance::Angular => 1.0 - cosine(query, row),
        Distance::InnerProduct => -dot(query, row),
        Distance::Hamming => share(query, row),
        Distance::Jaccard => 1.0 - jaccard(query, row, 0.0),
    }
}

/// The distance of two rows: an angle over pi for angular and ip.
pub fn between(distance: Distance, a: &Row, b: &Row) -> f64 {
    match distance {
        Distance::Angular | Distance::InnerProduct => angle(a, b),
        Distance::Jaccard => 1.0 - jaccard(a, b, 1.0),
        Distance::Euclidean | Distance::Hamming => to_query(distance, a, b),
    }
}

/// The kernel of two rows.
pub fn similarity(kernel: Kernel, a: &Row, b: &Row, sigma: f64) -> f64 {
    match kernel {
        Kernel::Cosine => cosine(a, b).max(0.0),
        Kernel::Gram => cosine(a, b),
        Kernel::Rbf => bell(squared(a, b), sigma),
        Kernel::Geodesic => 1.0 - angle(a, b),
        Kernel::FisherRao => {
            let (p, q) = (distribution(a), distribution(b));
            let affinity: f64 = p.iter().zip(&q).map(|(p, q)| (p * q).sqrt()).sum();
            1.0 - affinity.min(1.0).acos() / FRAC_PI_2
        }
        Kernel::Match => 1.0 - share(a, b),
        Kernel::Jaccard => jaccard(a, b, 1.0),
    }
}

/// The kernel of a query and a row: an empty set is like none.
pub fn similarity_to_query(kernel: Kernel, query: &Row, row: &Row, sigma: f64) -> f64 {
    if kernel == Kernel::Jaccard { jaccard(query, row, 0.0) } else { similarity(kernel, query, row, sigma) }
}

fn bell(squared: f64, sigma: f64) -> f64 {
    if sigma > 0.0 { (-squared / (2.0 * sigma * sigma)).exp() } else { f64::from(u8::from(squared == 0.0)) }
}

fn distribution(row: &Row) -> Vec<f64> {
    let values: Vec<f64> = row.values().iter().map(|&value| f64::from(value)).collect();
    let sum: f64 = values.iter().sum();
    if values.iter().all(|&value| value >= 0.0) && (sum - 1.0).abs() <= 1e-3 {
        return values.iter().map(|value| value / sum).collect();
    }
    let powers: Vec<f64> = values.iter().map(|value| value.exp()).collect();
    powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect()
}

/// The relevance of a row at `distance` from the query.
pub fn relevance(kind: Distance, distance: f64, sigma: f64) -> f64 {
    match kind {
        Distance::Euclidean => bell(distance * distance, sigma),
        Distance::InnerProduct => -distance,
        Distance::Angular | Distance::Hamming | Distance::Jaccard => 1.0 - distance,
    }
}

/// The middle of the values, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

/// `count` rows and a query of one of `spaces`, of few distinct values, so that duplicates, zero vectors, empty sets and exact
/// ties abound, or of any values.
pub fn small_clouds(count: std::ops::RangeInclusive<usize>, spaces: &[Space]) -> impl Strategy<Value = Cloud> + use<> {
    let few = prop::sample::select(vec![-1.0_f32, 0.0, 0.0, 0.5, 1.0]).boxed();
    let other = (-2.0_f32..2.0).boxed();
    (prop::sample::select(spaces.to_vec()), count, 1_usize..6, prop::sample::select(vec![few, other]), any_bits())
        .prop_flat_map(|(space, count, dim, value, bits)| {
            let dim = if space.points == PointType::Bits { bits } else { dim };
            let row = match space.points {
                PointType::Dense => prop::collection::vec(value, dim).prop_map(Row::Dense).boxed(),
                PointType::Bits => prop::collection::vec(any::<bool>(), dim).prop_map(Row::Bits).boxed(),
                PointType::Sets => prop::collection::btree_set(0..dim as u32, 0..=dim).prop_map(Row::Set).boxed(),
                PointType::Sparse => {
                    prop::collection::btree_map(0..dim as u32, value, 0..=dim).prop_map(Row::Sparse).boxed()
                }
            };
            (prop::collection::vec(row.clone(), count), row).prop_map(move |(rows, query)| Cloud {
                space,
                dim,
                rows,
                query,
            })
        })
}

/// A few bits, or more than a word.
fn any_bits() -> impl Strategy<Value = usize> {
    prop_oneof![1_usize..6, 60_usize..70]
}

/// `count` irregular rows and a query, from a seed, hardly ever with a tie. Bits and sets have thousands of bits, and hundreds
/// of members, each row another share.
pub fn irregular_cloud(space: Space, dim: usize, count: usize, seed: u64) -> Cloud {
    let mut rng = swath_algorithms::random::stream(seed, "naive points", 0);
    let mut uniform = || swath_algorithms::random::uniform(&mut rng);
    let dim = match space.points {
        PointType::Dense => dim,
        PointType::Bits => 12_000,
        PointType::Sets => 400,
        PointType::Sparse => 4 * dim,
    };
    let mut row = || {
        let share = 0.1 + 0.8 * uniform();
        let columns = 0..dim as u32;
        match space.points {
            PointType::Dense => Row::Dense(columns.map(|_| 4.0 * uniform() as f32 - 2.0).collect()),
            PointType::Bits => Row::Bits(columns.map(|_| uniform() < share).collect()),
            PointType::Sets => Row::Set(columns.filter(|_| uniform() < share).collect()),
            PointType::Sparse => {
                let values = columns.map(|column| (column, 4.0 * uniform() as f32 - 2.0, uniform()));
                Row::Sparse(values.filter(|&(.., draw)| draw < 0.5).map(|(column, value, _)| (column, value)).collect())
            }
        }
    };
    Cloud { space, dim, rows: (0..count).map(|_| row()).collect(), query: row() }
}
