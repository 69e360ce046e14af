//! Directions without preference.

use super::draw::{normalize, normals};
use super::{Draw, Rows, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Uniform on the unit sphere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sphere {}

impl Draw for Sphere {
    fn rows(&self, _: Size) -> Rows<'_> {
        Rows::Vectors(Box::new(|_, rng, values| {
            normals(rng, values);
            normalize(values);
        }))
    }
}
