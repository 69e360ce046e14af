//! Defaults of counts.

use swath_algorithms::params::Count;

pub(super) fn constant(value: u32) -> Count {
    match Count::new(value) {
        Ok(count) => count,
        Err(_) => unreachable!("a default outside its own range"),
    }
}
