//! Where the arrays of points lie: on the heap, or in memory that the caller provides, such as a mapped file.

use super::Shared;
use bytemuck::{Pod, Zeroable};
use bytes::Bytes;
use std::fmt;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Where arrays are put.
#[derive(Clone, Debug, Default)]
pub enum Space {
    /// On the heap.
    #[default]
    Heap,
    /// Elsewhere: arrays that may be larger than memory.
    Outside(Arc<dyn Outside>),
}

/// Provides memory outside the heap.
pub trait Outside: fmt::Debug + Send + Sync {
    /// So many zeros, or some more.
    ///
    /// # Errors
    /// Why they cannot be provided, with the place and the number of bytes.
    fn zeros(&self, bytes: usize) -> io::Result<Box<dyn OutsideBytes>>;
}

/// Bytes outside the heap. They begin at a multiple of 64.
pub trait OutsideBytes: AsRef<[u8]> + AsMut<[u8]> + Send + Sync {
    /// Adds zeros until there are `bytes` bytes, or some more. The bytes may move.
    ///
    /// # Errors
    /// As [`Outside::zeros`].
    fn lengthen(&mut self, bytes: usize) -> io::Result<()>;
}

/// An array that is being filled.
pub struct Filling<T>(Held<T>);

enum Held<T> {
    Heap(Vec<T>),
    Outside { bytes: Box<dyn OutsideBytes>, filled: usize, values: PhantomData<T> },
}

/// Owns what [`Bytes`] sees.
struct Owner(Box<dyn OutsideBytes>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl<T: Pod + Send> Filling<T> {
    /// An empty array with room for `capacity` values.
    ///
    /// # Errors
    /// There is no such room.
    pub fn with_capacity(space: &Space, capacity: usize) -> io::Result<Self> {
        Ok(Self(match space {
            Space::Heap => {
                let mut values = Vec::new();
                values.try_reserve_exact(capacity).map_err(|error| io::Error::new(ErrorKind::OutOfMemory, error))?;
                Held::Heap(values)
            }
            Space::Outside(outside) => Held::Outside {
                bytes: outside.zeros(capacity.saturating_mul(size_of::<T>()))?,
                filled: 0,
                values: PhantomData,
            },
        }))
    }

    /// Adds zeros and returns them, to be written over.
    ///
    /// # Errors
    /// There is no more room.
    pub fn add_zeros(&mut self, count: usize) -> io::Result<&mut [T]>
    where
        T: Zeroable,
    {
        let start = self.len();
        match &mut self.0 {
            Held::Heap(values) => {
                values.try_reserve(count).map_err(|error| io::Error::new(ErrorKind::OutOfMemory, error))?;
                values.resize(start + count, T::zeroed());
            }
            Held::Outside { bytes, filled, .. } => {
                let (needed, there) = ((start + count).saturating_mul(size_of::<T>()), (**bytes).as_ref().len());
                if needed > there {
                    // As a vector grows, so that many small additions take few moves.
                    bytes.lengthen(needed.max(2 * there))?;
                }
                *filled = start + count;
            }
        }
        Ok(&mut self[start..])
    }

    /// Adds values.
    ///
    /// # Errors
    /// There is no more room.
    pub fn extend(&mut self, values: &[T]) -> io::Result<()> {
        self.add_zeros(values.len())?.copy_from_slice(values);
        Ok(())
    }

    /// Keeps the first `count` values.
    pub fn truncate(&mut self, count: usize) {
        match &mut self.0 {
            Held::Heap(values) => values.truncate(count),
            Held::Outside { bytes, filled, .. } => {
                // What is added later must find zeros.
                let range = count.min(*filled) * size_of::<T>()..*filled * size_of::<T>();
                (**bytes).as_mut()[range].fill(0);
                *filled = count.min(*filled);
            }
        }
    }

    /// The array, which changes no more.
    ///
    /// # Panics
    /// If bytes outside the heap begin where they must not, see [`OutsideBytes`].
    pub fn finish(self) -> Shared<T> {
        match self.0 {
            Held::Heap(values) => values.into(),
            Held::Outside { bytes, filled, .. } => {
                let whole = Bytes::from_owner(Owner(bytes)).slice(..filled * size_of::<T>());
                match Shared::of_bytes(whole) {
                    Some(shared) => shared,
                    None => panic!("bytes outside the heap begin at no multiple of 64: a bug of their provider"),
                }
            }
        }
    }
}

impl<T: Pod> Deref for Filling<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Held::Heap(values) => values,
            Held::Outside { bytes, filled, .. } => bytemuck::cast_slice(&(**bytes).as_ref()[..filled * size_of::<T>()]),
        }
    }
}

impl<T: Pod> DerefMut for Filling<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Held::Heap(values) => values,
            Held::Outside { bytes, filled, .. } => {
                bytemuck::cast_slice_mut(&mut (**bytes).as_mut()[..*filled * size_of::<T>()])
            }
        }
    }
}

