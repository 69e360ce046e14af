//! Products of a vector of whole numbers of 16 bits with rows that lie anywhere, of numbers of 16 or of 8 bits: what building and walking
//! a graph spends most of its time on. Sums are exact, and so the same with all instructions.
//!
//! Four rows are multiplied at once: enough chains of additions under way, which are added up together.

use crate::whole_instructions::{Instructions, Kind};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256i, __m512i};

/// Rows that are multiplied at once.
const AT_ONCE: usize = 4;

/// Rows have a multiple of so many numbers, the most that are multiplied at once.
const WIDEST: usize = 32;

/// Rows of `stride` numbers each, one after another.
#[derive(Clone, Copy)]
pub struct WholeRows<'a, T: Whole> {
    numbers: &'a [T],
    stride: usize,
}

impl<'a, T: Whole> WholeRows<'a, T> {
    /// # Panics
    /// If a row is no multiple of 32 numbers.
    pub fn new(numbers: &'a [T], stride: usize) -> Self {
        assert!(stride.is_multiple_of(WIDEST));
        Self { numbers, stride }
    }

    #[inline(always)]
    fn row(self, id: u32) -> &'a [T] {
        &self.numbers[id as usize * self.stride..][..self.stride]
    }
}

/// Sums of products, several at once.
trait Sums<T>: Copy {
    /// Numbers that are multiplied at once; [`WIDEST`] is a multiple.
    const NUMBERS: usize;

    /// All zero.
    fn zero() -> Self;

    /// Adds the products of so many numbers.
    ///
    /// # Safety
    /// There are so many of both.
    unsafe fn plus(self, of: *const i16, row: *const T) -> Self;

    /// The sum of all of each.
    fn totals(of: &[Self; AT_ONCE]) -> [i32; AT_ONCE];
}

/// What rows hold.
pub trait Whole: Copy {
    /// See [`products`].
    fn products_with(instructions: Instructions, of: &[i16], rows: WholeRows<'_, Self>, ids: &[u32], out: &mut [i32]);
}

/// The products of `of` with the rows at `ids`, one for each value of `out`. No sum of some of the products may be beyond 31 bits.
///
/// # Panics
/// If `of` is not as long as a row, or there is not a value for each id.
#[inline(always)]
pub fn products<T: Whole>(of: &[i16], rows: WholeRows<'_, T>, ids: &[u32], out: &mut [i32]) {
    T::products_with(Instructions::best(), of, rows, ids, out);
}

#[inline(always)]
fn products_by_fours<T: Whole, S: Sums<T>>(of: &[i16], rows: WholeRows<'_, T>, ids: &[u32], out: &mut [i32]) {
    assert!(of.len() == rows.stride && ids.len() == out.len());
    let (mut fours, mut outs) = (ids.chunks_exact(AT_ONCE), out.chunks_exact_mut(AT_ONCE));
    for (ids, out) in (&mut fours).zip(&mut outs) {
        let rows = [rows.row(ids[0]), rows.row(ids[1]), rows.row(ids[2]), rows.row(ids[3])];
        out.copy_from_slice(&products_of_four::<T, S>(of, rows));
    }
    let (ids, out) = (fours.remainder(), outs.into_remainder());
    if let Some(&last) = ids.last() {
        // Filled up with the last one.
        let row = |at: usize| rows.row(ids.get(at).copied().unwrap_or(last));
        let products = products_of_four::<T, S>(of, [row(0), row(1), row(2), row(3)]);
        out.copy_from_slice(&products[..out.len()]);
    }
}

/// All five are equally long.
#[inline(always)]
fn products_of_four<T, S: Sums<T>>(of: &[i16], rows: [&[T]; AT_ONCE]) -> [i32; AT_ONCE] {
    let mut sums = [S::zero(); AT_ONCE];
    for at in (0..of.len()).step_by(S::NUMBERS) {
        for row in 0..AT_ONCE {
            // SAFETY: `at + NUMBERS <= of.len()`, as both are multiples, and rows are as long as `of`, see `WholeRows::row`.
            sums[row] = unsafe { sums[row].plus(of.as_ptr().add(at), rows[row].as_ptr().add(at)) };
        }
    }
    S::totals(&sums)
}

/// How rows of these numbers are multiplied.
macro_rules! whole {
    ($number:ty, $vnni:ident, $avx2:ident, $wide:expr, $half:expr) => {
        impl Whole for $number {
            #[inline(always)]
            fn products_with(set: Instructions, of: &[i16], rows: WholeRows<'_, Self>, ids: &[u32], out: &mut [i32]) {
                match set.kind() {
                    #[cfg(target_arch = "x86_64")]
                    // SAFETY: the processor has them, see `Instructions::available`.
                    Kind::Vnni => unsafe { $vnni(of, rows, ids, out) },
                    #[cfg(target_arch = "x86_64")]
                    // SAFETY: the processor has them, see `Instructions::available`.
                    Kind::Avx2 => unsafe { $avx2(of, rows, ids, out) },
                    Kind::Portable => products_by_fours::<Self, [i32; 8]>(of, rows, ids, out),
                }
            }
        }

        /// # Safety
        /// The processor has AVX-512 BW and VNNI.
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512bw,avx512vnni")]
        unsafe fn $vnni(of: &[i16], rows: WholeRows<'_, $number>, ids: &[u32], out: &mut [i32]) {
            products_by_fours::<$number, __m512i>(of, rows, ids, out);
        }

        /// # Safety
        /// The processor has AVX2.
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        unsafe fn $avx2(of: &[i16], rows: WholeRows<'_, $number>, ids: &[u32], out: &mut [i32]) {
            products_by_fours::<$number, __m256i>(of, rows, ids, out);
        }

        #[cfg(target_arch = "x86_64")]
        impl Sums<$number> for __m512i {
            const NUMBERS: usize = 32;

            #[inline(always)]
            fn zero() -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Whole::products_with`.
                unsafe { x86::_mm512_setzero_si512() }
            }

            #[inline(always)]
            unsafe fn plus(self, of: *const i16, row: *const $number) -> Self {
                // SAFETY: as the caller promises, and as above.
                unsafe { x86::_mm512_dpwssd_epi32(self, x86::_mm512_loadu_si512(of.cast()), $wide(row)) }
            }

            #[inline(always)]
            fn totals(of: &[Self; AT_ONCE]) -> [i32; AT_ONCE] {
                // SAFETY: only functions compiled for these instructions use the register, see `Whole::products_with`.
                unsafe { x86::totals_of_512(of) }
            }
        }

        #[cfg(target_arch = "x86_64")]
        impl Sums<$number> for __m256i {
            const NUMBERS: usize = 16;

            #[inline(always)]
            fn zero() -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Whole::products_with`.
                unsafe { x86::_mm256_setzero_si256() }
            }

            #[inline(always)]
            unsafe fn plus(self, of: *const i16, row: *const $number) -> Self {
                // SAFETY: as the caller promises, and as above.
                unsafe {
                    let products = x86::_mm256_madd_epi16(x86::_mm256_loadu_si256(of.cast()), $half(row));
                    x86::_mm256_add_epi32(self, products)
                }
            }

            #[inline(always)]
            fn totals(of: &[Self; AT_ONCE]) -> [i32; AT_ONCE] {
                // SAFETY: only functions compiled for these instructions use the register, see `Whole::products_with`.
                unsafe { x86::totals_of_256(of) }
            }
        }

        impl Sums<$number> for [i32; 8] {
            const NUMBERS: usize = 8;

            #[inline(always)]
            fn zero() -> Self {
                [0; 8]
            }

            #[inline(always)]
            unsafe fn plus(self, of: *const i16, row: *const $number) -> Self {
                // SAFETY: as the caller promises; both are aligned as single numbers are.
                let (of, row) = unsafe { (of.cast::<[i16; 8]>().read(), row.cast::<[$number; 8]>().read()) };
                std::array::from_fn(|i| self[i] + i32::from(of[i]) * i32::from(row[i]))
            }

            #[inline(always)]
            fn totals(of: &[Self; AT_ONCE]) -> [i32; AT_ONCE] {
                of.map(|sums| sums.iter().sum())
            }
        }
    };
}

