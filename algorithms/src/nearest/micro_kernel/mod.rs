//! Approximate similarities of many dense queries to many rows, at the machine's speed: the loop that exact search spends its time
//! in. Products never reach memory; what is below a query's cut is dropped in registers.
//!
//! Queries are packed into panels: value `k` of all queries of a panel stands in one run, so that a load gives the same value of
//! as many queries as a register holds. Rows stay as they are, and each of their values is spread over a register. A group of rows
//! times a panel fills the registers with sums (12 rows times 32 queries with AVX-512), so that each loaded value is used many
//! times.
//!
//! Vectors may also be given by their codes of 8 bits, see [`super::codes`]: four codes take the place of a value, and one instruction
//! multiplies and adds all four. Or by whole numbers of 16 bits, see [`crate::items::grid`], of which two take that place.
//!
//! # Error
//!
//! A similarity is a sum of `d` products, in the order of `k`; it is then multiplied by a number of the row, and another is added.
//! Each step rounds by at most 2^-24 of its result. Whether or not a product is rounded before it is added, the sum is off by at most
//! `d + 1` such roundings of the sum of magnitudes, and the similarity by three more, since the row's number is rounded, too. The bound
//! of [`super::filter`], `(d + 16) 2^-23`, is more than twice that. Sums of products of codes are whole numbers, and exact.

mod one_query;
mod peak;
mod register;
mod sums;

pub use one_query::products;
pub use peak::{multiply_in_registers, read};
pub use register::Register;
pub use sums::Word;

use super::codes::QueryCodes;
use super::filter::Contenders;
use crate::items::GridRows;
use crate::points::Vectors;
use crate::points::vectors::{LANES, Line};
use crate::spare::reserve;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512, __m512i};
use std::ops::Range;
use sums::{Pairs, Sums};

/// Bytes of rows that are multiplied by all panels before the next ones are: they stay in the second-level cache.
const CHUNK: usize = 256 << 10;

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

    /// The fastest that works here and multiplies whole numbers of 16 bits.
    pub fn for_pairs() -> Self {
        Self::all_for_pairs().next().unwrap_or(Self::Portable)
    }

    /// All that do, the fastest first.
    pub fn all_for_pairs() -> impl Iterator<Item = Self> {
        Self::available().filter(|these| match these {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512vnni"),
            _ => true,
        })
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

/// What turns the product of a query with a row into a similarity.
#[derive(Clone, Copy, Debug, Default)]
pub struct PerRow<'a> {
    /// A number for each row, by which the product is multiplied.
    pub factors: Option<&'a [f32]>,
    /// A number for each row, which is then subtracted.
    pub subtracted: Option<&'a [f32]>,
}

impl PerRow<'_> {
    /// The factor of each row of a group, and the number to add.
    #[inline(always)]
    fn of_group<const ROWS: usize>(self, first: usize) -> ([f32; ROWS], [f32; ROWS]) {
        let group = |numbers: &[f32]| std::array::from_fn(|row| numbers[first..first + ROWS][row]);
        let addends = self.subtracted.map_or([0.0; ROWS], |numbers| group(numbers).map(|number: f32| -number));
        (self.factors.map_or([1.0; ROWS], group), addends)
    }
}

/// Rows to be multiplied.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Words of all rows, one row after another.
    words: &'a [Word],
    /// Words from the first of a row to the first of the next.
    stride: usize,
    /// Words of a row that are multiplied.
    depth: usize,
    /// Numbers of each row.
    per_row: PerRow<'a>,
    /// How many rows are compared; there may be words of more, so that the last ones are multiplied in a whole group.
    count: usize,
    /// The number of the first row.
    first: usize,
    /// Which of them.
    pub part: Part,
}

impl<'a> Rows<'a> {
    /// Rows by their values.
    pub fn of_values(vectors: &'a Vectors, per_row: PerRow<'a>) -> Self {
        let words = bytemuck::cast_slice(vectors.block(0..vectors.rows()));
        Self {
            words,
            stride: vectors.stride() * LANES,
            depth: vectors.dim(),
            per_row,
            count: vectors.rows(),
            first: 0,
            part: Part::All,
        }
    }

