//! Approximate similarities of many dense queries to many rows, at the machine's speed: the loop that exact search spends its time
//! in. Products never reach memory; what is below a query's cut is dropped in registers.
//!
//! Queries are packed into panels: value `k` of all queries of a panel stands in one run, so that a load gives the same value of
//! as many queries as a register holds. Rows stay as they are, and each of their values is spread over a register. A group of rows
//! times a panel fills the registers with sums (12 rows times 32 queries with AVX-512), so that each loaded value is used many
//! times.
//!
//! # Error
//!
//! A similarity is a sum of `d` products, in the order of `k`; it is then multiplied by a number of the row, and another is added.
//! Each step rounds by at most 2^-24 of its result. Whether or not a product is rounded before it is added, the sum is off by at most
//! `d + 1` such roundings of the sum of magnitudes, and the similarity by three more, since the row's number is rounded, too. The bound
//! of [`super::filter`], `(d + 16) 2^-23`, is more than twice that.

use super::filter::Contenders;
use crate::points::Vectors;
use crate::points::vectors::{LANES, Line};
use std::hint::black_box;
use std::ops::Range;

/// Bytes of rows that are multiplied by all panels before the next ones are: they stay in the second-level cache.
const CHUNK: usize = 256 << 10;

/// Values from the one that is multiplied to the one that is fetched meanwhile: 4 KiB.
const AHEAD: usize = 1024;

/// The most queries of a panel.
const WIDEST: usize = 32;

/// The most rows of a group.
const TALLEST: usize = 12;

/// What the processor offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// Sixteen numbers a register, 32 registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// Eight numbers a register, 16 registers.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the compiler makes of arrays of four numbers: NEON on ARM, SSE2 on x86.
    Portable,
}

impl Instructions {
    /// All that work here, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(target_arch = "x86_64")]
            (Self::Avx512, is_x86_feature_detected!("avx512f")),
            #[cfg(target_arch = "x86_64")]
            (Self::Avx2, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
            (Self::Portable, true),
        ];
        all.into_iter().filter(|&(_, works)| works).map(|(instructions, _)| instructions)
    }

    /// The fastest that works here.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Queries a panel holds: a whole number of lines.
    pub fn width(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => WIDEST,
            _ => LANES,
        }
    }
}

/// What turns the product of a query with a row into a similarity: one number a row.
#[derive(Clone, Copy, Debug)]
pub enum PerRow<'a> {
    /// Nothing.
    Nothing,
    /// It is multiplied by the row's number.
    Times(&'a [f32]),
    /// The row's number is subtracted.
    Minus(&'a [f32]),
}

impl PerRow<'_> {
    /// The factor of each row of a group, and the number to add.
    #[inline(always)]
    fn of_group<const ROWS: usize>(self, first: usize) -> ([f32; ROWS], [f32; ROWS]) {
        let group = |numbers: &[f32]| std::array::from_fn(|row| numbers[first..first + ROWS][row]);
        match self {
            Self::Nothing => ([1.0; ROWS], [0.0; ROWS]),
            Self::Times(factors) => (group(factors), [0.0; ROWS]),
            Self::Minus(numbers) => ([1.0; ROWS], group(numbers).map(|number: f32| -number)),
        }
    }
}

/// Rows to be multiplied.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// All rows.
    pub vectors: &'a Vectors,
    /// A number for each of them.
    pub per_row: PerRow<'a>,
    /// Which of them.
    pub part: Part,
}

/// Some of the rows. A sample is one group of rows in [`ONE_IN`], and not one run of them in so many: those that stand near each
/// other in a file are often alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All rows.
    All,
    /// The first group, and each that follows one by `ONE_IN` groups.
    Sample,
    /// All others.
    Rest,
}

/// Groups of rows of which a sample has one.
pub const ONE_IN: usize = 16;

impl Part {
    /// Whether it has the rows of a group, by the number of the group.
    #[inline(always)]
    fn has(self, group: usize) -> bool {
        match self {
            Self::All => true,
            Self::Sample => group.is_multiple_of(ONE_IN),
            Self::Rest => !group.is_multiple_of(ONE_IN),
        }
    }
}

/// Packed queries, and the working memory that multiplying them takes.
#[derive(Debug)]
pub struct Panels {
    instructions: Instructions,
    /// `dim x width` of each panel.
    values: Vec<Line>,
    /// The cut of each query: `width` of each panel.
    cuts: Vec<Line>,
    dim: usize,
}

