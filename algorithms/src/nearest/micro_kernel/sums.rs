//! Sums of products, as many as a register has lanes: of values, of codes, or of numbers of 16 bits.

use super::register::Register;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m256i, __m512, __m512i, _mm256_add_epi32, _mm256_cvtepi32_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi32, _mm512_setzero_si512,
};

/// What is multiplied at once of one vector: a value of 32 bits, four codes of 8 bits, or two whole numbers of 16 bits.
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

/// Sums of products of whole numbers of 16 bits. They are exact, and so the same with all instructions; what they amount to is
/// rounded once.
#[derive(Clone, Copy)]
pub struct Pairs<S>(S);

macro_rules! pairs {
    ($sums:ty, $products:ty, $zero:expr, $all:expr, $load:expr, $plus:expr, $rounded:expr) => {
        impl Sums<$products> for Pairs<$sums> {
            #[inline(always)]
            fn begin(_: &[i32], _: usize) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply_grid`.
                unsafe { Self($zero()) }
            }

            #[inline(always)]
            fn all(word: Word) -> Self {
                // SAFETY: as in `begin`.
                unsafe { Self($all(i32::from_ne_bytes(word))) }
            }

            #[inline(always)]
            unsafe fn load(from: *const Word) -> Self {
                // SAFETY: as the caller promises.
                unsafe { Self($load(from)) }
            }

            #[inline(always)]
            fn plus(self, of_row: Self, of_queries: Self) -> Self {
                // SAFETY: as in `begin`.
                unsafe { Self($plus(self.0, of_row.0, of_queries.0)) }
            }

            #[inline(always)]
            fn factors(_: &[f32], _: usize) -> $products {
                <$products as Register>::all(1.0)
            }

            #[inline(always)]
            fn products(self, _: $products) -> $products {
                // SAFETY: as in `begin`.
                unsafe { $rounded(self.0) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
pairs!(
    __m512i,
    __m512,
    _mm512_setzero_si512,
    _mm512_set1_epi32,
    |from: *const Word| _mm512_loadu_si512(from.cast()),
    _mm512_dpwssd_epi32,
    _mm512_cvtepi32_ps
);
#[cfg(target_arch = "x86_64")]
pairs!(
    __m256i,
    __m256,
    _mm256_setzero_si256,
    _mm256_set1_epi32,
    |from: *const Word| _mm256_loadu_si256(from.cast()),
    |sums, a, b| _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)),
    _mm256_cvtepi32_ps
);

impl Sums<[f32; 4]> for Pairs<[i32; 4]> {
    #[inline(always)]
    fn begin(_: &[i32], _: usize) -> Self {
        Self([0; 4])
    }

    #[inline(always)]
    fn all(word: Word) -> Self {
        Self([i32::from_ne_bytes(word); 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const Word) -> Self {
        // SAFETY: as the caller promises; bytes need no alignment.
        Self(unsafe { from.cast::<[i32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    fn plus(self, of_row: Self, of_queries: Self) -> Self {
        // The lower half of a word, with its sign, and the upper one; which number each is makes no difference.
        let product = |a: i32, b: i32| (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
        Self(std::array::from_fn(|lane| self.0[lane] + product(of_row.0[lane], of_queries.0[lane])))
    }

    #[inline(always)]
    fn factors(_: &[f32], _: usize) -> [f32; 4] {
        [1.0; 4]
    }

    #[inline(always)]
    fn products(self, _: [f32; 4]) -> [f32; 4] {
        self.0.map(|sum| sum as f32)
    }
}
