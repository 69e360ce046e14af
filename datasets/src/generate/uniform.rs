//! Uniform coordinates.

use super::{Draw, Rows, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// Every coordinate uniform from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Uniform {}

impl Draw for Uniform {
    fn rows(&self, _: Size) -> Rows<'_> {
        Rows::Vectors(Box::new(|_, rng, values| values.iter_mut().for_each(|value| *value = random::uniform(rng))))
    }

    fn mean(&self) -> f64 {
        0.5
    }
}
