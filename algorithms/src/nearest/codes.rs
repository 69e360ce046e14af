//! Codes of 8 bits for dense vectors: a search by one query reads a quarter of the bytes, and measures exactly what the codes
//! cannot rule out.
//!
//! Value `j` of a row `x` is stored as the whole number `c_j` nearest to `x_j / s`, where `s` is the largest magnitude of the row
//! over 127; a query likewise. A row's codes are stored as `c_j + 128`, without a sign, because the processors' instruction takes
//! one side so. The product of codes is a whole number, and exact.
//!
//! # Error
//!
//! Be `x' = s c` what the codes of `x` stand for, `q'` those of the query `q`. By Cauchy and Schwarz
//!
//! `|<q, x> - <q', x'>| <= |<q, x - x'>| + |<q - q', x'>| <= |q| |x - x'| + |q - q'| (|x| + |x - x'|)`,
//!
//! so the largest `|x - x'|` of all rows but the [long ones](super::filter::Filter::long) bounds the error of all their products; for angular data that of `|x - x'| / |x|`, as the
//! product is divided by `|x|`. The sum of products of codes is rounded to `f32` and multiplied by two factors, and a number may be
//! subtracted: some roundings of 2^-24 of the sum of magnitudes, which are added to the bound.

use super::filter::{ErrorBound, Filter, is_safe, rounding_of_measure};
use super::micro_kernel::{PerRow, Rows, Word};
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::distance::Distance;
use crate::points::Shared;
use crate::points::space::Filling;
use crate::points::vectors::LANES;
use crate::prefetch::fetch;
use crate::whole_instructions::{Instructions, Kind};
use bumpalo::Bump;
use rayon::prelude::*;
use std::ops::Range;

/// Rows are padded to so many bytes, which are multiplied and added up at once.
const STEP: usize = size_of::<Word>();

/// The most bytes that are read at once.
const WIDEST: usize = 64;

/// The longest vectors: 2^16 products of up to 255 x 127 fit into 31 bits.
const LONGEST: usize = 1 << 16;

/// The fewest rows that are worth it.
pub const FEWEST: usize = 1000;

/// Rows that a thread codes at a time.
const TOGETHER: usize = 1024;

/// Rounding of the sums that bound errors, and more.
const INFLATED: f64 = 1.0 + 1e-9;

/// Codes of all rows of a base.
#[derive(Clone, Debug)]
pub struct Codes {
    /// `n x stride`, and some bytes more, so that the last row may be read in the widest steps.
    of_rows: Shared<u8>,
    stride: usize,
    dim: usize,
    distance: Distance,
    /// What a product is multiplied by, for each row: its step `s`; over its norm for angular data.
    factors: Vec<f32>,
    largest: Largest,
}

/// The largest numbers of all rows but the long ones.
#[derive(Clone, Copy, Debug, Default)]
struct Largest {
    /// The error of a row, over its norm for angular data.
    error: f64,
    /// The norm of a row; 1 for angular data.
    norm: f64,
}

/// Codes of a query.
pub struct QueryCodes<'a> {
    /// With zeros up to whole steps of the widest registers.
    codes: &'a [i8],
    /// The step `s`.
    factor: f32,
    /// What the 128 that was added to each code of a row adds to the product.
    added: i32,
    /// The error of similarities.
    bound: ErrorBound,
}

/// The step of a vector's codes, and the length of what they leave out.
struct Coded {
    step: f32,
    error: f64,
}

/// Writes the codes of a vector.
#[multiversion::multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn code(values: &[f32], codes: &mut [i8]) -> Coded {
    /// Sums that are added to in turn.
    const SUMS: usize = 8;
    let step = values.iter().fold(0.0_f32, |largest, value| if value.abs() > largest { value.abs() } else { largest });
    let step = step / 127.0;
    // A vector of zeros, and one whose step is too small for a number, have codes of 0.
    let by = if step > 0.0 { 1.0 / step } else { 0.0 };
    let by = if by.is_finite() { by } else { 0.0 };
    let mut squares = [0.0; SUMS];
    for (values, codes) in values.chunks(SUMS).zip(codes.chunks_mut(SUMS)) {
        for ((&value, to), squares) in values.iter().zip(codes).zip(&mut squares) {
            let code = (value * by).round_ties_even().clamp(-127.0, 127.0);
            *to = code as i8;
            let left = f64::from(value) - f64::from(step) * f64::from(code);
            *squares += left * left;
        }
    }
    Coded { step, error: squares.iter().sum::<f64>().sqrt() * INFLATED }
}