    /// Rows by their codes, in whole words.
    pub fn of_codes(codes: &'a [u8], stride: usize, per_row: PerRow<'a>) -> Self {
        let (stride, count) = (stride / size_of::<Word>(), codes.len() / stride);
        Self { words: bytemuck::cast_slice(codes), stride, depth: stride, per_row, count, first: 0, part: Part::All }
    }

    /// Some rows of a grid, which keep their numbers. `halves` has half the squared length of each row of the grid, which is
    /// subtracted from products.
    pub fn of_grid(grid: &'a GridRows, range: Range<usize>, halves: &'a [f32]) -> Self {
        let with_more = range.start..(range.end + TALLEST).min(halves.len());
        let per_row = PerRow { subtracted: Some(&halves[with_more.clone()]), ..PerRow::default() };
        Self {
            words: bytemuck::cast_slice(grid.numbers_of(with_more)),
            stride: grid.row_numbers() / 2,
            depth: grid.dim().div_ceil(2),
            per_row,
            count: range.len(),
            first: range.start,
            part: Part::All,
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// How many there are words of.
    fn readable(&self) -> usize {
        self.words.len() / self.stride
    }
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
    /// Words of a query, `depth x width` of each panel.
    words: Vec<Line>,
    /// The cut of each query: `width` of each panel.
    cuts: Vec<Line>,
    /// For codes, what the sum of each query begins with, a whole number: `width` of each panel.
    firsts: Vec<Line>,
    /// For codes, what the sum of each query is multiplied by: `width` of each panel.
    factors: Vec<Line>,
    depth: usize,
}

impl Default for Panels {
    fn default() -> Self {
        Self::with(Instructions::best())
    }
}

impl Panels {
    /// None yet.
    pub fn with(instructions: Instructions) -> Self {
        let none = Vec::new;
        Self { instructions, words: none(), cuts: none(), firsts: none(), factors: none(), depth: 0 }
    }

    /// Whether codes can be multiplied, faster than values are.
    pub fn take_codes(&self) -> bool {
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => is_x86_feature_detected!("avx512vnni"),
            _ => false,
        }
    }

    /// Packs some queries.
    pub fn pack(&mut self, queries: &Vectors, range: Range<usize>) {
        self.clear(range.len(), queries.dim());
        for (place, i) in range.enumerate() {
            self.put(place, bytemuck::cast_slice(queries.row(i)));
        }
    }

    /// Packs some rows of a grid as queries.
    pub fn pack_grid(&mut self, grid: &GridRows, rows: impl ExactSizeIterator<Item = usize>) {
        let depth = grid.dim().div_ceil(2);
        self.clear(rows.len(), depth);
        for (place, row) in rows.enumerate() {
            let words = bytemuck::cast_slice(grid.numbers_of(row..row + 1));
            self.put(place, &words[..depth]);
        }
    }

    /// Makes room for the codes of some queries, of so many bytes each.
    pub fn clear_for_codes(&mut self, queries: usize, bytes: usize) {
        self.clear(queries, bytes / size_of::<Word>());
        for numbers in [&mut self.firsts, &mut self.factors] {
            numbers.clear();
            numbers.resize(self.cuts.len(), Line([0.0; LANES]));
        }
    }

    /// Packs the codes of a query, as one of those that there is room for.
    pub fn pack_codes(&mut self, place: usize, query: &QueryCodes<'_>) {
        let words = bytemuck::cast_slice(query.codes());
        self.put(place, &words[..self.depth]);
        bytemuck::cast_slice_mut::<Line, i32>(&mut self.firsts)[place] = -query.added();
        bytemuck::cast_slice_mut::<Line, f32>(&mut self.factors)[place] = query.factor();
    }

    /// Makes room for so many queries of so many words, all zero.
    fn clear(&mut self, queries: usize, depth: usize) {
        let width = self.instructions.width();
        let (panels, zeros) = (queries.div_ceil(width), Line([0.0; LANES]));
        self.depth = depth;
        self.words.clear();
        self.words.resize(panels * depth * width / LANES, zeros);
        self.cuts.clear();
        self.cuts.resize(panels * width / LANES, zeros);
    }

    /// Writes the words of a query into its column.
    fn put(&mut self, place: usize, words: &[Word]) {
        let (width, depth) = (self.instructions.width(), self.depth);
        let all: &mut [Word] = bytemuck::cast_slice_mut(&mut self.words);
        let panel = &mut all[place / width * depth * width..][..depth * width];
        panel.iter_mut().skip(place % width).step_by(width).zip(words).for_each(|(to, &word)| *to = word);
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
            Instructions::Portable => multiply_by_registers::<[f32; 4], [f32; 4], 4, 4>(self, rows, contenders),
        }
    }

