//! Vertices that wait to be pushed: a priority queue whose entries may rise.

use super::Reached;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

/// Vertices that wait, each with its residual, as a binary heap in the order of [`Reached::most_first`].
pub struct Waiting<'s> {
    /// Its residual, and its position in the pool.
    heap: ArenaVec<'s, (f64, usize)>,
    /// The place in the heap of each position in the pool; [`NOWHERE`] if it does not wait.
    places: ArenaVec<'s, u32>,
}

const NOWHERE: u32 = u32::MAX;

impl<'s> Waiting<'s> {
    /// An empty queue with room for `capacity`.
    pub fn new(capacity: usize, arena: &'s Bump) -> Self {
        let heap = ArenaVec::with_capacity_in(capacity, arena);
        Self { heap, places: ArenaVec::with_capacity_in(capacity, arena) }
    }

    /// Gives the vertex at `position` the residual `amount`, at least as large as before: it joins the queue, or moves
    /// up.
    pub fn raise(&mut self, position: usize, amount: f64, reached: &Reached<'_>) {
        if position >= self.places.len() {
            self.places.resize(position + 1, NOWHERE);
        }
        let mut at = self.places[position] as usize;
        if self.places[position] == NOWHERE {
            at = self.heap.len();
            self.heap.push((amount, position));
        }
        // The parents that it passes move down.
        while at > 0 {
            let parent = (at - 1) / 2;
            if reached.most_first((amount, position), self.heap[parent]).is_ge() {
                break;
            }
            self.put(at, self.heap[parent]);
            at = parent;
        }
        self.put(at, (amount, position));
    }

    /// Takes the first: its residual, and its position in the pool.
    pub fn pop(&mut self, reached: &Reached<'_>) -> Option<(f64, usize)> {
        let first = *self.heap.first()?;
        self.places[first.1] = NOWHERE;
        let last = self.heap.pop()?;
        if self.heap.is_empty() {
            return Some(first);
        }
        // The better children move up until the last fits.
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(&child) = self.heap.get(left) else { break };
            let other = self.heap.get(right).filter(|&&other| reached.most_first(other, child).is_lt());
            let (place, child) = other.map_or((left, child), |&other| (right, other));
            if reached.most_first(last, child).is_le() {
                break;
            }
            self.put(at, child);
            at = place;
        }
        self.put(at, last);
        Some(first)
    }

    fn put(&mut self, at: usize, entry: (f64, usize)) {
        self.heap[at] = entry;
        self.places[entry.1] = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::SparseVector;
    use crate::{Base, Distance, Pool, Scratch};
    use proptest::prelude::*;
    use std::cell::Cell;

    proptest! {
        /// Popping gives what sorting would, equal amounts by relevance, then by id, however entries have risen.
        #[test]
        fn the_most_comes_first(
            // Few relevances and few amounts: ties abound.
            rows in prop::collection::vec(0_u8..3, 1..20),
            steps in prop::collection::vec(prop::option::weighted(0.7, (0_usize..20, 0_u8..4)), 0..80),
        ) {
            let values: Vec<f32> = rows.iter().flat_map(|&row| [1.0, f32::from(row)]).collect();
            let base = Base::from_values(&values, 2, Distance::Angular).expect("finite");
            let n = base.len();
            let (mut pool, mut mass) = (Pool::default(), SparseVector::default());
            pool.fill(&base, base.query(0), 0..n as u32, n, &Scratch::default());
            let evaluations = Cell::new(0);
            let reached = Reached::new(&mut pool, &mut mass, n, &base, base.query(0), &evaluations);
            let arena = Bump::new();
            let mut waiting = Waiting::new(1, &arena);
            let mut model: Vec<(f64, usize)> = Vec::new();
            let end = std::iter::repeat_n(None, n);
            for step in steps.into_iter().chain(end) {
                if let Some((position, more)) = step {
                    let position = position % n;
                    let at = model.iter().position(|entry| entry.1 == position).unwrap_or_else(|| {
                        model.push((0.0, position));
                        model.len() - 1
                    });
                    model[at].0 += f64::from(more);
                    waiting.raise(position, model[at].0, &reached);
                } else {
                    let key = |&(amount, position): &(f64, usize)| {
                        let item = reached.pool.items[position];
                        (-amount, -item.rel, f64::from(item.id))
                    };
                    let first = model.iter().copied().min_by(|a, b| key(a).partial_cmp(&key(b)).expect("numbers"));
                    model.retain(|&entry| Some(entry) != first);
                    prop_assert_eq!(waiting.pop(&reached), first);
                }
            }
            prop_assert_eq!(waiting.pop(&reached), None);
        }
    }
}
