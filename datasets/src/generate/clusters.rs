//! Clusters of equal size.

use super::centres::Centres;
use super::{Draw, Rows, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// Number of clusters.
pub(super) const CLUSTERS: usize = 100;

/// A hundred standard normal centres; around each a normal cloud, a tenth as wide.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clusters {}

impl Draw for Clusters {
    fn rows(&self, size: Size) -> Rows<'_> {
        let centres = Centres::draw(size.seed, CLUSTERS, size.dim);
        Rows::Vectors(Box::new(move |_, rng, values| centres.around(random::below(rng, CLUSTERS), rng, values)))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        Centres::bytes(CLUSTERS as u64, size.dim)
    }
}