    /// The same by codes.
    ///
    /// # Panics
    /// As [`Panels::multiply`]; and where codes are not [taken](Panels::take_codes).
    pub fn multiply_codes(&mut self, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
        assert!(self.take_codes(), "no instructions for codes: a bug of the caller");
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Panels::take_codes`.
        unsafe {
            multiply_with_vnni(self, rows, contenders);
        }
    }

    /// The same by whole numbers of 16 bits, of which no sum of products of a row and a query is beyond 31 bits. Similarities are
    /// the same with all instructions.
    ///
    /// # Panics
    /// As [`Panels::multiply`]; and where the panels have instructions that [do not](Instructions::for_pairs).
    pub fn multiply_grid(&mut self, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
        assert!(Instructions::all_for_pairs().any(|these| these == self.instructions), "a bug of the caller");
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has them, see `Instructions::all_for_pairs`.
            Instructions::Avx512 => unsafe { multiply_grid_with_vnni(self, rows, contenders) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has them, see `Instructions::all_for_pairs`.
            Instructions::Avx2 => unsafe { multiply_grid_with_avx2(self, rows, contenders) },
            Instructions::Portable => multiply_by_registers::<[f32; 4], Pairs<[i32; 4]>, 4, 4>(self, rows, contenders),
        }
    }

    /// Makes as much room as another has.
    pub fn make_room(&mut self, other: &Self) {
        reserve(&mut self.words, other.words.capacity());
        reserve(&mut self.cuts, other.cuts.capacity());
        reserve(&mut self.firsts, other.firsts.capacity());
        reserve(&mut self.factors, other.factors.capacity());
    }
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn multiply_with_avx512(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<__m512, __m512, 12, 2>(panels, rows, contenders);
}

/// # Safety
/// The processor has AVX-512 F and VNNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn multiply_with_vnni(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<__m512, __m512i, 12, 2>(panels, rows, contenders);
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_with_avx2(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<__m256, __m256, 6, 2>(panels, rows, contenders);
}

/// # Safety
/// The processor has AVX-512 F and VNNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn multiply_grid_with_vnni(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<__m512, Pairs<__m512i>, 12, 2>(panels, rows, contenders);
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_grid_with_avx2(panels: &mut Panels, rows: Rows<'_>, contenders: &mut [Option<Contenders<'_>>]) {
    multiply_by_registers::<__m256, Pairs<std::arch::x86_64::__m256i>, 6, 2>(panels, rows, contenders);
}

/// One panel.
#[derive(Clone, Copy)]
struct Panel<'a> {
    /// `depth x width`.
    words: &'a [Word],
    /// `width`.
    cuts: &'a [f32],
    /// The first query.
    query: usize,
    /// For codes a number of each query, of all panels.
    firsts: &'a [i32],
    /// As `firsts`.
    factors: &'a [f32],
}

#[inline(always)]
fn multiply_by_registers<R: Register, S: Sums<R>, const ROWS: usize, const REGISTERS: usize>(
    panels: &mut Panels,
    rows: Rows<'_>,
    contenders: &mut [Option<Contenders<'_>>],
) {
    let (width, depth, n) = (REGISTERS * R::LANES, panels.depth, rows.len());
    assert!(rows.depth == depth, "{depth} words of a query, {} of a row", rows.depth);
    let (words, cuts) = (bytemuck::cast_slice(&panels.words), bytemuck::cast_slice_mut(&mut panels.cuts));
    let (firsts, factors): (&[i32], &[f32]) =
        (bytemuck::cast_slice(&panels.firsts), bytemuck::cast_slice(&panels.factors));
    for (place, cut) in cuts.iter_mut().enumerate() {
        *cut = contenders.get(place).and_then(Option::as_ref).map_or(f32::INFINITY, Contenders::cut);
    }
    let mut similarities = [0.0; TALLEST * WIDEST];
    let groups = (CHUNK / (ROWS * rows.stride * size_of::<Word>())).max(1);
    for start in (0..n).step_by(groups * ROWS) {
        let chunk = start..(start + groups * ROWS).min(n);
        let panels = words.chunks_exact(depth * width).zip(cuts.chunks_exact_mut(width));
        for (at, (words, cuts)) in panels.enumerate() {
            let query = at * width;
            let contenders = &mut contenders[query..];
            let mut first = chunk.start;
            while first + ROWS <= chunk.end {
                let panel = Panel { words, cuts, query, firsts, factors };
                if rows.part.has(first / ROWS) && group::<R, S, ROWS, REGISTERS>(rows, first, panel, &mut similarities)
                {
                    take::<R, REGISTERS>(&similarities, rows.first + first, ROWS, cuts, contenders);
                }
                first += ROWS;
            }
            if rows.part == Part::All && first < chunk.end && first + ROWS <= rows.readable() {
                let panel = Panel { words, cuts, query, firsts, factors };
                if group::<R, S, ROWS, REGISTERS>(rows, first, panel, &mut similarities) {
                    take::<R, REGISTERS>(&similarities, rows.first + first, chunk.end - first, cuts, contenders);
                }
                continue;
            }
            for row in first..chunk.end {
                let panel = Panel { words, cuts, query, firsts, factors };
                if rows.part != Part::Sample && group::<R, S, 1, REGISTERS>(rows, row, panel, &mut similarities) {
                    take::<R, REGISTERS>(&similarities, rows.first + row, 1, cuts, contenders);
                }
            }
        }
    }
}

/// The similarities of rows `first..first + ROWS` to the queries of a panel. Returns whether one of them reaches a cut; only then
/// they are written, a row after another.
#[inline(always)]
fn group<R: Register, S: Sums<R>, const ROWS: usize, const REGISTERS: usize>(
    rows: Rows<'_>,
    first: usize,
    panel: Panel<'_>,
    similarities: &mut [f32],
) -> bool {
    let (width, depth, stride) = (REGISTERS * R::LANES, rows.depth, rows.stride);
    let block = &rows.words[first * stride..(first + ROWS) * stride];
    let (factors, addends) = rows.per_row.of_group::<ROWS>(first);
    assert!(panel.words.len() == depth * width && panel.cuts.len() == width);
    assert!(ROWS * width <= similarities.len());
    let firsts = std::array::from_fn(|at| S::begin(panel.firsts, panel.query + at * R::LANES));
    let sums = sums_of_group::<R, S, ROWS, REGISTERS>(block, stride, panel.words, firsts);
    // SAFETY: the panel has `width` cuts.
    let cuts: [R; REGISTERS] = std::array::from_fn(|at| unsafe { R::load(panel.cuts.as_ptr().add(at * R::LANES)) });
    let of_queries: [R; REGISTERS] = std::array::from_fn(|at| S::factors(panel.factors, panel.query + at * R::LANES));
    let mut found = [[R::all(0.0); REGISTERS]; ROWS];
    let mut largest = [R::all(f32::NEG_INFINITY); REGISTERS];
    for row in 0..ROWS {
        let (factor, addend) = (R::all(factors[row]), R::all(addends[row]));
        for at in 0..REGISTERS {
            found[row][at] = sums[row][at].products(of_queries[at]).times_plus(factor, addend);
            largest[at] = largest[at].max(found[row][at]);
        }
    }
    if (0..REGISTERS).all(|at| largest[at].at_least(cuts[at]) == 0) {
        return false;
    }
    for row in 0..ROWS {
        for at in 0..REGISTERS {
            // SAFETY: `row * width + width <= ROWS * width`, which there is room for.
            unsafe { found[row][at].store(similarities.as_mut_ptr().add(row * width + at * R::LANES)) };
        }
    }
    true
}

/// The sums of a block of `ROWS` rows of `stride` words each with the queries of a panel, in registers that begin with `firsts`.
#[inline(always)]
fn sums_of_group<R: Register, S: Sums<R>, const ROWS: usize, const REGISTERS: usize>(
    block: &[Word],
    stride: usize,
    panel: &[Word],
    firsts: [S; REGISTERS],
) -> [[S; REGISTERS]; ROWS] {
    let width = REGISTERS * R::LANES;
    let depth = panel.len() / width;
    assert!(block.len() == ROWS * stride && depth <= stride);
    let mut sums = [firsts; ROWS];
    for k in 0..depth {
        // SAFETY: `k * width + width <= depth * width`, which the panel's words are at least.
        let of_queries: [S; REGISTERS] =
            std::array::from_fn(|at| unsafe { S::load(panel.as_ptr().add(k * width + at * R::LANES)) });
        for row in 0..ROWS {
            // SAFETY: `row < ROWS` and `k < depth <= stride`, and the block has `ROWS * stride` words.
            let of_row = S::all(unsafe { *block.get_unchecked(row * stride + k) });
            for at in 0..REGISTERS {
                sums[row][at] = sums[row][at].plus(of_row, of_queries[at]);
            }
        }
    }
    sums
}

/// The products of a block of `ROWS` rows of `stride` values each with the vectors of a panel, in registers.
#[inline(always)]
pub fn products_of_group<R: Register, const ROWS: usize, const REGISTERS: usize>(
    block: &[f32],
    stride: usize,
    panel: &[f32],
) -> [[R; REGISTERS]; ROWS] {
    let (block, panel) = (bytemuck::cast_slice(block), bytemuck::cast_slice(panel));
    sums_of_group::<R, R, ROWS, REGISTERS>(block, stride, panel, [R::all(0.0); REGISTERS])
}

/// Hands what reaches a cut to the contenders, whose cuts may rise.
#[inline(always)]
fn take<R: Register, const REGISTERS: usize>(
    similarities: &[f32],
    first: usize,
    rows: usize,
    cuts: &mut [f32],
    contenders: &mut [Option<Contenders<'_>>],
) {
    let width = REGISTERS * R::LANES;
    assert!(rows * width <= similarities.len() && cuts.len() == width);
    for (row, similarities) in similarities.chunks_exact(width).take(rows).enumerate() {
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
pub(super) mod tests {
    use super::*;
    use crate::nearest::filter::{ErrorBound, cosine_error};
    use crate::points::dense::dot;
    use crate::random;

    pub fn drawn(rows: usize, dim: usize, seed: u64) -> Vectors {
        let mut rng = random::stream(seed, "micro kernel", dim as u64);
        let values: Vec<f32> = (0..rows * dim).map(|_| random::normal(&mut rng) as f32).collect();
        Vectors::new(&values, dim).expect("finite")
    }

    /// All similarities that contenders without a cut are given, a query after another, by row.
    fn all(panels: &mut Panels, rows: Rows<'_>, queries: &Vectors, range: Range<usize>) -> Vec<Vec<(f32, u32)>> {
        let n = rows.len();
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
                for per_row in [
                    PerRow::default(),
                    PerRow { factors: Some(&numbers), ..PerRow::default() },
                    PerRow { subtracted: Some(&numbers), ..PerRow::default() },
                ] {
                    for range in [0..1, 3..18, 0..33, 5..40] {
                        let found = all(&mut panels, Rows::of_values(&vectors, per_row), &queries, range.clone());
                        for (i, found) in range.zip(found) {
                            assert!(found.iter().map(|&(_, row)| row).eq(0..n as u32), "{instructions:?} {n} x {dim}");
                            for (similarity, row) in found {
                                let row = row as usize;
                                let (a, b) = (queries.lines(i), vectors.lines(row));
                                let (product, number) = (dot(a, b), f64::from(numbers[row]));
                                let expected = match per_row {
                                    PerRow { factors: Some(_), .. } => product * number,
                                    PerRow { subtracted: Some(_), .. } => product - number,
                                    _ => product,
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
        let rows = Rows::of_values(&vectors, PerRow::default());
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
}
