//! A priority queue whose best entry may turn out to be worth less than its value says.

use std::cmp::Ordering;

/// Entries (value, position) as a binary heap, best first by an order of their own.
///
/// Lazy greedy relies on it: if values can only fall, an outdated value is an upper bound, and an entry that is best by
/// an up-to-date value is best of all.
pub struct Queue<'s, Order> {
    heap: &'s mut [(f64, usize)],
    len: usize,
    order: Order,
}

impl<'s, Order: Fn((f64, usize), (f64, usize)) -> Ordering> Queue<'s, Order> {
    /// A queue of `entries`; `order` puts the better first.
    pub fn new(entries: &'s mut [(f64, usize)], order: Order) -> Self {
        let len = entries.len();
        let mut this = Self { heap: entries, len, order };
        (0..len / 2).rev().for_each(|at| this.sift_down(at));
        this
    }

    /// The best entry.
    pub fn best(&self) -> Option<(f64, usize)> {
        (self.len > 0).then(|| self.heap[0])
    }

    /// Gives the best entry a new value.
    pub fn revalue(&mut self, value: f64) {
        self.heap[0].0 = value;
        self.sift_down(0);
    }

    /// Removes the best entry.
    pub fn pop(&mut self) {
        self.len -= 1;
        self.heap.swap(0, self.len);
        self.sift_down(0);
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut best = at;
            for child in [left, right] {
                if child < self.len && (self.order)(self.heap[child], self.heap[best]).is_lt() {
                    best = child;
                }
            }
            if best == at {
                return;
            }
            self.heap.swap(at, best);
            at = best;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Popping and revaluing gives what sorting would.
        #[test]
        fn the_best_comes_first(
            values in prop::collection::vec(0_u32..50, 0..40),
            drops in prop::collection::vec(0_u32..9, 40),
        ) {
            let order = |a: (f64, usize), b: (f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            let mut entries: Vec<(f64, usize)> = values.iter().map(|&v| f64::from(v)).zip(0..).collect();
            let mut model = entries.clone();
            let mut queue = Queue::new(&mut entries, order);
            for drop in drops {
                model.sort_by(|&a, &b| order(a, b));
                prop_assert_eq!(queue.best(), model.first().copied());
                let Some(best) = model.first_mut() else { break };
                if drop % 3 == 0 {
                    queue.pop();
                    model.remove(0);
                } else {
                    best.0 -= f64::from(drop);
                    queue.revalue(best.0);
                }
            }
        }
    }
}
