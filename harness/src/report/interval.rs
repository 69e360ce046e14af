//! Intervals as the page writes them.

use crate::plot::format::decimals;
use crate::statistics::Estimate;

/// `0.71 to 0.74`.
pub fn interval(estimate: &Estimate, digits: usize) -> String {
    format!("{} to {}", decimals(estimate.lo, digits), decimals(estimate.hi, digits))
}