impl Default for Panels {
    fn default() -> Self {
        Self::with(Instructions::best())
    }
}

impl Panels {
    /// None yet.
    pub fn with(instructions: Instructions) -> Self {
        Self { instructions, values: Vec::new(), cuts: Vec::new(), dim: 0 }
    }

    /// Packs some queries.
    pub fn pack(&mut self, queries: &Vectors, range: Range<usize>) {
        let width = self.instructions.width();
        self.dim = queries.dim();
        let panels = range.len().div_ceil(width);
        let zeros = Line([0.0; LANES]);
        self.values.clear();
        self.values.resize(panels * self.dim * width / LANES, zeros);
        self.cuts.clear();
        self.cuts.resize(panels * width / LANES, zeros);
        let values: &mut [f32] = bytemuck::cast_slice_mut(&mut self.values);
        for (place, i) in range.enumerate() {
            let panel = &mut values[place / width * self.dim * width..][..self.dim * width];
            let column = panel.iter_mut().skip(place % width).step_by(width);
            column.zip(queries.row(i)).for_each(|(to, &value)| *to = value);
        }
    }

    /// Multiplies all packed queries by all rows. Each query's contenders take the similarities that are not below their cut; a
    /// query without contenders takes none.
    ///
    /// # Panics
    /// If rows are not as long as the queries, or the numbers of rows are not as many as the rows.
    pub fn multiply(&mut self, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has them, see `Instructions::available`.
            Instructions::Avx512 => unsafe { multiply_with_avx512(self, rows, contenders) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has them, see `Instructions::available`.
            Instructions::Avx2 => unsafe { multiply_with_avx2(self, rows, contenders) },
            Instructions::Portable => multiply_by_registers::<[f32; 4], 4, 4>(self, rows, contenders),
        }
    }

    /// Makes as much room as another has.
    pub fn make_room(&mut self, other: &Self) {
        let (values, cuts) = (self.values.len(), self.cuts.len());
        self.values.reserve_exact(other.values.capacity().saturating_sub(values));
        self.cuts.reserve_exact(other.cuts.capacity().saturating_sub(cuts));
    }
}

/// As many `f32` as the processor works on at once.
trait Register: Copy {
    /// How many.
    const LANES: usize;

    /// The same number in all lanes.
    fn all(value: f32) -> Self;

    /// Reads them from memory.
    ///
    /// # Safety
    /// There are so many numbers from this place on.
    unsafe fn load(from: *const f32) -> Self;

    /// Writes them to memory, which holds so many numbers.
    ///
    /// # Safety
    /// There is room for so many numbers from this place on.
    unsafe fn store(self, to: *mut f32);

    /// `self * by + and`.
    fn times_plus(self, by: Self, and: Self) -> Self;

    /// The larger of each two.
    fn max(self, other: Self) -> Self;

    /// A bit for each lane that is not below that of another.
    fn at_least(self, other: Self) -> u32;

    /// The sum of the lanes of each.
    fn sums_of_eight(of: &[Self; 8]) -> [f32; 8];

    /// Says that this will be read soon.
    #[inline(always)]
    fn prefetch(_: *const f32) {}
}

macro_rules! register {
    ($register:ty, $lanes:literal, $all:path, $load:path, $store:path, $times_plus:expr, $max:path, $at_least:expr, $sums:path) => {
        impl Register for $register {
            const LANES: usize = $lanes;

            #[inline(always)]
            fn all(value: f32) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $all(value) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: as the caller promises.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: as the caller promises.
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            fn times_plus(self, by: Self, and: Self) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $times_plus(self, by, and) }
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $max(self, other) }
            }

            #[inline(always)]
            fn at_least(self, other: Self) -> u32 {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $at_least(self, other) }
            }

            #[inline(always)]
            fn sums_of_eight(of: &[Self; 8]) -> [f32; 8] {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $sums(of) }
            }

            #[inline(always)]
            fn prefetch(at: *const f32) {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a hint, which may name any address.
                unsafe {
                    std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::{
        __m256, __m512, _CMP_GE_OQ, _mm256_add_ps, _mm256_castpd_ps, _mm256_cmp_ps, _mm256_fmadd_ps, _mm256_hadd_ps,
        _mm256_loadu_ps, _mm256_max_ps, _mm256_movemask_ps, _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_storeu_ps,
        _mm512_castps_pd, _mm512_castps512_ps256, _mm512_cmp_ps_mask, _mm512_extractf64x4_pd, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_max_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    /// The sums of each four lanes next to each other, then of the halves.
    #[inline]
    #[target_feature(enable = "avx")]
    fn sums_of_256(of: &[__m256; 8]) -> [f32; 8] {
        let pairs = |a, b| _mm256_hadd_ps(of[a], of[b]);
        let (a, b) = (_mm256_hadd_ps(pairs(0, 1), pairs(2, 3)), _mm256_hadd_ps(pairs(4, 5), pairs(6, 7)));
        let sums = _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
        bytemuck::must_cast(sums)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sums_of_512(of: &[__m512; 8]) -> [f32; 8] {
        sums_of_256(&of.map(|sums| {
            let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(sums)));
            _mm256_add_ps(_mm512_castps512_ps256(sums), upper)
        }))
    }

    register!(
        __m512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_max_ps,
        |a, b| u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b)),
        sums_of_512
    );
    register!(
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_max_ps,
        |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a, b)) as u32,
        sums_of_256
    );
}

