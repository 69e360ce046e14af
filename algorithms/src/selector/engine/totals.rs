//! Sums over the picks, of items that are asked for.

use crate::pool_kernel::{Picks, PoolKernel};
use crate::scratch::Scratch;
use crate::selector::Request;

/// Exact sums of what a kernel says of an item and each pick.
pub struct Totals<'a, 's> {
    kernel: &'a PoolKernel<'s>,
    picks: Picks<'s>,
    /// Per item: the sum over the first picks, and over how many.
    of: &'s mut [f64],
    seen: &'s mut [usize],
    fresh: &'s mut [f64],
}

impl<'a, 's> Totals<'a, 's> {
    /// No pick yet.
    pub fn new(request: &Request<'_>, kernel: &'a PoolKernel<'s>, scratch: &'s Scratch) -> Self {
        let (m, arena) = (request.pool.items.len(), &scratch.arena);
        Self {
            kernel,
            picks: kernel.picks(request.count(), scratch),
            of: arena.alloc_slice_fill_copy(m, 0.0),
            seen: arena.alloc_slice_fill_copy(m, 0),
            fresh: arena.alloc_slice_fill_copy(request.count(), 0.0),
        }
    }

    /// The sum of item `i` over all picks, added up in the order of picking. `turn` makes the terms from values of the kernel;
    /// it must do the same in each call.
    pub fn total(&mut self, i: usize, turn: impl Fn(&mut [f64])) -> f64 {
        let fresh = &mut self.fresh[..self.picks.count() - self.seen[i]];
        self.kernel.to(i, self.picks.group(self.seen[i]..self.picks.count()), fresh);
        turn(fresh);
        fresh.iter().for_each(|term| self.of[i] += term);
        self.seen[i] = self.picks.count();
        self.of[i]
    }

    /// Adds a pick.
    pub fn pick(&mut self, i: usize) {
        self.picks.push(self.kernel, i);
    }
}