impl Codes {
    /// Codes of all rows, put where [copies](Base::with_copies_in) are; `None` if there are none that bound errors, or no room.
    /// Errors of [long rows](Filter::long) are not bounded.
    pub fn new(base: &Base, filter: &Filter) -> Option<Self> {
        let (vectors, norms) = (base.vectors(), base.norms());
        if vectors.dim() > LONGEST || !norms.iter().all(|&norm| is_safe(norm)) {
            return None;
        }
        let (n, stride) = (vectors.rows(), vectors.dim().next_multiple_of(STEP));
        let bytes = n * stride + WIDEST;
        let mut codes = Filling::with_capacity(base.copies(), bytes).ok()?;
        codes.add_zeros(bytes).ok()?;
        let mut factors = vec![0.0; n];
        let by_angle = base.distance() == Distance::Angular;
        let blocks = codes[..n * stride].par_chunks_mut(TOGETHER * stride).zip(factors.par_chunks_mut(TOGETHER));
        let largest = blocks.enumerate().map(|(block, (codes, factors))| {
            let mut largest = Largest::default();
            for ((codes, factor), i) in codes.chunks_exact_mut(stride).zip(factors).zip(block * TOGETHER..) {
                let Coded { step, error } = code(vectors.row(i), bytemuck::cast_slice_mut(&mut *codes));
                // Without a sign: 128 more.
                codes.iter_mut().for_each(|code| *code ^= 128);
                let over = if by_angle && norms[i] > 0.0 { norms[i] } else { 1.0 };
                *factor = (f64::from(step) / over) as f32;
                if filter.long_within(i..i + 1).is_empty() {
                    largest = largest.or(Largest { error: error / over, norm: norms[i] / over });
                }
            }
            largest
        });
        let largest = largest.reduce(Largest::default, Largest::or);
        let largest = Largest { error: largest.error * INFLATED, norm: largest.norm * INFLATED };
        Some(Self { of_rows: codes.finish(), stride, dim: vectors.dim(), distance: base.distance(), factors, largest })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.of_rows.len() + size_of_val(self.factors.as_slice())
    }

    /// Bytes that the codes of such dense vectors will hold; the factors.
    pub fn estimate(facts: &BaseFacts) -> [usize; 2] {
        let row = facts.dim.next_multiple_of(STEP);
        [facts.rows.saturating_mul(row).saturating_add(WIDEST), facts.rows.saturating_mul(size_of::<f32>())]
    }

    /// Bytes of the codes of a row.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The rows, to be multiplied; the numbers are those of the vectors themselves.
    pub fn rows<'a>(&'a self, per_row: PerRow<'a>) -> Rows<'a> {
        let all = &self.of_rows[..self.factors.len() * self.stride];
        Rows::of_codes(all, self.stride, PerRow { factors: Some(&self.factors), ..per_row })
    }

    /// Codes of a query; `None` if none can bound errors.
    pub fn of_query<'a>(&self, query: Query<'_>, arena: &'a Bump) -> Option<QueryCodes<'a>> {
        if !is_safe(query.norm) {
            return None;
        }
        let values: &[f32] = bytemuck::cast_slice(query.lines());
        let codes = arena.alloc_slice_fill_copy(self.stride.next_multiple_of(WIDEST).max(values.len()), 0_i8);
        let Coded { step, error } = code(values, codes);
        let added = 128 * codes.iter().map(|&code| i32::from(code)).sum::<i32>();
        let (norm, of_rows) = (query.norm * INFLATED, self.largest.norm + self.largest.error);
        let by_codes = norm * self.largest.error + error * of_rows;
        let rounding =
            8.0 * f64::from(f32::EPSILON) * ((norm + error) * of_rows + self.largest.norm * self.largest.norm);
        let error = (by_codes + rounding + self.of_measure(query.norm)) * INFLATED;
        Some(QueryCodes { codes, factor: step, added, bound: ErrorBound::of(error) })
    }

