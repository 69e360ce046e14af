//! Working memory of one thread, kept from query to query so that a timed query does not call the allocator.

use crate::pool::Pool;
use crate::spare::{Room, reserve};
use bumpalo::Bump;
use std::cell::{Cell, RefCell};

/// What the stages of a retriever work in. One per thread; [`Scratch::reset`] before each query.
#[derive(Default)]
pub struct Scratch {
    /// Short-lived slices. [`Scratch::reset`] empties it and keeps its memory.
    pub arena: Bump,
    /// Similarity evaluations since the last reset.
    pub evaluations: Cell<u64>,
    /// Edges that expansions followed since the last reset.
    pub edges: Cell<u64>,
    /// Whether the selector could not tell the remaining items apart, and filled up by relevance.
    pub filled: Cell<bool>,
    /// Results that break the selector's limit: it filled up with them, since nothing else was left.
    pub forbidden: Cell<usize>,
    /// Approximate similarities and ids under consideration by a search.
    pub contenders: Vec<(f32, u32)>,
    /// The points that a walk over a graph has met.
    pub visited: Visited,
    /// A sparse vector over base vectors.
    pub mass: SparseVector,
    /// Another one.
    pub residual: SparseVector,
    /// Similarities of all pairs of a pool in whole units. They may take hundreds of megabytes, which the arena would clear for
    /// each query.
    pub(crate) units: RefCell<Vec<u16>>,
    /// What a selector that another one asks works in.
    pub(crate) within: RefCell<Option<Box<Within>>>,
}

/// What a selector that another one asks works in, and what it picks from.
#[derive(Default)]
pub(crate) struct Within {
    pub(crate) scratch: Scratch,
    pub(crate) pool: Pool,
}

impl Scratch {
    /// Forgets the last query, keeping the memory: the arena is one piece afterwards that would have held that query.
    pub fn reset(&mut self) {
        /// Bytes that alignment may waste in one piece and did not in several.
        const ALIGNMENT: usize = 4096;
        let held = self.arena.allocated_bytes();
        self.arena.reset();
        if self.arena.allocated_bytes() < held {
            self.arena = Bump::with_capacity(held + ALIGNMENT);
        }
        self.evaluations.set(0);
        self.edges.set(0);
        self.filled.set(false);
        self.forbidden.set(0);
        self.contenders.clear();
        if let Some(within) = self.within.get_mut() {
            within.scratch.reset();
        }
    }

    /// How much memory it has: a number that grows whenever a search asks the allocator for more.
    pub fn room(&self) -> usize {
        let Self { arena, contenders, visited, mass, residual, units, within, .. } = self;
        let within = within.borrow();
        arena.allocated_bytes()
            + contenders.capacity()
            + visited.room()
            + mass.room()
            + residual.room()
            + units.borrow().len()
            + within.as_ref().map_or(0, |within| within.scratch.room() + within.pool.items.capacity())
    }

    /// Adds to the count of similarity evaluations.
    pub fn count(&self, evaluations: usize) {
        self.evaluations.set(self.evaluations.get() + evaluations as u64);
    }
}

impl Room for Scratch {
    fn make_room(&mut self, other: &Self) {
        let held = other.arena.allocated_bytes();
        if self.arena.allocated_bytes() < held {
            self.arena = Bump::with_capacity(held);
        }
        reserve(&mut self.contenders, other.contenders.capacity());
        self.visited.make_room(&other.visited);
        self.mass.make_room(&other.mass);
        self.residual.make_room(&other.residual);
        room_for_units(&mut self.units.borrow_mut(), other.units.borrow().len());
        if let Some(other) = &*other.within.borrow() {
            let own = self.within.get_mut().get_or_insert_default();
            own.scratch.make_room(&other.scratch);
            own.pool.make_room(&other.pool);
        }
    }
}

/// Makes room for so many units. Those that are there keep no value that anybody reads, so none is copied.
pub(crate) fn room_for_units(units: &mut Vec<u16>, count: usize) {
    if units.len() < count {
        *units = Vec::new();
        *units = vec![0; count];
    }
}

impl Room for SparseVector {
    fn make_room(&mut self, other: &Self) {
        if self.values.len() < other.values.len() {
            self.values.resize(other.values.len(), 0.0);
            self.order.resize(other.values.len(), UNTOUCHED);
        }
        reserve(&mut self.touched, other.touched.capacity());
    }
}

