//! Working memory that outlives the work it was made for: threads take it and give it back.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Working memory that can reserve as much room as another.
pub trait Room: Default + Send {
    /// Reserves as much memory as `other` has: work that fits there then does not call the allocator here.
    fn make_room(&mut self, other: &Self);
}

/// Gives `values` at least this capacity. No more: two that again and again were given the other's capacity would grow for ever.
pub fn reserve<T>(values: &mut Vec<T>, capacity: usize) {
    values.reserve_exact(capacity.saturating_sub(values.len()));
}

/// Working memories that are not in use.
#[derive(Debug, Default)]
pub struct Spare<T>(Mutex<Vec<T>>);

impl<T: Room> Spare<T> {
    /// One of them, or a new one where all are in use. It comes back when it is dropped.
    pub fn take(&self) -> Taken<'_, T> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Taken { memory: spare.unwrap_or_default(), from: self }
    }

    /// Makes sure that there are `count`, each with as much room as the largest. Then up to `count` at once can repeat
    /// work that one of them has done before, and none calls the allocator.
    pub fn level(&mut self, count: usize) {
        let all = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut roomiest = T::default();
        all.iter().for_each(|memory| roomiest.make_room(memory));
        all.resize_with(count, T::default);
        all.iter_mut().for_each(|memory| memory.make_room(&roomiest));
    }
}

/// A working memory in use.
#[derive(Debug)]
pub struct Taken<'a, T: Room> {
    memory: T,
    from: &'a Spare<T>,
}

impl<T: Room> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.memory
    }
}

impl<T: Room> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.memory
    }
}

impl<T: Room> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.from.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Room for Vec<u8> {
        fn make_room(&mut self, other: &Self) {
            reserve(self, other.capacity());
        }
    }

    #[test]
    fn memory_is_given_back_and_all_are_as_roomy_as_the_roomiest() {
        let mut spare = Spare::<Vec<u8>>::default();
        {
            let (mut a, mut b) = (spare.take(), spare.take());
            a.reserve(3000);
            b.reserve(5000);
        }
        spare.level(3);
        let taken = [spare.take(), spare.take(), spare.take()];
        assert!(taken.iter().all(|memory| memory.capacity() >= 5000));
        assert_eq!(spare.take().capacity(), 0, "a fourth is new");
        drop(taken);
        // The others were given as much as the roomiest has, and no more.
        (0..50).for_each(|_| spare.level(3));
        assert!(spare.take().capacity() < 10_000);
        spare.level(1);
        let one = spare.take();
        assert!(one.capacity() >= 5000);
        assert_eq!(spare.take().capacity(), 0);
    }
}