whole!(
    i16,
    numbers_with_vnni,
    numbers_with_avx2,
    |row: *const i16| x86::_mm512_loadu_si512(row.cast()),
    |row: *const i16| x86::_mm256_loadu_si256(row.cast())
);
whole!(
    i8,
    codes_with_vnni,
    codes_with_avx2,
    |row: *const i8| x86::_mm512_cvtepi8_epi16(x86::_mm256_loadu_si256(row.cast())),
    |row: *const i8| x86::_mm256_cvtepi8_epi16(x86::_mm_loadu_si128(row.cast()))
);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::AT_ONCE;
    use std::arch::x86_64::{__m256i, __m512i};
    pub use std::arch::x86_64::{
        _mm_add_epi32, _mm_loadu_si128, _mm256_add_epi32, _mm256_castsi256_si128, _mm256_cvtepi8_epi16,
        _mm256_extracti128_si256, _mm256_hadd_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_setzero_si256,
        _mm512_castsi512_si256, _mm512_cvtepi8_epi16, _mm512_dpwssd_epi32, _mm512_extracti64x4_epi64,
        _mm512_loadu_si512, _mm512_setzero_si512,
    };

    /// The sums of each four lanes next to each other, then of the halves.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn totals_of_256(of: &[__m256i; AT_ONCE]) -> [i32; AT_ONCE] {
        let sums = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
        bytemuck::must_cast(_mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums)))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn totals_of_512(of: &[__m512i; AT_ONCE]) -> [i32; AT_ONCE] {
        let halved = |i: usize| _mm256_add_epi32(_mm512_castsi512_si256(of[i]), _mm512_extracti64x4_epi64::<1>(of[i]));
        // Written out: `map` would go through memory.
        totals_of_256(&[halved(0), halved(1), halved(2), halved(3)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn check<T: Whole + Into<i64>>(drawn: impl Fn(&mut rand_chacha::ChaCha8Rng) -> T) {
        for stride in [32, 64, 96, 1536] {
            let mut rng = random::stream(11, "whole products", stride as u64);
            let numbers: Vec<T> = (0..20 * stride).map(|_| drawn(&mut rng)).collect();
            // So large that the largest sums still fit.
            let of: Vec<i16> = (0..stride).map(|_| random::below(&mut rng, 1999) as i16 - 999).collect();
            let rows = WholeRows::new(&numbers, stride);
            for count in 0..10 {
                let ids: Vec<u32> = (0..count).map(|_| random::below(&mut rng, 20) as u32).collect();
                let expected: Vec<i64> = ids
                    .iter()
                    .map(|&id| of.iter().zip(rows.row(id)).map(|(&a, &b)| i64::from(a) * b.into()).sum())
                    .collect();
                for instructions in Instructions::available() {
                    let mut out = vec![-1; ids.len()];
                    T::products_with(instructions, &of, rows, &ids, &mut out);
                    let out: Vec<i64> = out.into_iter().map(i64::from).collect();
                    assert_eq!(out, expected, "{instructions:?}, {count} of {stride}");
                }
            }
        }
    }

    #[test]
    fn products_are_exact_with_all_instructions() {
        check(|rng| random::below(rng, 2001) as i16 - 1000);
        check(|rng| (random::below(rng, 256) as i32 - 128) as i8);
    }
}
