//! Memory in large pages, where the system has them: values that are read in no order are then found in less time, as the processor
//! remembers where the pages of far more of them are.

/// Bytes from which on it is worth to ask: some large pages.
#[cfg(target_os = "linux")]
const LARGE: usize = 8 << 20;

/// An empty vector with room for so many values.
pub fn with_capacity<T>(count: usize) -> Vec<T> {
    #[allow(unused_mut, reason = "only where the system is asked")]
    let mut values = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    ask(values.spare_capacity_mut());
    values
}

/// So many times the same value.
pub fn filled<T: Clone>(value: T, count: usize) -> Vec<T> {
    let mut values = with_capacity(count);
    values.resize(count, value);
    values
}

/// Asks the system to use large pages for this memory, which nothing was written to yet. It need not do so.
#[cfg(target_os = "linux")]
fn ask<T>(memory: &mut [std::mem::MaybeUninit<T>]) {
    use rustix::mm::{Advice, madvise};
    let (bytes, page) = (size_of_val(memory), rustix::param::page_size());
    let start = memory.as_mut_ptr().cast::<u8>();
    let to_page = start.align_offset(page);
    if bytes < LARGE || to_page >= bytes {
        return;
    }
    let whole = (bytes - to_page) / page * page;
    // SAFETY: the pages lie within the memory. The advice changes how they are mapped, and not what they hold.
    let answer = unsafe { madvise(start.add(to_page).cast(), whole, Advice::LinuxHugepage) };
    // A system without large pages refuses.
    answer.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fewer bytes than are worth it, and more.
    #[test]
    fn values_are_those_of_other_vectors() {
        for count in [0, 1, 1000, 3_000_000] {
            assert_eq!(filled(7_u64, count), vec![7; count]);
            let empty: Vec<[u8; 64]> = with_capacity(count);
            assert!(empty.is_empty() && empty.capacity() >= count);
        }
    }
}