    /// See [`rounding_of_measure`].
    fn of_measure(&self, query_norm: f64) -> f64 {
        rounding_of_measure(self.distance, self.dim, [query_norm, self.largest.norm])
    }

    /// The similarities of rows to a query, but for what is subtracted for euclidean data.
    ///
    /// # Panics
    /// If there is not one for each row.
    pub fn similarities(&self, query: &QueryCodes<'_>, rows: Range<usize>, out: &mut [f32]) {
        assert!(rows.end <= self.factors.len() && rows.len() == out.len());
        let codes = &self.of_rows[rows.start * self.stride..rows.end * self.stride + WIDEST];
        let counts: &mut [i32] = bytemuck::cast_slice_mut(out);
        products(Instructions::best(), query.codes, Block { codes, stride: self.stride }, counts);
        scale(query, &self.factors[rows], out);
    }
}

impl Largest {
    /// The larger of each two.
    fn or(self, other: Self) -> Self {
        Self { error: self.error.max(other.error), norm: self.norm.max(other.norm) }
    }
}

impl QueryCodes<'_> {
    /// A bound on the error of similarities.
    pub fn bound(&self) -> ErrorBound {
        self.bound
    }

    /// The codes, zeros behind them.
    pub fn codes(&self) -> &[i8] {
        self.codes
    }

    /// The step.
    pub fn factor(&self) -> f32 {
        self.factor
    }

    /// What the 128 that was added to each code of a row adds to the product with it.
    pub fn added(&self) -> i32 {
        self.added
    }
}

/// Turns products of codes, whole numbers in the place of `f32`, into similarities.
#[multiversion::multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn scale(query: &QueryCodes<'_>, factors: &[f32], out: &mut [f32]) {
    for (out, factor) in out.iter_mut().zip(factors) {
        let product = out.to_bits() as i32 - query.added;
        *out = product as f32 * (factor * query.factor);
    }
}

/// Rows of codes, and as many bytes more as are read at once.
#[derive(Clone, Copy)]
struct Block<'a> {
    codes: &'a [u8],
    stride: usize,
}