impl Register for [f32; 4] {
    const LANES: usize = 4;

    #[inline(always)]
    fn all(value: f32) -> Self {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as the caller promises; an array needs no other alignment than its numbers.
        unsafe { from.cast::<Self>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as the caller promises; an array needs no other alignment than its numbers.
        unsafe { to.cast::<Self>().write(self) }
    }

    #[inline(always)]
    fn times_plus(self, by: Self, and: Self) -> Self {
        // Fused where every processor of the kind can do that; elsewhere it would be a call of a function.
        let fused = cfg!(target_arch = "aarch64");
        std::array::from_fn(|lane| {
            if fused { self[lane].mul_add(by[lane], and[lane]) } else { self[lane] * by[lane] + and[lane] }
        })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        std::array::from_fn(|lane| if self[lane] > other[lane] { self[lane] } else { other[lane] })
    }

    #[inline(always)]
    fn at_least(self, other: Self) -> u32 {
        (0..4).map(|lane| u32::from(self[lane] >= other[lane]) << lane).sum()
    }

    #[inline(always)]
    fn sums_of_eight(of: &[Self; 8]) -> [f32; 8] {
        of.map(|[a, b, c, d]| (a + c) + (b + d))
    }
}

/// Approximate inner products of `query` with each row of `block` (rows of `query.len()` lines), as fast as they are read.
///
/// # Panics
/// If the block has not one row for each value of `out`.
pub fn products(query: &[Line], block: &[Line], out: &mut [f32]) {
    products_with(Instructions::best(), query, block, out);
}

fn products_with(instructions: Instructions, query: &[Line], block: &[Line], out: &mut [f32]) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx512 => unsafe { products_with_avx512(query, block, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx2 => unsafe { products_with_avx2(query, block, out) },
        Instructions::Portable => products_by_registers::<[f32; 4]>(query, block, out),
    }
}

/// Eight rows at a time: enough chains of additions under way at once, whose sums are added up together.
#[inline(always)]
fn products_by_registers<R: Register>(query: &[Line], block: &[Line], out: &mut [f32]) {
    let values = query.len() * LANES;
    let (query, block): (&[f32], &[f32]) = (bytemuck::cast_slice(query), bytemuck::cast_slice(block));
    assert!(block.len() == out.len() * values && values.is_multiple_of(R::LANES));
    let mut eights = out.chunks_exact_mut(8);
    let mut first = 0;
    for out in &mut eights {
        let mut sums = [R::all(0.0); 8];
        for k in (0..values).step_by(R::LANES) {
            // SAFETY: `k + LANES <= values`, the length of the query and of each of the eight rows from `first` on.
            let of_query = unsafe { R::load(query.as_ptr().add(k)) };
            for row in 0..8 {
                let at = block.as_ptr().wrapping_add((first + row) * values + k);
                R::prefetch(at.wrapping_add(AHEAD));
                // SAFETY: as above.
                sums[row] = unsafe { R::load(at) }.times_plus(of_query, sums[row]);
            }
        }
        out.copy_from_slice(&R::sums_of_eight(&sums));
        first += 8;
    }
    for out in eights.into_remainder() {
        let mut sums = [R::all(0.0); 8];
        for k in (0..values).step_by(R::LANES) {
            // SAFETY: `k + LANES <= values`, the length of the query and of the row.
            let (of_query, of_row) =
                unsafe { (R::load(query.as_ptr().add(k)), R::load(block.as_ptr().add(first * values + k))) };
            sums[0] = of_row.times_plus(of_query, sums[0]);
        }
        *out = R::sums_of_eight(&sums)[0];
        first += 1;
    }
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn products_with_avx512(query: &[Line], block: &[Line], out: &mut [f32]) {
    products_by_registers::<std::arch::x86_64::__m512>(query, block, out);
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn products_with_avx2(query: &[Line], block: &[Line], out: &mut [f32]) {
    products_by_registers::<std::arch::x86_64::__m256>(query, block, out);
}

/// Products that are added in registers, without a look at memory: what no search can exceed. Returns the number of flops.
pub fn multiply_in_registers(steps: usize) -> usize {
    match Instructions::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx512 => unsafe { in_registers_with_avx512(steps) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx2 => unsafe { in_registers_with_avx2(steps) },
        Instructions::Portable => in_registers::<[f32; 4], 4, 2>(steps),
    }
}

#[inline(always)]
fn in_registers<R: Register, const ROWS: usize, const REGISTERS: usize>(steps: usize) -> usize {
    let (of_query, of_row) = (R::all(black_box(0.5)), R::all(black_box(0.25)));
    let mut sums = [[R::all(black_box(0.0)); REGISTERS]; ROWS];
    for _ in 0..steps {
        for row in 0..ROWS {
            for at in 0..REGISTERS {
                sums[row][at] = sums[row][at].times_plus(of_query, of_row);
            }
        }
    }
    let mut reached = 0;
    for row in 0..ROWS {
        for at in 0..REGISTERS {
            reached |= sums[row][at].at_least(of_query);
        }
    }
    black_box(reached);
    steps * 2 * ROWS * REGISTERS * R::LANES
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn in_registers_with_avx512(steps: usize) -> usize {
    in_registers::<std::arch::x86_64::__m512, 12, 2>(steps)
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn in_registers_with_avx2(steps: usize) -> usize {
    in_registers::<std::arch::x86_64::__m256, 6, 2>(steps)
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn multiply_with_avx512(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<std::arch::x86_64::__m512, 12, 2>(panels, rows, contenders);
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_with_avx2(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<std::arch::x86_64::__m256, 6, 2>(panels, rows, contenders);
}

/// One panel.
#[derive(Clone, Copy)]
struct Panel<'a> {
    /// `dim x width`.
    values: &'a [f32],
    /// `width`.
    cuts: &'a [f32],
}

#[inline(always)]
fn multiply_by_registers<R: Register, const ROWS: usize, const REGISTERS: usize>(
    panels: &mut Panels,
    rows: Rows<'_>,
    contenders: &mut [Option<Contenders<'_>>],
) {
    let Panels { values, cuts, dim, .. } = panels;
    let (width, dim, n) = (REGISTERS * R::LANES, *dim, rows.vectors.rows());
    assert!(rows.vectors.dim() == dim, "{dim} values of a query, {} of a row", rows.vectors.dim());
    let (values, cuts): (&[f32], &mut [f32]) = (bytemuck::cast_slice(values), bytemuck::cast_slice_mut(cuts));
    for (place, cut) in cuts.iter_mut().enumerate() {
        *cut = contenders.get(place).and_then(Option::as_ref).map_or(f32::INFINITY, Contenders::cut);
    }
    let mut similarities = [0.0; TALLEST * WIDEST];
    let groups = (CHUNK / (ROWS * rows.vectors.stride() * size_of::<Line>())).max(1);
    for start in (0..n).step_by(groups * ROWS) {
        let chunk = start..(start + groups * ROWS).min(n);
        let panels = values.chunks_exact(dim * width).zip(cuts.chunks_exact_mut(width));
        for (at, (values, cuts)) in panels.enumerate() {
            let contenders = &mut contenders[at * width..];
            let mut first = chunk.start;
            while first + ROWS <= chunk.end {
                if rows.part.has(first / ROWS)
                    && group::<R, ROWS, REGISTERS>(rows, first, Panel { values, cuts }, &mut similarities)
                {
                    take::<R, ROWS, REGISTERS>(&similarities, first, cuts, contenders);
                }
                first += ROWS;
            }
            for row in first..chunk.end {
                if rows.part != Part::Sample
                    && group::<R, 1, REGISTERS>(rows, row, Panel { values, cuts }, &mut similarities)
                {
                    take::<R, 1, REGISTERS>(&similarities, row, cuts, contenders);
                }
            }
        }
    }
}

/// The similarities of rows `first..first + ROWS` to the queries of a panel. Returns whether one of them reaches a cut; only then
/// they are written, a row after another.
#[inline(always)]
fn group<R: Register, const ROWS: usize, const REGISTERS: usize>(
    rows: Rows<'_>,
    first: usize,
    panel: Panel<'_>,
    similarities: &mut [f32],
) -> bool {
    let (width, dim, stride) = (REGISTERS * R::LANES, rows.vectors.dim(), rows.vectors.stride() * LANES);
    let block: &[f32] = bytemuck::cast_slice(rows.vectors.block(first..first + ROWS));
    let (factors, addends) = rows.per_row.of_group::<ROWS>(first);
    assert!(block.len() == ROWS * stride && dim <= stride);
    assert!(panel.values.len() == dim * width && panel.cuts.len() == width);
    assert!(ROWS * width <= similarities.len());
    let mut sums = [[R::all(0.0); REGISTERS]; ROWS];
    for k in 0..dim {
        // SAFETY: `k * width + width <= dim * width`, the length of the panel's values.
        let of_queries: [R; REGISTERS] =
            std::array::from_fn(|at| unsafe { R::load(panel.values.as_ptr().add(k * width + at * R::LANES)) });
        for row in 0..ROWS {
            // SAFETY: `row < ROWS` and `k < dim <= stride`, and the block has `ROWS * stride` values.
            let of_row = R::all(unsafe { *block.get_unchecked(row * stride + k) });
            for at in 0..REGISTERS {
                sums[row][at] = of_row.times_plus(of_queries[at], sums[row][at]);
            }
        }
    }
    // SAFETY: the panel has `width` cuts.
    let cuts: [R; REGISTERS] = std::array::from_fn(|at| unsafe { R::load(panel.cuts.as_ptr().add(at * R::LANES)) });
    let mut largest = [R::all(f32::NEG_INFINITY); REGISTERS];
    for row in 0..ROWS {
        let (factor, addend) = (R::all(factors[row]), R::all(addends[row]));
        for at in 0..REGISTERS {
            sums[row][at] = sums[row][at].times_plus(factor, addend);
            largest[at] = largest[at].max(sums[row][at]);
        }
    }
    if (0..REGISTERS).all(|at| largest[at].at_least(cuts[at]) == 0) {
        return false;
    }
    for row in 0..ROWS {
        for at in 0..REGISTERS {
            // SAFETY: `row * width + width <= ROWS * width`, which there is room for.
            unsafe { sums[row][at].store(similarities.as_mut_ptr().add(row * width + at * R::LANES)) };
        }
    }
    true
}

/// Hands what reaches a cut to the contenders, whose cuts may rise.
#[inline(always)]
fn take<R: Register, const ROWS: usize, const REGISTERS: usize>(
    similarities: &[f32],
    first: usize,
    cuts: &mut [f32],
    contenders: &mut [Option<Contenders<'_>>],
) {
    let width = REGISTERS * R::LANES;
    assert!(ROWS * width <= similarities.len() && cuts.len() == width);
    for (row, similarities) in similarities.chunks_exact(width).take(ROWS).enumerate() {
        for at in (0..width).step_by(R::LANES) {
            // SAFETY: `at + LANES <= width`, the length of both.
            let (of_row, cut) = unsafe { (R::load(similarities.as_ptr().add(at)), R::load(cuts.as_ptr().add(at))) };
            let mut reached = of_row.at_least(cut);
            while reached != 0 {
                let place = at + reached.trailing_zeros() as usize;
                reached &= reached - 1;
                if let Some(Some(contenders)) = contenders.get_mut(place) {
                    contenders.push((first + row) as u32, similarities[place]);
                    cuts[place] = contenders.cut();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nearest::filter::{ErrorBound, cosine_error};
    use crate::points::dense::dot;
    use crate::random;

    fn drawn(rows: usize, dim: usize, seed: u64) -> Vectors {
        let mut rng = random::stream(seed, "micro kernel", dim as u64);
        let values: Vec<f32> = (0..rows * dim).map(|_| random::normal(&mut rng) as f32).collect();
        Vectors::new(&values, dim).expect("finite")
    }

    /// All similarities that contenders without a cut are given, a query after another, by row.
    fn all(panels: &mut Panels, rows: Rows<'_>, queries: &Vectors, range: Range<usize>) -> Vec<Vec<(f32, u32)>> {
        let n = rows.vectors.rows();
        let mut kept = vec![Vec::new(); range.len()];
        let mut contenders: Vec<_> =
            kept.iter_mut().map(|kept| Some(Contenders::new(n, ErrorBound::EXACT, kept))).collect();
        panels.pack(queries, range);
        panels.multiply(rows, &mut contenders);
        kept.iter_mut().for_each(|kept| kept.sort_by_key(|&(_, row)| row));
        kept
    }

    /// Dimensions beside those of registers, rows beside those of groups and chunks, queries beside those of panels.
    #[test]
    fn each_similarity_is_found_once_and_within_the_bound() {
        for instructions in Instructions::available() {
            let mut panels = Panels::with(instructions);
            for (n, dim) in [(1, 1), (11, 3), (12, 16), (13, 17), (50, 100), (700, 130), (90, 1536)] {
                let (vectors, queries) = (drawn(n, dim, 1), drawn(40, dim, 2));
                let numbers: Vec<f32> = (0..n).map(|i| 0.25 + i as f32 / 64.0).collect();
                for per_row in [PerRow::Nothing, PerRow::Times(&numbers), PerRow::Minus(&numbers)] {
                    for range in [0..1, 3..18, 0..33, 5..40] {
                        let found = all(
                            &mut panels,
                            Rows { vectors: &vectors, per_row, part: Part::All },
                            &queries,
                            range.clone(),
                        );
                        for (i, found) in range.zip(found) {
                            assert!(found.iter().map(|&(_, row)| row).eq(0..n as u32), "{instructions:?} {n} x {dim}");
                            for (similarity, row) in found {
                                let row = row as usize;
                                let (a, b) = (queries.lines(i), vectors.lines(row));
                                let (product, number) = (dot(a, b), f64::from(numbers[row]));
                                let expected = match per_row {
                                    PerRow::Nothing => product,
                                    PerRow::Times(_) => product * number,
                                    PerRow::Minus(_) => product - number,
                                };
                                let magnitude = queries.norms()[i] * vectors.norms()[row] * number.max(1.0) + number;
                                let error = (f64::from(similarity) - expected).abs();
                                assert!(
                                    error <= magnitude * cosine_error(dim),
                                    "{instructions:?} {n} x {dim}: {error}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    /// With cuts: those that reach it, and none that does not; a query without contenders is left alone.
    #[test]
    fn what_is_below_a_cut_is_dropped() {
        let (vectors, queries) = (drawn(3000, 20, 3), drawn(50, 20, 4));
        let rows = Rows { vectors: &vectors, per_row: PerRow::Nothing, part: Part::All };
        for instructions in Instructions::available() {
            let mut panels = Panels::with(instructions);
            let everything = all(&mut panels, rows, &queries, 0..50);
            let mut kept = vec![Vec::new(); 50];
            let mut contenders: Vec<_> =
                kept.iter_mut().map(|kept| Some(Contenders::new(7, ErrorBound::EXACT, kept))).collect();
            contenders[9] = None;
            panels.multiply(rows, &mut contenders);
            for (i, mut all) in everything.into_iter().enumerate() {
                all.sort_by(|a, b| b.0.total_cmp(&a.0));
                let mut found: Vec<u32> = contenders[i].as_mut().map_or(Vec::new(), |found| found.finish().collect());
                found.sort_unstable();
                let mut expected: Vec<u32> = all[..7].iter().map(|&(_, row)| row).collect();
                expected.sort_unstable();
                assert_eq!(found, if i == 9 { vec![] } else { expected }, "{instructions:?}, query {i}");
            }
        }
    }

    #[test]
    fn products_by_one_query_are_within_the_bound() {
        for instructions in Instructions::available() {
            for (n, dim) in [(1, 1), (7, 3), (8, 16), (9, 17), (50, 100), (33, 1536)] {
                let (vectors, queries) = (drawn(n, dim, 5), drawn(1, dim, 6));
                let mut out = vec![f32::NAN; n];
                products_with(instructions, queries.lines(0), vectors.block(0..n), &mut out);
                for (row, &product) in out.iter().enumerate() {
                    let error = (f64::from(product) - dot(queries.lines(0), vectors.lines(row))).abs();
                    let magnitude = queries.norms()[0] * vectors.norms()[row];
                    assert!(error <= magnitude * cosine_error(dim), "{instructions:?} {n} x {dim}: {error}");
                }
            }
        }
    }
}
