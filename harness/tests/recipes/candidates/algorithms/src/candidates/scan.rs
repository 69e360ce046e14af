//! A scan without any filter.

use super::Candidates;
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::params::{Count, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The nearest of all base vectors, each measured exactly.
///
/// Source: a recipe's example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scan {
    /// Size of the pool.
    pub pool: Count,
}

impl Default for Scan {
    fn default() -> Self {
        Self { pool: constant!(Count, 100) }
    }
}

impl Candidates for Scan {
    type Build = ();
    type Index = ();

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn exhaustive(&self, pool: Count, _: usize) -> Self {
        Self { pool }
    }

    fn build_part(&self) {}

    fn build((): &(), _: &Base) {}

    fn bytes((): &(), base: &Base) -> usize {
        base.bytes()
    }

    fn estimate(&self, _: &BaseFacts) -> usize {
        0
    }

    fn search(&self, (): &(), base: &Base, _: Query<'_>, _: &mut Scratch, found: &mut Vec<u32>) {
        found.clear();
        found.extend(0..base.len() as u32);
    }
}