/// Sums of products of a query's codes with those of each row of a block.
fn products(instructions: Instructions, query: &[i8], block: Block<'_>, out: &mut [i32]) {
    match instructions.kind() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Kind::Vnni => unsafe { products_with_vnni(query, block, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Kind::Avx2 => unsafe { products_with_avx2(query, block, out) },
        Kind::Portable => products_by_sums::<[i32; LANES]>(query, block, out),
    }
}

/// Sums of products, several at once.
trait Sums: Copy {
    /// Codes that are read at once: at most [`WIDEST`], a multiple of [`STEP`] or a part of it.
    const CODES: usize;

    /// All zero.
    fn zero() -> Self;

    /// Adds the products of so many codes.
    ///
    /// # Safety
    /// There are so many of both.
    unsafe fn plus(self, query: *const i8, row: *const u8) -> Self;

    /// The sum of all of each.
    fn totals(of: &[Self; 8]) -> [i32; 8];
}

impl Sums for [i32; LANES] {
    const CODES: usize = LANES;

    #[inline(always)]
    fn zero() -> Self {
        [0; LANES]
    }

    #[inline(always)]
    unsafe fn plus(self, query: *const i8, row: *const u8) -> Self {
        // SAFETY: as the caller promises; bytes need no alignment.
        let (query, row) = unsafe { (query.cast::<[i8; LANES]>().read(), row.cast::<[u8; LANES]>().read()) };
        std::array::from_fn(|i| self[i] + i32::from(query[i]) * i32::from(row[i]))
    }

    #[inline(always)]
    fn totals(of: &[Self; 8]) -> [i32; 8] {
        of.map(|sums| sums.iter().sum())
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Sums;
    use std::arch::x86_64::{
        __m256i, __m512i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16,
        _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_permute2x128_si256, _mm256_setzero_si256, _mm512_castsi512_si256,
        _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_loadu_si512, _mm512_setzero_si512,
    };

    /// The sums of each four lanes next to each other, then of the halves.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn totals_of_256(of: &[__m256i; 8]) -> [i32; 8] {
        let pairs = |a, b| _mm256_hadd_epi32(of[a], of[b]);
        let (a, b) = (_mm256_hadd_epi32(pairs(0, 1), pairs(2, 3)), _mm256_hadd_epi32(pairs(4, 5), pairs(6, 7)));
        let halves = [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)];
        bytemuck::must_cast(_mm256_add_epi32(halves[0], halves[1]))
    }

    impl Sums for __m512i {
        const CODES: usize = 64;

        #[inline(always)]
        fn zero() -> Self {
            // SAFETY: only functions compiled for these instructions use the register, see `products`.
            unsafe { _mm512_setzero_si512() }
        }

        #[inline(always)]
        unsafe fn plus(self, query: *const i8, row: *const u8) -> Self {
            // SAFETY: as the caller promises, and as above.
            unsafe { _mm512_dpbusd_epi32(self, _mm512_loadu_si512(row.cast()), _mm512_loadu_si512(query.cast())) }
        }

        #[inline(always)]
        fn totals(of: &[Self; 8]) -> [i32; 8] {
            // SAFETY: only functions compiled for these instructions use the register, see `products`.
            unsafe {
                let halved =
                    |i: usize| _mm256_add_epi32(_mm512_castsi512_si256(of[i]), _mm512_extracti64x4_epi64::<1>(of[i]));
                // Written out: `map` would go through memory.
                totals_of_256(&[halved(0), halved(1), halved(2), halved(3), halved(4), halved(5), halved(6), halved(7)])
            }
        }
    }

    impl Sums for __m256i {
        const CODES: usize = 16;

        #[inline(always)]
        fn zero() -> Self {
            // SAFETY: only functions compiled for these instructions use the register, see `products`.
            unsafe { _mm256_setzero_si256() }
        }

        #[inline(always)]
        unsafe fn plus(self, query: *const i8, row: *const u8) -> Self {
            // SAFETY: as the caller promises, and as above.
            unsafe {
                let query = _mm256_cvtepi8_epi16(_mm_loadu_si128(query.cast()));
                let row = _mm256_cvtepu8_epi16(_mm_loadu_si128(row.cast()));
                _mm256_add_epi32(self, _mm256_madd_epi16(query, row))
            }
        }

        #[inline(always)]
        fn totals(of: &[Self; 8]) -> [i32; 8] {
            // SAFETY: only functions compiled for these instructions use the register, see `products`.
            unsafe { totals_of_256(of) }
        }
    }
}

/// # Safety
/// The processor has AVX-512 F and VNNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn products_with_vnni(query: &[i8], block: Block<'_>, out: &mut [i32]) {
    products_by_sums::<std::arch::x86_64::__m512i>(query, block, out);
}

/// # Safety
/// The processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn products_with_avx2(query: &[i8], block: Block<'_>, out: &mut [i32]) {
    products_by_sums::<std::arch::x86_64::__m256i>(query, block, out);
}

/// Bytes from those that are multiplied to those that are fetched meanwhile.
const AHEAD: usize = 4096;

