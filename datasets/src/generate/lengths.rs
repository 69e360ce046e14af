//! Directions of a gaussian, with lengths that differ.

use super::draw::normals;
use super::{Draw, Rows, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// As `gaussian`, and each vector is multiplied by a log-normal number, so that lengths differ: for inner products.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lengths {}

impl Draw for Lengths {
    fn rows(&self, _: Size) -> Rows<'_> {
        Rows::Vectors(Box::new(|_, rng, values| {
            normals(rng, values);
            let length = (0.5 * random::normal(rng)).exp();
            values.iter_mut().for_each(|x| *x *= length);
        }))
    }
}
