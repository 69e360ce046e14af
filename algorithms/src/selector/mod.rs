//! Selectors: the stage that picks k of the pool, in order.
//!
//! To add one: one file here with its parameters' type implementing [`Selector`], and one line in the registry
//! below.

mod facility_location;
pub mod greedy;
mod mmr;
mod top_k;

pub use facility_location::{FacilityLocation, Weights};
pub use mmr::Mmr;
pub use top_k::TopK;

use crate::base::Base;

use crate::pool::Pool;
use crate::registry::registry;
use crate::scratch::Scratch;

/// A way to pick k of a pool. Implemented by the type of its parameters.
pub trait Selector: Send + Sync {
    /// Puts the positions in the pool of `min(k, m)` different items into `picked`, in the order of picking.
    ///
    /// One thread, one query; relevance is an item's `score`; equals are told apart as
    /// [`best_first`](crate::pool::Item::best_first) says.
    fn select(&self, base: &Base, pool: &Pool, k: usize, scratch: &Scratch, picked: &mut Vec<usize>);
}

registry! {
    /// Selectors by name.
    SelectorParams: Selector {
        "top-k" => TopK,
        "mmr" => Mmr,
        "facility-location" => FacilityLocation,
    }
}

/// The position of the item of best value (see [`best_first`](crate::pool::Item::best_first)) among those not taken; `None` where all are.
fn best_position(pool: &Pool, taken: &[bool], value: impl Fn(usize) -> f64) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (position, item) in pool.items.iter().enumerate() {
        if taken[position] {
            continue;
        }
        let value = value(position);
        if best.is_none_or(|(at, most)| item.best_first(value, &pool.items[at], most).is_lt()) {
            best = Some((position, value));
        }
    }
    best.map(|(position, _)| position)
}
