//! What programs outside answered: stages of swath's go on from it.

use swath_algorithms::candidates::Index;
use swath_algorithms::external::Found;

/// What programs outside answered in one pass.
#[derive(Default)]
pub struct Answers {
    /// What a program found, in place of an index.
    pub index: Option<Index>,
    /// What a program picked.
    pub picked: Option<Found>,
    /// Whether one of them did not count its evaluations.
    pub is_uncounted: bool,
}
