//! Sums of products, as many as a register has lanes: of values, or of codes.

use super::register::Register;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m512, __m512i, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi32,
};

/// What is multiplied at once of one vector: a value of 32 bits, or four codes of 8 bits.
pub type Word = [u8; 4];

/// Registers of sums, and of the words that are multiplied. `R` has what the sums amount to.
pub trait Sums<R: Register>: Copy {
    /// The sums of a register of queries from number `query` on, before a product is added.
    fn begin(firsts: &[i32], query: usize) -> Self;

    /// The same word in all lanes.
    fn all(word: Word) -> Self;

    /// Reads words from memory.
    ///
    /// # Safety
    /// There are so many from this place on.
    unsafe fn load(from: *const Word) -> Self;

    /// Adds the products of words of a row and of queries.
    fn plus(self, of_row: Self, of_queries: Self) -> Self;

    /// The factors of a register of queries from number `query` on.
    fn factors(factors: &[f32], query: usize) -> R;

    /// What the sums amount to.
    fn products(self, factors: R) -> R;
}

impl<R: Register> Sums<R> for R {
    #[inline(always)]
    fn begin(_: &[i32], _: usize) -> Self {
        R::all(0.0)
    }

    #[inline(always)]
    fn all(word: Word) -> Self {
        R::all(f32::from_ne_bytes(word))
    }

    #[inline(always)]
    unsafe fn load(from: *const Word) -> Self {
        // SAFETY: as the caller promises; registers are loaded from any place.
        unsafe { R::load(from.cast()) }
    }

    #[inline(always)]
    fn plus(self, of_row: Self, of_queries: Self) -> Self {
        of_row.times_plus(of_queries, self)
    }

    #[inline(always)]
    fn factors(_: &[f32], _: usize) -> R {
        R::all(1.0)
    }

    #[inline(always)]
    fn products(self, _: R) -> R {
        self
    }
}

/// Queries of a register.
#[cfg(target_arch = "x86_64")]
const LANES: usize = <__m512 as Register>::LANES;

/// Sums of codes: those of rows have no sign, those of queries have one.
#[cfg(target_arch = "x86_64")]
impl Sums<__m512> for __m512i {
    #[inline(always)]
    fn begin(firsts: &[i32], query: usize) -> Self {
        let firsts = &firsts[query..][..LANES];
        // SAFETY: there are so many; only functions compiled for these instructions use the register, see
        // `Panels::multiply_codes`.
        unsafe { _mm512_loadu_si512(firsts.as_ptr().cast()) }
    }

    #[inline(always)]
    fn all(word: Word) -> Self {
        // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply_codes`.
        unsafe { _mm512_set1_epi32(i32::from_ne_bytes(word)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const Word) -> Self {
        // SAFETY: as the caller promises.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    fn plus(self, of_row: Self, of_queries: Self) -> Self {
        // SAFETY: as in `all`.
        unsafe { _mm512_dpbusd_epi32(self, of_row, of_queries) }
    }

    #[inline(always)]
    fn factors(factors: &[f32], query: usize) -> __m512 {
        let factors = &factors[query..][..LANES];
        // SAFETY: there are so many.
        unsafe { <__m512 as Register>::load(factors.as_ptr()) }
    }

    #[inline(always)]
    fn products(self, factors: __m512) -> __m512 {
        // SAFETY: as in `all`.
        unsafe { _mm512_mul_ps(_mm512_cvtepi32_ps(self), factors) }
    }
}
