//! The points that are searched, and a query against them.

use crate::distance::Distance;
use crate::points::{Line, Measure, Point, Points, PointsError, Shared, Space, SparseRow, Vectors};
use std::f64::consts::PI;

/// Cosines of a larger magnitude are too near to 1 for the arc cosine to give an accurate angle.
const NEAR_ONE: f64 = 1.0 - 1e-4;

/// Angles, in radians, below which two directions are one: what rounding makes of an angle of 0.
const SAME_DIRECTION: f64 = 1e-15;

/// Base points with their distance and their norms.
#[derive(Clone, Debug)]
pub struct Base {
    points: Points,
    distance: Distance,
    measure: Measure,
    norms: Shared<f64>,
    copies: Space,
}

/// A query with its norm.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// A point of the base's type and dimension.
    pub point: Point<'a>,
    /// Its L2 norm; 0 of bits and sets.
    pub norm: f64,
    /// Its row among the points that it was taken from. Lists from a file are found by it.
    pub row: usize,
}

/// Sums over two unit vectors u and v: `|u - v|^2`, `|u + v|^2` and `(u - v) . (u + v)`.
#[derive(Clone, Copy, Default)]
struct GapsAndSums {
    gaps: f64,
    sums: f64,
    both: f64,
}

impl<'a> Query<'a> {
    /// Row `i` of `queries`.
    pub fn row(queries: &'a Points, i: usize) -> Self {
        let point = queries.row(i);
        Self { point, norm: point.norm(), row: i }
    }

    /// Row `i` of dense queries.
    pub fn vector(queries: &'a Vectors, i: usize) -> Self {
        let point = Point::Dense(queries.lines(i));
        Self { point, norm: point.norm(), row: i }
    }

    /// The lines of a dense query.
    ///
    /// # Panics
    /// If it is none, see [`Point::lines`].
    #[inline]
    pub fn lines(self) -> &'a [Line] {
        self.point.lines()
    }

    /// The angle to another vector of the same dimension, in radians, in `[0, pi]`; `cosine` is their
    /// [`cosine`](crate::points::dense::cosine). Exactly 0 for equal directions and pi for opposite ones, symmetric to the last
    /// bit, and near both as accurate as elsewhere: the arc cosine of a rounded cosine would put a vector 1.5e-8 away from
    /// itself. A vector of zeros is at pi / 2.
    ///
    /// Source: Kahan 2006, `2 atan(|u - v| / |u + v|)` for unit vectors u and v. The part that their rounded norms add
    /// to the difference lies along the sum, and is subtracted.
    ///
    /// # Panics
    /// If one of them is no vector: a bug of the caller.
    pub fn angle(self, other: Query<'_>, cosine: f64) -> f64 {
        if cosine.abs() <= NEAR_ONE {
            return cosine.acos();
        }
        let mut total = GapsAndSums::default();
        let mut add = |a: f32, b: f32| {
            let (u, v) = (f64::from(a) / self.norm, cosine.signum() * f64::from(b) / other.norm);
            total.gaps += (u - v) * (u - v);
            total.sums += (u + v) * (u + v);
            total.both += (u - v) * (u + v);
        };
        match (self.point, other.point) {
            (Point::Sparse(own), Point::Sparse(others)) => for_each_column(own, others, add),
            (own, others) => {
                let (own, others): (&[f32], &[f32]) =
                    (bytemuck::cast_slice(own.lines()), bytemuck::cast_slice(others.lines()));
                own.iter().zip(others).for_each(|(&a, &b)| add(a, b));
            }
        }
        let GapsAndSums { gaps, sums, both } = total;
        let across = (gaps - both * both / sums).max(0.0);
        let angle = 2.0 * (across / sums).sqrt().atan();
        let angle = if angle < SAME_DIRECTION { 0.0 } else { angle };
        if cosine > 0.0 { angle } else { PI - angle }
    }
}

/// Calls `add` with the values of both rows at each column that one of them has.
fn for_each_column(a: SparseRow<'_>, b: SparseRow<'_>, mut add: impl FnMut(f32, f32)) {
    let (mut i, mut j) = (0, 0);
    loop {
        match (a.columns.get(i), b.columns.get(j)) {
            (None, None) => return,
            (Some(x), Some(y)) if x == y => {
                add(a.values[i], b.values[j]);
                (i, j) = (i + 1, j + 1);
            }
            (Some(x), other) if other.is_none_or(|y| x < y) => {
                add(a.values[i], 0.0);
                i += 1;
            }
            _ => {
                add(0.0, b.values[j]);
                j += 1;
            }
        }
    }
}

impl Base {
    /// Takes the points.
    ///
    /// # Panics
    /// If points of this type do not have that distance, see [`Distance::fits`].
    pub fn new(points: impl Into<Points>, distance: Distance) -> Self {
        let points = points.into();
        assert!(distance.fits(points.kind()), "{} have no {distance} distance", points.kind());
        Self { norms: points.norms(), points, distance, measure: distance.measure(), copies: Space::Heap }
    }

