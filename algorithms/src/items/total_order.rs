//! Numbers as distances that have an order.

use std::cmp::Ordering;

/// A number in the order of [`f64::total_cmp`].
#[derive(Clone, Copy, Debug, Default)]
pub struct TotalOrder<T>(pub T);

macro_rules! ordered {
    ($number:ty) => {
        impl Ord for TotalOrder<$number> {
            #[inline(always)]
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.total_cmp(&other.0)
            }
        }

        impl PartialOrd for TotalOrder<$number> {
            #[inline(always)]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialEq for TotalOrder<$number> {
            #[inline(always)]
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for TotalOrder<$number> {}
    };
}

ordered!(f32);
ordered!(f64);