/// A set of few of `n` places: one bit for each, and a list of those to clear.
#[derive(Default)]
pub struct Visited {
    words: Vec<u64>,
    places: Vec<u32>,
}

impl Visited {
    /// See [`Scratch::room`].
    fn room(&self) -> usize {
        self.words.len() + self.places.capacity()
    }

    /// Clears it (in time proportional to what it has) and makes room for `n` places.
    pub fn clear(&mut self, n: usize) {
        self.places.drain(..).for_each(|place| self.words[place as usize / 64] = 0);
        let words = n.div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    /// Adds some places, and writes those that were not there yet to `new`, in their order. Returns how many these are.
    ///
    /// # Panics
    /// If `new` is shorter than `places`.
    #[inline(always)]
    pub fn insert(&mut self, places: &[u32], new: &mut [u32]) -> usize {
        let new = &mut new[..places.len()];
        let mut count = 0;
        for &place in places {
            let (word, bit) = (&mut self.words[place as usize / 64], 1 << (place % 64));
            // Written over by the next one unless it is new. At most as many are new as there have been.
            new[count] = place;
            count += usize::from(*word & bit == 0);
            *word |= bit;
        }
        self.places.extend_from_slice(&new[..count]);
        count
    }
}

impl Room for Visited {
    fn make_room(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        reserve(&mut self.places, other.places.capacity());
    }
}

/// A vector over `n` places of which few are set: dense storage, and a list of what to clear.
#[derive(Default)]
pub struct SparseVector {
    values: Vec<f64>,
    /// The position of each place in `touched`; [`UNTOUCHED`] if it is not listed.
    order: Vec<u32>,
    touched: Vec<u32>,
}

const UNTOUCHED: u32 = u32::MAX;

impl SparseVector {
    /// See [`Scratch::room`].
    fn room(&self) -> usize {
        self.values.capacity() + self.order.capacity() + self.touched.capacity()
    }

    /// Clears what was set (in time proportional to that) and makes room for `n` places.
    pub fn clear(&mut self, n: usize) {
        for &i in &self.touched {
            self.values[i as usize] = 0.0;
            self.order[i as usize] = UNTOUCHED;
        }
        self.touched.clear();
        if self.values.len() < n {
            self.values.resize(n, 0.0);
            self.order.resize(n, UNTOUCHED);
        }
    }

    /// The value at `i`; 0 where none was set.
    #[inline]
    pub fn get(&self, i: u32) -> f64 {
        self.values[i as usize]
    }

    /// Whether a value was set at `i` since the last clear.
    #[inline]
    pub fn contains(&self, i: u32) -> bool {
        self.order[i as usize] != UNTOUCHED
    }

    /// The position of `i` in [`SparseVector::touched`], if it is listed.
    #[inline]
    pub fn order(&self, i: u32) -> Option<usize> {
        let order = self.order[i as usize];
        (order != UNTOUCHED).then_some(order as usize)
    }

    /// Sets the value at `i`.
    #[inline]
    pub fn set(&mut self, i: u32, value: f64) {
        if self.order[i as usize] == UNTOUCHED {
            self.order[i as usize] = self.touched.len() as u32;
            self.touched.push(i);
        }
        self.values[i as usize] = value;
    }

    /// The places that were set, in the order in which they first were.
    pub fn touched(&self) -> &[u32] {
        &self.touched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_new_once_until_all_are_cleared() {
        let mut visited = Visited::default();
        for n in [1, 64, 65, 200, 3] {
            visited.clear(n);
            let last = n as u32 - 1;
            let mut new = [u32::MAX; 4];
            assert_eq!((visited.insert(&[last, last], &mut new), new[0]), (1, last), "{n}");
            assert_eq!(visited.insert(&[last], &mut new), 0, "{n}");
            let others = usize::from(n != 1);
            assert_eq!((visited.insert(&[last, 0, last, 0], &mut new), new[0]), (others, 0), "{n}");
        }
        visited.clear(200);
        let (all, mut new): (Vec<u32>, _) = ((0..200).collect(), [0; 200]);
        assert_eq!((visited.insert(&all, &mut new), &new[..]), (200, &all[..]));
    }
}