/// Eight rows at a time.
#[inline(always)]
fn products_by_sums<S: Sums>(query: &[i8], block: Block<'_>, out: &mut [i32]) {
    let Block { codes, stride } = block;
    let steps = stride.div_ceil(S::CODES);
    // What is read beyond a row is multiplied by zeros of the query.
    assert!(S::CODES <= WIDEST && query.len() >= steps * S::CODES && codes.len() == out.len() * stride + WIDEST);
    let mut eights = out.chunks_exact_mut(8);
    let mut first = 0;
    for out in &mut eights {
        let mut sums = [S::zero(); 8];
        for row in 0..8 {
            let start = codes.as_ptr().wrapping_add((first + row) * stride);
            for k in (0..steps).map(|step| step * S::CODES) {
                let at = start.wrapping_add(k);
                fetch(at.wrapping_add(AHEAD));
                // SAFETY: `k < stride` and the row is one of those of `out`, so that at least `WIDEST >= CODES` bytes follow; the
                // query has `steps * CODES` codes.
                sums[row] = unsafe { sums[row].plus(query.as_ptr().add(k), at) };
            }
        }
        out.copy_from_slice(&S::totals(&sums));
        first += 8;
    }
    for out in eights.into_remainder() {
        let mut sums = [S::zero(); 8];
        for k in (0..steps).map(|step| step * S::CODES) {
            let at = codes.as_ptr().wrapping_add(first * stride + k);
            // SAFETY: as above.
            sums[0] = unsafe { sums[0].plus(query.as_ptr().add(k), at) };
        }
        *out = S::totals(&sums)[0];
        first += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn drawn(rows: usize, dim: usize, seed: u64, outlier: f32) -> Vec<f32> {
        let mut rng = random::stream(seed, "codes", dim as u64);
        let value = |i: usize| if i % 97 == 5 { outlier } else { random::normal(&mut rng) as f32 };
        (0..rows * dim).map(value).collect()
    }

    /// All extremes: codes of 127 and -127 everywhere, zeros, and drawn ones; rows of all remainders.
    #[test]
    fn products_of_codes_are_exact() {
        for stride in [16, 48, 64, 112, 1536] {
            for rows in [1, 7, 8, 9, 23] {
                let mut rng = random::stream(3, "products", (stride * rows) as u64);
                let mut codes: Vec<u8> = (0..rows * stride).map(|_| random::below(&mut rng, 256) as u8).collect();
                codes[..stride].fill(255);
                codes.extend([77; WIDEST]);
                let mut query = vec![0_i8; stride.next_multiple_of(WIDEST)];
                query[..stride].iter_mut().for_each(|code| *code = random::below(&mut rng, 255) as i8);
                for query in [query, [vec![-127; stride], vec![0; stride.next_multiple_of(WIDEST) - stride]].concat()] {
                    let row = |i: usize| codes[i * stride..][..stride].iter().zip(&query);
                    let expected: Vec<i32> =
                        (0..rows).map(|i| row(i).map(|(&code, &of)| i32::from(code) * i32::from(of)).sum()).collect();
                    for instructions in Instructions::available() {
                        let mut out = vec![-1; rows];
                        products(instructions, &query, Block { codes: &codes, stride }, &mut out);
                        assert_eq!(out, expected, "{instructions:?}, {rows} x {stride}");
                    }
                }
            }
        }
    }

    /// Rows with outliers, of which most codes are small; zeros; and norms far from 1.
    #[test]
    fn similarities_are_within_the_bound() {
        for (dim, outlier, scale) in
            [(1, 1.0, 1.0_f32), (3, 1.0, 1e-8), (100, 40.0, 1.0), (130, 1e6, 1e5), (300, 0.0, 3.0)]
        {
            let mut rows = drawn(50, dim, 1, outlier);
            rows[dim..2 * dim].fill(0.0);
            rows.iter_mut().for_each(|value| *value *= scale);
            for distance in Distance::DENSE {
                let base = Base::from_values(&rows, dim, distance).expect("finite");
                let filter = Filter::new(&base);
                let codes = Codes::new(&base, &filter).expect("safe norms");
                let arena = Bump::new();
                for i in 0..50 {
                    let query = base.query(i);
                    let of_query = codes.of_query(query, &arena).expect("a safe norm");
                    let mut out = vec![0.0; 50];
                    codes.similarities(&of_query, 0..50, &mut out);
                    let bounded =
                        out.iter().enumerate().filter(|&(row, _)| filter.long_within(row..row + 1).is_empty());
                    for (row, &similarity) in bounded {
                        let product = crate::points::dense::dot(query.lines(), base.query(row).lines());
                        let norm = base.norms()[row];
                        let over = if distance == Distance::Angular && norm > 0.0 { norm } else { 1.0 };
                        let error = (f64::from(similarity) - product / over).abs();
                        let bound = of_query.bound().size();
                        assert!(error <= bound, "{dim}, {distance}: {error} > {bound}");
                    }
                }
            }
        }
    }
}
