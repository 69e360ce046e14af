//! Standard normal coordinates.

use super::draw::normals;
use super::{Draw, Rows, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every coordinate standard normal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gaussian {}

impl Draw for Gaussian {
    fn rows(&self, _: Size) -> Rows<'_> {
        Rows::Vectors(Box::new(|_, rng, values| normals(rng, values)))
    }
}
