//! The vectors that are searched, and a query against them.

use crate::distance::{self, Distance};
use crate::vectors::{Line, Vectors, VectorsError};
use std::f64::consts::PI;

/// Cosines of a larger magnitude are too near to 1 for the arc cosine to give an accurate angle.
const NEAR_ONE: f64 = 1.0 - 1e-4;

/// Angles, in radians, below which two directions are one: what rounding makes of an angle of 0.
const SAME_DIRECTION: f64 = 1e-15;

/// Base vectors with their distance and their norms.
#[derive(Clone, Debug)]
pub struct Base {
    vectors: Vectors,
    distance: Distance,
    norms: Vec<f64>,
}

/// A query vector with its norm.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The vector, padded to whole lines as rows of the base are.
    pub lines: &'a [Line],
    /// Its L2 norm.
    pub norm: f64,
}

impl<'a> Query<'a> {
    /// Row `i` of `queries`.
    pub fn row(queries: &'a Vectors, i: usize) -> Self {
        let lines = queries.lines(i);
        Self { lines, norm: distance::norm(lines) }
    }

    /// The angle to another vector of the same dimension, in radians, in `[0, pi]`; `cosine` is their
    /// [`distance::cosine`]. Exactly 0 for equal directions and pi for opposite ones, symmetric to the last bit, and
    /// near both as accurate as elsewhere: the arc cosine of a rounded cosine would put a vector 1.5e-8 away from
    /// itself. A vector of zeros is at pi / 2.
    ///
    /// Source: Kahan 2006, `2 atan(|u - v| / |u + v|)` for unit vectors u and v. The part that their rounded norms add
    /// to the difference lies along the sum, and is subtracted.
    pub fn angle(self, other: Query<'_>, cosine: f64) -> f64 {
        if cosine.abs() <= NEAR_ONE {
            return cosine.acos();
        }
        let (own, others) =
            (bytemuck::cast_slice::<Line, f32>(self.lines), bytemuck::cast_slice::<Line, f32>(other.lines));
        let (mut gaps, mut sums, mut both) = (0.0, 0.0, 0.0);
        for (&a, &b) in own.iter().zip(others) {
            let (u, v) = (f64::from(a) / self.norm, cosine.signum() * f64::from(b) / other.norm);
            gaps += (u - v) * (u - v);
            sums += (u + v) * (u + v);
            both += (u - v) * (u + v);
        }
        let across = (gaps - both * both / sums).max(0.0);
        let angle = 2.0 * (across / sums).sqrt().atan();
        let angle = if angle < SAME_DIRECTION { 0.0 } else { angle };
        if cosine > 0.0 { angle } else { PI - angle }
    }
}

impl Base {
    /// Takes the vectors and computes their norms.
    pub fn new(vectors: Vectors, distance: Distance) -> Self {
        let norms = distance::norms(&vectors);
        Self { vectors, distance, norms }
    }

    /// Copies `values`, row-major `n x dim`.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub fn from_values(values: &[f32], dim: usize, distance: Distance) -> Result<Self, VectorsError> {
        Ok(Self::new(Vectors::new(values, dim)?, distance))
    }

    /// Number of base vectors, n.
    pub fn len(&self) -> usize {
        self.vectors.rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The vectors, `n x d`.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// The distance between vectors.
    pub fn distance(&self) -> Distance {
        self.distance
    }

    /// L2 norm of each vector.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Vector `i` as a query.
    pub fn query(&self, i: usize) -> Query<'_> {
        Query { lines: self.vectors.lines(i), norm: self.norms[i] }
    }

    /// The cosine (angular) or the squared L2 distance (euclidean) of vector `id` and the query: distance and relevance
    /// are both computed from it.
    #[inline]
    pub fn measure(&self, query: Query<'_>, id: u32) -> f64 {
        let row = self.vectors.lines(id as usize);
        match self.distance {
            Distance::Angular => distance::cosine(distance::dot(query.lines, row), query.norm, self.norms[id as usize]),
            Distance::Euclidean => distance::squared_euclidean(query.lines, row),
        }
    }

    /// The distance that belongs to a [`Base::measure`].
    #[inline]
    pub fn distance_of(&self, measure: f64) -> f64 {
        match self.distance {
            Distance::Angular => 1.0 - measure,
            Distance::Euclidean => measure.sqrt(),
        }
    }

    /// The distance from the query to vector `id`.
    pub fn distance_to(&self, query: Query<'_>, id: u32) -> f64 {
        self.distance_of(self.measure(query, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn angle(base: &Base, a: usize, b: usize) -> f64 {
        let (a, b) = (base.query(a), base.query(b));
        a.angle(b, distance::cosine(distance::dot(a.lines, b.lines), a.norm, b.norm))
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