impl<T: Pod + Send> From<Filling<T>> for Shared<T> {
    fn from(filling: Filling<T>) -> Self {
        filling.finish()
    }
}

impl<T> fmt::Debug for Filling<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self.0, Held::Heap(_)) { "an array on the heap" } else { "an array elsewhere" })
    }
}

/// The places of `rows`, by the number of the row: whoever copies rows in this order reads their source once, from its beginning
/// to its end, and not once for each of a few runs of `rows`.
pub(super) fn in_order_of_source(rows: &[usize]) -> Vec<u32> {
    let mut places: Vec<u32> = (0..rows.len() as u32).collect();
    places.sort_by_key(|&place| rows[place as usize]);
    places
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::points::{Bits, Line, Points, Sets, SparseVectors, Vectors};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Memory that is outside the heap by name only: at most `most` bytes at a time.
    #[derive(Debug)]
    pub struct Pages {
        most: usize,
        given: AtomicUsize,
    }

    impl Pages {
        pub fn new(most: usize) -> Self {
            Self { most, given: AtomicUsize::new(0) }
        }

        /// Bytes that were asked for, all together.
        pub fn given(&self) -> usize {
            self.given.load(Relaxed)
        }
    }

    struct Page(Vec<Line>, usize);

    impl AsRef<[u8]> for Page {
        fn as_ref(&self) -> &[u8] {
            bytemuck::cast_slice(&self.0)
        }
    }

    impl AsMut<[u8]> for Page {
        fn as_mut(&mut self) -> &mut [u8] {
            bytemuck::cast_slice_mut(&mut self.0)
        }
    }

    impl OutsideBytes for Page {
        fn lengthen(&mut self, bytes: usize) -> io::Result<()> {
            if bytes > self.1 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.0.resize(bytes.div_ceil(size_of::<Line>()), Line::zeroed());
            Ok(())
        }
    }

    impl Outside for Pages {
        fn zeros(&self, bytes: usize) -> io::Result<Box<dyn OutsideBytes>> {
            let mut page = Page(Vec::new(), self.most);
            page.lengthen(bytes)?;
            self.given.fetch_add(bytes, Relaxed);
            Ok(Box::new(page))
        }
    }

    /// Such memory.
    fn outside(most: usize) -> Space {
        Space::Outside(Arc::new(Pages::new(most)))
    }

    #[test]
    fn an_array_is_filled_alike_wherever_it_lies() {
        for space in [Space::Heap, outside(1 << 20)] {
            for capacity in [0, 3, 1000] {
                let mut array = Filling::with_capacity(&space, capacity).expect("room");
                array.extend(&[1_u32, 2, 3]).expect("room");
                array.add_zeros(2).expect("room")[1] = 5;
                array[3] = 4;
                assert_eq!(array[..], [1, 2, 3, 4, 5]);
                array.truncate(2);
                array.add_zeros(40).expect("room")[39] = 9;
                let shared = array.finish();
                assert_eq!((shared.len(), &shared[..4], shared[41]), (42, &[1, 2, 0, 0][..], 9), "{space:?}");
            }
        }
        assert!(Filling::<u8>::with_capacity(&Space::Heap, usize::MAX).is_err());
        assert!(Filling::<u64>::with_capacity(&outside(64), 9).is_err());
        let mut array = Filling::<u64>::with_capacity(&outside(64), 8).expect("room");
        array.add_zeros(8).expect("room");
        assert!(array.extend(&[1]).is_err());
    }

    #[test]
    fn rows_are_gathered_alike_wherever_they_are_put() {
        let rows: Vec<Vec<u32>> = (0..40_u32).map(|i| (0..i % 5).map(|j| 3 * i + j).collect()).collect();
        let sets = Sets::from_rows(&rows, 200).expect("ascending");
        let values = (0..sets.members().len()).map(|i| i as f32 + 0.5).collect::<Vec<_>>();
        let sparse = SparseVectors::new(sets.members().clone(), values, sets.offsets().clone(), 200).expect("valid");
        let numbers: Vec<f32> = (0..40 * 19).map(|i| (i as f32).sin()).collect();
        let all: [Points; 4] = [
            Vectors::new(&numbers, 19).expect("finite").into(),
            Bits::pack(numbers.iter().map(|&v| v > 0.0), 19).expect("whole rows").into(),
            sets.into(),
            sparse.into(),
        ];
        let ids: Vec<usize> = (0..60).map(|i| (i * 7) % 40).collect();
        for points in all {
            let (heap, other) = (points.gather(&ids), points.gather_into(&ids, &outside(1 << 20)).expect("room"));
            assert!(heap == other && heap.norms()[..] == other.norms()[..], "{}", points.kind());
            assert!((0..60).all(|place| heap.gather(&[place]) == points.gather(&[ids[place]])));
            assert!(points.gather_into(&ids, &outside(64)).is_err(), "{}", points.kind());
            assert!(points.gather_into(&[], &outside(64)).expect("nothing").is_empty());
        }
    }
}
