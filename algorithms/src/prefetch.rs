//! Fetching memory before it is needed.

/// Bytes that are fetched at once.
const LINE: usize = 64;

/// At most so many lines are fetched; the processor fetches what follows by itself.
const MOST: usize = 16;

/// Says that these values will be read soon.
#[inline(always)]
pub fn prefetch<T>(values: &[T]) {
    let first = values.as_ptr().cast::<u8>();
    // Values need not begin where a line does: the last byte may lie in one line more.
    let bytes = size_of_val(values) + first.addr() % LINE;
    for line in 0..bytes.div_ceil(LINE).min(MOST) {
        fetch(first.wrapping_add(line * LINE));
    }
}

/// Says that the 64 bytes around this place, which may be any, will be read soon.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn fetch(at: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which reads nothing and may name any address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

/// Elsewhere there is no stable way to ask for it.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn fetch(_: *const u8) {}
