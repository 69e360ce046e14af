//! Queries that are out of distribution.

use super::centres::Centres;
use super::draw::normals;
use super::{Draw, Rows, Size, constant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use swath_algorithms::params::NonNegative;

/// As `gaussian`, but the queries lie around another centre, which is drawn as a base vector is: they are out of distribution.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shifted {
    /// How far: the centre of the queries is multiplied by this. 0 is no shift.
    pub by: NonNegative,
}

impl Default for Shifted {
    fn default() -> Self {
        Self { by: constant!(NonNegative, 1.0) }
    }
}

/// Without the parameter at its default, which older versions did not have: the same vectors have the same key.
impl fmt::Debug for Shifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut named = f.debug_struct("Shifted");
        if *self != Self::default() {
            named.field("by", &self.by);
        }
        named.finish()
    }
}

impl Draw for Shifted {
    fn rows(&self, size: Size) -> Rows<'_> {
        let centre = Centres::draw(size.seed, 1, size.dim);
        Rows::Vectors(Box::new(move |row, rng, values| {
            normals(rng, values);
            if row.is_query() {
                values.iter_mut().zip(centre.of(0)).for_each(|(x, centre)| *x += self.by.get() * centre);
            }
        }))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        Centres::bytes(1, size.dim)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::tests::{coordinates, drawn};
    use super::*;

    /// The mean of the queries less that of the base vectors: by the centre, up to a standard error of each coordinate of
    /// (1/20 + 1/500)^0.5 = 0.228, and so 1.61 over 50 coordinates.
    #[test]
    fn queries_lie_as_far_away_as_is_asked() {
        let dim = 50;
        let centre = Centres::draw(5, 1, dim);
        let error = (dim as f64).sqrt() * (1.0_f64 / 20.0 + 1.0 / 500.0).sqrt();
        for by in [0.0, 1.0, 3.0] {
            let by = NonNegative::new(by).expect("in range");
            let data = drawn(Distribution::Shifted(Shifted { by }), 500, dim as u32);
            let mean = |points: &swath_algorithms::Points, column: usize| {
                let rows = 0..points.len();
                rows.map(|i| f64::from(coordinates(points, i)[column])).sum::<f64>() / points.len() as f64
            };
            let off =
                |column: usize| mean(&data.test, column) - mean(&data.train, column) - by.get() * centre.of(0)[column];
            let off = (0..dim).map(|column| off(column).powi(2)).sum::<f64>().sqrt();
            // The length of such an error is within a fifth of its mean by two standard deviations; half is five.
            assert!((off / error - 1.0).abs() < 0.5, "{by:?}: {off}, expected about {error}");
        }
    }
}
