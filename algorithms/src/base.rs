//! The vectors that are searched, and a query against them.

use crate::distance::{self, Distance};
use crate::vectors::{Line, Vectors, VectorsError};

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

    /// How far apart two of them are.
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

    /// The cosine (angular) or the squared L2 distance (euclidean) of vector `id` and the query:
    /// what both distance and relevance are made of.
    #[inline]
    pub fn measure(&self, query: Query<'_>, id: u32) -> f64 {
        let row = self.vectors.lines(id as usize);
        match self.distance {
            Distance::Angular => distance::cosine(distance::dot(query.lines, row), query.norm, self.norms[id as usize]),
            Distance::Euclidean => distance::squared_euclidean(query.lines, row),
        }
    }

    /// The distance that a [`Base::measure`] stands for.
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