    /// Copies the values of dense vectors, row-major `n x dim`.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub fn from_values(values: &[f32], dim: usize, distance: Distance) -> Result<Self, PointsError> {
        Ok(Self::new(Vectors::new(values, dim)?, distance))
    }

    /// The same points, of which each is a query to the others, see [`Distance::of_items`].
    #[must_use]
    pub fn of_items(&self) -> Self {
        Self { distance: self.distance.of_items(), measure: self.distance.item_measure(), ..self.clone() }
    }

    /// The same points; an index that holds a copy of all of them puts it into this space. Outside the heap, the points are
    /// thought to be larger than memory.
    #[must_use]
    pub fn with_copies_in(self, copies: Space) -> Self {
        Self { copies, ..self }
    }

    /// Where an index puts a copy of all points.
    pub fn copies(&self) -> &Space {
        &self.copies
    }

    /// Whether a copy of all points would be outside the heap.
    pub fn copies_are_outside(&self) -> bool {
        matches!(self.copies, Space::Outside(_))
    }

    /// The points at `ids`, in that order, with this distance. They are put where [copies](Base::with_copies_in) are; on the heap
    /// if there is no room.
    ///
    /// # Panics
    /// If an id is not below the number of points.
    #[must_use]
    pub fn copy_of(&self, ids: &[usize]) -> Self {
        let elsewhere = match &self.copies {
            Space::Heap => None,
            outside @ Space::Outside(_) => self.points.gather_into(ids, outside).ok(),
        };
        let copy = Self::new(elsewhere.unwrap_or_else(|| self.points.gather(ids)), self.distance);
        copy.with_copies_in(self.copies.clone())
    }

    /// Number of base points, n.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The points, `n x d`.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// The points, where they are dense vectors.
    ///
    /// # Panics
    /// If they are none: a bug of the caller, who should have asked [`Points::kind`].
    #[inline]
    pub fn vectors(&self) -> &Vectors {
        match &self.points {
            Points::Dense(vectors) => vectors,
            other => panic!("dense vectors are expected, and the base has {}", other.kind()),
        }
    }

    /// The distance from a query to a point.
    pub fn distance(&self) -> Distance {
        self.distance
    }

    /// L2 norm of each vector; 0 of bits and sets.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Bytes held by the points.
    pub fn bytes(&self) -> usize {
        self.points.bytes()
    }

    /// Point `i` as a query.
    #[inline]
    pub fn query(&self, i: usize) -> Query<'_> {
        Query { point: self.points.row(i), norm: self.norms[i], row: i }
    }

    /// The measure of point `id` and the query: distance and relevance are both computed from it.
    #[inline]
    pub fn measure(&self, query: Query<'_>, id: u32) -> f64 {
        self.measure_by(self.measure, query, id)
    }

    /// A measure of point `id` and the query.
    #[inline]
    pub fn measure_by(&self, measure: Measure, query: Query<'_>, id: u32) -> f64 {
        measure.between(query.point, query.norm, self.points.row(id as usize), self.norms[id as usize])
    }

    /// What points are compared with queries by: [`Distance::measure`], or [`Distance::item_measure`] where queries are base
    /// points.
    pub fn compared_by(&self) -> Measure {
        self.measure
    }

    /// The [`Distance::item_measure`] of two base points.
    pub fn item_measure(&self, a: u32, b: u32) -> f64 {
        self.measure_by(self.distance.item_measure(), self.query(a as usize), b)
    }

    /// The distance that belongs to a [`Base::measure`].
    #[inline]
    pub fn distance_of(&self, measure: f64) -> f64 {
        self.distance.of_measure(measure)
    }

    /// The distance from the query to point `id`.
    pub fn distance_to(&self, query: Query<'_>, id: u32) -> f64 {
        self.distance_of(self.measure(query, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn angle(base: &Base, a: usize, b: usize) -> f64 {
        base.query(a).angle(base.query(b), base.item_measure(a as u32, b as u32))
    }

    /// Two rows at small angles in the plane: `(1, t)` is at `atan(t)` of `(1, 0)`, whatever both are multiplied by.
    #[test]
    fn small_angles_are_accurate() {
        for t in [1.0_f32, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-14] {
            let base =
                Base::from_values(&[1.0, 0.0, 3.0, 3.0 * t, -7.0, -7.0 * t], 2, Distance::Angular).expect("finite");
            // The products, rounded to f32.
            let (three, seven) = (f64::from(3.0 * t) / 3.0, f64::from(7.0 * t) / 7.0);
            let (near, far) = (angle(&base, 0, 1), angle(&base, 0, 2));
            assert!((near / three.atan() - 1.0).abs() < 1e-3, "{t}: {near}");
            assert!((far - (PI - seven.atan())).abs() < 4e-15, "{t}: {far}");
        }
    }

    proptest! {
        /// Whole numbers times 3, 5 or 7 are exact in `f32`, so that the directions are the same.
        #[test]
        fn equal_directions_are_at_no_angle(
            row in proptest::collection::vec(-1000_i16..1000, 1..300), factor in prop_oneof![Just(1.0_f32), Just(3.0), Just(5.0), Just(7.0), Just(0.125)],
        ) {
            let row: Vec<f32> = row.into_iter().map(f32::from).collect();
            prop_assume!(row.iter().any(|&v| v != 0.0));
            let times = |factor: f32| row.iter().map(move |v| v * factor).collect::<Vec<f32>>();
            let base = Base::from_values(&[times(1.0), times(factor), times(-factor)].concat(), row.len(), Distance::Angular);
            let base = base.expect("finite");
            prop_assert_eq!(angle(&base, 0, 1), 0.0);
            prop_assert_eq!(angle(&base, 0, 2), PI);
        }

        #[test]
        fn angles_are_symmetric_and_those_of_the_cosine(
            a in proptest::collection::vec(-1.0_f32..1.0, 9), off in proptest::collection::vec(-1.0_f32..1.0, 9), by in 0..30,
        ) {
            let b: Vec<f32> = a.iter().zip(&off).map(|(a, off)| a + off * 0.5_f32.powi(by)).collect();
            let base = Base::from_values(&[a, b].concat(), 9, Distance::Angular).expect("finite");
            prop_assert_eq!(angle(&base, 0, 1).to_bits(), angle(&base, 1, 0).to_bits());
            prop_assert!((angle(&base, 0, 1).cos() - base.measure(base.query(0), 1)).abs() < 1e-14);
        }
    }
}
