//! Corners of a cube.

use super::{Draw, Rows, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// Every coordinate -1 or 1 (a recipe's example).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Corners {}

impl Draw for Corners {
    fn rows(&self, _: Size) -> Rows<'_> {
        Rows::Vectors(Box::new(|_, rng, values| {
            values.iter_mut().for_each(|value| *value = (random::uniform(rng) - 0.5).signum());
        }))
    }
}
