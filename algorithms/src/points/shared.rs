//! Values that never change and that clones share: allocated by this process, or mapped from a file.

use bytemuck::Pod;
use bytes::Bytes;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// A slice of plain values. A clone shares the memory, so a process holds its points once, however many parts use them.
pub struct Shared<T> {
    bytes: Bytes,
    values: PhantomData<T>,
}

/// Owns the values that [`Bytes`] sees as bytes.
struct Owner<V>(V);

impl<T: Pod> AsRef<[u8]> for Owner<Vec<T>> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl<T: Pod> AsRef<[u8]> for Owner<Arc<Vec<T>>> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl<T: Pod + Send> Shared<T> {
    /// Takes bytes that somebody else owns, such as a mapped file. `None` if they are not a whole number of values, or do not
    /// begin where such values may lie in memory.
    pub fn of_bytes(bytes: Bytes) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Vec::new().into());
        }
        bytemuck::try_cast_slice::<u8, T>(&bytes).is_ok().then_some(Self { bytes, values: PhantomData })
    }

    /// The bytes of the values, in the machine's order.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: Pod + Send> From<Vec<T>> for Shared<T> {
    fn from(values: Vec<T>) -> Self {
        Self { bytes: Bytes::from_owner(Owner(values)), values: PhantomData }
    }
}

impl<T: Pod + Send + Sync> From<Arc<Vec<T>>> for Shared<T> {
    fn from(values: Arc<Vec<T>>) -> Self {
        Self { bytes: Bytes::from_owner(Owner(values)), values: PhantomData }
    }
}

impl<T: Pod> Deref for Shared<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.bytes)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), values: PhantomData }
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::vectors::Line;

    #[test]
    fn a_clone_is_no_copy_and_bytes_must_fit() {
        let values = Shared::from(vec![1_u32, 2, 3]);
        assert!(std::ptr::eq(&raw const values.clone()[0], &raw const values[0]));
        assert_eq!((&values[..], values.as_bytes().len()), (&[1_u32, 2, 3][..], 12));
        assert!(Shared::<Line>::from(Vec::new()).is_empty() && Shared::<Line>::of_bytes(Bytes::new()).is_some());
        let whole = Bytes::from_owner(Owner(vec![7_u64, 8]));
        assert_eq!(Shared::<u64>::of_bytes(whole.slice(8..)).expect("one value")[..], [8]);
        assert!(Shared::<u64>::of_bytes(whole.slice(..12)).is_none(), "a value and a half");
        assert!(Shared::<u64>::of_bytes(whole.slice(4..12)).is_none(), "between two values");
    }
}
