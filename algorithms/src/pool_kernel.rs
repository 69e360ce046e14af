//! Similarities between the items of a pool: one with some, one with all, or all with all, tile by tile.

use crate::Query;
use crate::distance::Distance;
use crate::kernel::{self, Kernel};
use crate::nearest::{filter, row_products};
use crate::points::dense::{self, DenseRows, WideLine};
use crate::points::vectors::{LANES, Line};
use crate::points::{Chosen, Measure, Point, Rows};
use crate::scratch::Scratch;
use crate::selector::Request;
use multiversion::multiversion;
use std::cell::Cell;
use std::ops::Range;

/// Items a tile spans each way: their vectors stay in the first-level cache.
pub(crate) const TILE: usize = 32;

/// A kernel over the items of one pool.
pub struct PoolKernel<'s> {
    /// `None` stands for the negative squared distance, which is no kernel but orders items as one.
    kernel: Option<Kernel>,
    sigma: f64,
    rows: Rows<'s>,
    all: Chosen<'s>,
    query: Query<'s>,
    evaluations: &'s Cell<u64>,
}

impl<'s> PoolKernel<'s> {
    /// Prepares `kernel` for the pool of `request`. Evaluates nothing yet, except the L2 distances to the query for the width
    /// of [`Kernel::Rbf`] where these are not the dataset's distances.
    pub fn new(kernel: Kernel, request: &Request<'s>, scratch: &'s Scratch) -> Self {
        let Request { base, pool, query, .. } = *request;
        let (arena, items) = (&scratch.arena, &pool.items);
        let norms = arena.alloc_slice_fill_iter(items.iter().map(|item| base.norms()[item.id as usize]));
        let mut this = Self {
            kernel: Some(kernel),
            sigma: pool.sigma,
            rows: base.points().rows(),
            all: Chosen { ids: arena.alloc_slice_fill_iter(items.iter().map(|item| item.id)), norms },
            query,
            evaluations: &scratch.evaluations,
        };
        if kernel == Kernel::FisherRao {
            let (vectors, lines) = (base.vectors(), query.lines());
            let (dim, stride) = (vectors.dim(), vectors.stride());
            let line = |i: usize| vectors.lines(items[i / stride].id as usize)[i % stride];
            let roots = arena.alloc_slice_fill_with(items.len() * stride, line);
            roots.chunks_exact_mut(stride).for_each(|row| kernel::roots_of_distribution(row, dim));
            let of_query = arena.alloc_slice_copy(lines);
            kernel::roots_of_distribution(of_query, dim);
            this.rows = Rows::Dense(DenseRows::new(roots, stride));
            this.all.ids = arena.alloc_slice_fill_iter(0..items.len() as u32);
            this.query.point = Point::Dense(of_query);
        }
        if kernel == Kernel::Rbf && base.distance() != Distance::Euclidean {
            let squares = arena.alloc_slice_fill_copy(items.len(), 0.0);
            Measure::SquaredDistance.with_many(query.point, query.norm, this.rows, this.all, squares);
            scratch.count(items.len());
            squares.iter_mut().for_each(|square| *square = square.sqrt());
            this.sigma = kernel::median(squares);
        }
        this
    }

    /// Negative squared L2 distances in place of similarities.
    pub fn negative_squares(request: &Request<'s>, scratch: &'s Scratch) -> Self {
        Self { kernel: None, ..Self::new(Kernel::Gram, request, scratch) }
    }

    /// Items in the pool, m.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether the pool is empty.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Room for `capacity` items that will be picked, see [`Picks`].
    pub fn picks(&self, capacity: usize, scratch: &'s Scratch) -> Picks<'s> {
        Picks {
            ids: scratch.arena.alloc_slice_fill_copy(capacity, 0),
            norms: scratch.arena.alloc_slice_fill_copy(capacity, 0.0),
            len: 0,
        }
    }

    /// `out[j] = s(i, j)` for every item `j`.
    pub fn row(&self, i: usize, out: &mut [f64]) {
        self.similarities(self.item(i), self.all, out);
    }

    /// Prepares approximate similarities; `None` if there are no cheap ones: only [`Kernel::Gram`] and [`Kernel::Cosine`] of dense
    /// vectors have them.
    pub fn approximate(&self, scratch: &'s Scratch) -> Option<Approximate<'s>> {
        let Rows::Dense(rows) = self.rows else { return None };
        let is_cosine = matches!(self.kernel, Some(Kernel::Gram | Kernel::Cosine));
        if !is_cosine || !self.all.norms.iter().all(|&norm| filter::is_safe(norm)) {
            return None;
        }
        let inverse = |&norm: &f64| if norm > 0.0 { (1.0 / norm) as f32 } else { 0.0 };
        Some(Approximate {
            rows,
            ids: self.all.ids,
            inverse_norms: scratch.arena.alloc_slice_fill_iter(self.all.norms.iter().map(inverse)),
            cosines: scratch.arena.alloc_slice_fill_copy(self.len(), 0.0),
            error: row_products::cosine_error(rows.stride()),
            is_clipped: self.kernel == Some(Kernel::Cosine),
            evaluations: self.evaluations,
        })
    }

    /// Which kernel it is; `None` for negative squared distances.
    pub(crate) fn kind(&self) -> Option<Kernel> {
        self.kernel
    }

    /// The vector of each item over its norm, `stride` lines each, and zeros up to `rows` of them; zeros for a vector of zeros.
    /// Each value is within 2^-23 of the true one, relatively. `None` if these are no vectors, or `f32` cannot be trusted.
    pub(crate) fn directions(&self, rows: usize, scratch: &'s Scratch) -> Option<(&'s mut [Line], usize)> {
        let Rows::Dense(from) = self.rows else { return None };
        if !self.all.norms.iter().all(|&norm| filter::is_safe(norm)) {
            return None;
        }
        let stride = from.stride();
        let lines = scratch.arena.alloc_slice_fill_copy(rows * stride, Line([0.0; LANES]));
        for ((to, &id), &norm) in lines.chunks_exact_mut(stride.max(1)).zip(self.all.ids).zip(self.all.norms) {
            let inverse = if norm > 0.0 { (1.0 / norm) as f32 } else { 0.0 };
            for (to, from) in to.iter_mut().zip(from.get(id)) {
                for i in 0..LANES {
                    to.0[i] = from.0[i] * inverse;
                }
            }
        }
        Some((lines, stride))
    }

    /// The items at these positions; `ids` and `norms` have room for them.
    pub(crate) fn choose<'a>(
        &self,
        positions: impl ExactSizeIterator<Item = usize>,
        ids: &'a mut [u32],
        norms: &'a mut [f64],
    ) -> Chosen<'a> {
        let (ids, norms) = (&mut ids[..positions.len()], &mut norms[..positions.len()]);
        for ((position, id), norm) in positions.zip(&mut *ids).zip(&mut *norms) {
            (*id, *norm) = (self.all.ids[position], self.all.norms[position]);
        }
        Chosen { ids, norms }
    }

    /// `out[j]` is the similarity of item `i` to the `j`-th of `group`.
    pub fn to(&self, i: usize, group: Chosen<'_>, out: &mut [f64]) {
        self.similarities(self.item(i), group, out);
    }

    /// The same kernel with another query.
    pub(crate) fn set_query(&mut self, query: Query<'s>) {
        self.query = query;
    }

    /// `out[j]` is the similarity of the query to item `j`.
    pub fn of_query(&self, out: &mut [f64]) {
        self.count(out.len());
        let measure = self.kernel.map_or(Measure::SquaredDistance, Kernel::measure_to_query);
        measure.with_many(self.query.point, self.query.norm, self.rows, self.all, out);
        self.finish(out);
    }

    /// Item `i` as a query.
    fn item(&self, i: usize) -> Query<'s> {
        let id = self.all.ids[i];
        Query { point: self.rows.get(id), norm: self.all.norms[i], row: id as usize }
    }

    /// The lines and the norm of item `i`, if it is a vector.
    pub(crate) fn vector(&self, i: usize) -> Option<(&'s [Line], f64)> {
        let Rows::Dense(rows) = self.rows else { return None };
        Some((rows.get(self.all.ids[i]), self.all.norms[i]))
    }

    /// The similarity of item `i` to itself: 1, but for a vector without a direction.
    pub fn self_similarity(&self, i: usize) -> f64 {
        let cosine = if self.all.norms[i] > 0.0 { 1.0 } else { 0.0 };
        match self.kernel {
            Some(kernel) if kernel.measure() == Measure::Cosine => kernel.value(cosine, 0.0),
            Some(_) => 1.0,
            None => 0.0,
        }
    }

    pub(crate) fn count(&self, evaluations: usize) {
        self.evaluations.set(self.evaluations.get() + evaluations as u64);
    }

    fn measure(&self) -> Measure {
        self.kernel.map_or(Measure::SquaredDistance, Kernel::measure)
    }

    fn finish(&self, measures: &mut [f64]) {
        match self.kernel {
            Some(kernel) => kernel.apply(measures, self.sigma),
            None => measures.iter_mut().for_each(|square| *square = -*square),
        }
    }

    fn similarities(&self, of: Query<'_>, group: Chosen<'_>, out: &mut [f64]) {
        self.count(out.len());
        self.measure().with_many(of.point, of.norm, self.rows, group, out);
        self.finish(out);
    }

    /// `wide` are the vectors of all items, if they are vectors.
    fn tile(&self, wide: Option<(&[WideLine], usize)>, left: Range<usize>, right: Range<usize>, out: &mut [f64]) {
        if let Some((wide, stride)) = wide {
            let rows = |range: &Range<usize>| &wide[range.start * stride..range.end * stride];
            if self.measure() == Measure::SquaredDistance {
                dense::wide_squared_euclidean_tile(rows(&left), rows(&right), stride, out);
            } else {
                dense::wide_dot_tile(rows(&left), rows(&right), stride, out);
                let norms = self.all.norms;
                for (row, &norm) in out.chunks_exact_mut(right.len()).zip(&norms[left]) {
                    dense::cosines(row, norm, &norms[right.clone()]);
                }
            }
        } else {
            self.measure().tile(self.rows, self.all.part(left), self.all.part(right), out);
        }
        self.finish(out);
    }

    /// The vectors of all items as `f64`, and how many lines each has.
    fn widened<'a>(&self, scratch: &'a Scratch) -> Option<(&'a [WideLine], usize)> {
        let Rows::Dense(rows) = self.rows else { return None };
        let wide = scratch.arena.alloc_slice_fill_copy(self.len() * rows.stride(), [0.0; LANES]);
        dense::widen(rows, self.all.ids, wide);
        Some((wide, rows.stride()))
    }

    /// Evaluates every pair once, and calls `visit(rows, columns, tile)` for tiles that together are the whole matrix.
    /// For each row its tiles come with ascending columns.
    pub(crate) fn tiles(&self, scratch: &Scratch, mut visit: impl FnMut(Range<usize>, Range<usize>, &[f64])) {
        let m = self.len();
        self.count(m * (m + 1) / 2);
        let tile = scratch.arena.alloc_slice_fill_copy(TILE * TILE, 0.0);
        let mirrored = scratch.arena.alloc_slice_fill_copy(TILE * TILE, 0.0);
        let wide = self.widened(scratch);
        let span = |start: usize| start..(start + TILE).min(m);
        for left in (0..m).step_by(TILE).map(span) {
            for right in (left.start..m).step_by(TILE).map(span) {
                let tile = &mut tile[..left.len() * right.len()];
                self.tile(wide, left.clone(), right.clone(), tile);
                visit(left.clone(), right.clone(), tile);
                if left != right {
                    let mirrored = &mut mirrored[..tile.len()];
                    for (j, column) in mirrored.chunks_exact_mut(left.len()).enumerate() {
                        for (i, value) in column.iter_mut().enumerate() {
                            *value = tile[i * right.len() + j];
                        }
                    }
                    visit(right.clone(), left.clone(), mirrored);
                }
            }
        }
    }
}

/// Approximate cosines of the items of a pool, in half the time of [`PoolKernel::row`] or less.
pub struct Approximate<'s> {
    rows: DenseRows<'s>,
    ids: &'s [u32],
    inverse_norms: &'s [f32],
    cosines: &'s mut [f32],
    error: f64,
    is_clipped: bool,
    evaluations: &'s Cell<u64>,
}

impl Approximate<'_> {
    /// The bound on their error.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// Whether similarities are cosines of at least 0, see [`Kernel::Cosine`].
    pub fn is_clipped(&self) -> bool {
        self.is_clipped
    }

    /// Raises a number for each item of a range to its product with the direction of item `i`, where that is larger.
    /// [`Approximate::cosine`] turns them into the largest cosines.
    pub fn raise(&mut self, i: usize, range: Range<usize>, nearest: &mut [f32]) {
        self.evaluations.set(self.evaluations.get() + range.len() as u64);
        let (inverse, products) = (self.inverse_norms[i], &mut self.cosines[..range.len()]);
        row_products::products_at(self.rows.get(self.ids[i]), self.rows, &self.ids[range], products);
        for (nearest, &product) in nearest.iter_mut().zip(&*products) {
            let along = product * inverse;
            *nearest = if along > *nearest { along } else { *nearest };
        }
    }

    /// The cosine that belongs to the product of item `i` with a direction.
    #[inline]
    pub fn cosine(&self, i: usize, product: f32) -> f32 {
        product * self.inverse_norms[i]
    }

    /// The cosine of item `i` with each item of a range.
    pub fn with(&mut self, i: usize, range: Range<usize>) -> &[f32] {
        let (inverse, vector) = (self.inverse_norms[i], self.rows.get(self.ids[i]));
        self.products(vector, inverse, range)
    }

    /// The inner product of a vector, over the inverse of a norm, with the direction of each item of a range.
    pub fn products(&mut self, vector: &[Line], inverse_norm: f32, range: Range<usize>) -> &[f32] {
        self.evaluations.set(self.evaluations.get() + range.len() as u64);
        let cosines = &mut self.cosines[range.clone()];
        row_products::products_at(vector, self.rows, &self.ids[range.clone()], cosines);
        scale(cosines, inverse_norm, &self.inverse_norms[range]);
        cosines
    }
}

#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn scale(products: &mut [f32], inverse_norm: f32, inverse_norms: &[f32]) {
    for (product, inverse) in products.iter_mut().zip(inverse_norms) {
        *product = *product * inverse_norm * inverse;
    }
}

/// The items picked so far, side by side.
pub struct Picks<'s> {
    ids: &'s mut [u32],
    norms: &'s mut [f64],
    len: usize,
}

impl Picks<'_> {
    /// Adds item `i` of the pool of `kernel`.
    pub fn push(&mut self, kernel: &PoolKernel<'_>, i: usize) {
        (self.ids[self.len], self.norms[self.len]) = (kernel.all.ids[i], kernel.all.norms[i]);
        self.len += 1;
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.len
    }

    /// Those in `range`, in order of picking.
    pub fn group(&self, range: Range<usize>) -> Chosen<'_> {
        Chosen { ids: &self.ids[range.clone()], norms: &self.norms[range] }
    }
}

/// Pools up to this size keep their whole kernel (8 MiB). For larger ones a row is computed each time it is needed.
pub(crate) const KEPT: usize = 1024;

/// The kernel between all items of a pool, for objectives that sum over it.
pub struct Matrix<'s> {
    kernel: PoolKernel<'s>,
    /// All of it, row-major, where it is kept.
    kept: &'s [f64],
    row: &'s mut [f64],
    sums: &'s mut [[f64; LANES]],
}

impl<'s> Matrix<'s> {
    /// Takes the kernel; evaluates it whole where that is kept.
    pub fn new(kernel: PoolKernel<'s>, scratch: &'s Scratch) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        if m > KEPT {
            return Self::by_rows(kernel, scratch);
        }
        let kept = arena.alloc_slice_fill_copy(m * m, 0.0);
        kernel.tiles(scratch, |rows, columns, tile| {
            for (i, values) in rows.zip(tile.chunks_exact(columns.len())) {
                kept[i * m + columns.start..i * m + columns.end].copy_from_slice(values);
            }
        });
        Self { kernel, kept, row: &mut [], sums: &mut [] }
    }

    /// Takes the kernel; its rows are evaluated when they are asked for.
    pub fn by_rows(kernel: PoolKernel<'s>, scratch: &'s Scratch) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        let (row, sums) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, [0.0; LANES]));
        Self { kernel, kept: &[], row, sums }
    }

    /// The kernel itself.
    pub fn kernel(&self) -> &PoolKernel<'s> {
        &self.kernel
    }

    /// Items in the pool, m.
    pub fn size(&self) -> usize {
        self.kernel.len()
    }

    /// All of it, row after row, if it is kept.
    pub fn kept(&self) -> Option<&[f64]> {
        self.row.is_empty().then_some(self.kept)
    }

    /// Similarities of item `i` to all.
    pub fn row(&mut self, i: usize) -> &[f64] {
        let m = self.size();
        if self.row.is_empty() {
            &self.kept[i * m..(i + 1) * m]
        } else {
            self.kernel.row(i, self.row);
            self.row
        }
    }

    /// `out[i] = sum over v of weights[v] * min(s(v, i), caps[v])`, each summed as [`capped_sum`] does.
    pub fn capped_sums(&mut self, caps: &[f64], weights: &[f64], scratch: &Scratch, out: &mut [f64]) {
        let m = self.size();
        if self.row.is_empty() {
            for (out, row) in out.iter_mut().zip(self.kept.chunks_exact(m.max(1))) {
                *out = capped_sum(row, caps, weights);
            }
            return;
        }
        self.sums.fill([0.0; LANES]);
        let sums = &mut *self.sums;
        self.kernel.tiles(scratch, |rows, columns, tile| {
            // Tiles begin at whole lanes, so that a term goes to the lane that it would have in the whole row.
            let (caps, weights) = (&caps[columns.clone()], &weights[columns.clone()]);
            for (row, sums) in tile.chunks_exact(columns.len()).zip(&mut sums[rows]) {
                add_capped(row, caps, weights, sums);
            }
        });
        out.iter_mut().zip(&*self.sums).for_each(|(out, sums)| *out = dense::tree_sum(sums));
    }
}

#[inline(always)]
fn add_in_lanes(count: usize, sums: &mut [f64; LANES], term: impl Fn(usize) -> f64) {
    let whole = count / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            sums[lane] += term(start + lane);
        }
    }
    for at in whole..count {
        sums[at - whole] += term(at);
    }
}

#[inline(always)]
fn least(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn add_capped(row: &[f64], caps: &[f64], weights: &[f64], sums: &mut [f64; LANES]) {
    let (caps, weights) = (&caps[..row.len()], &weights[..row.len()]);
    add_in_lanes(row.len(), sums, |v| weights[v] * least(row[v], caps[v]));
}

/// The sum of `weights * min(row, caps)`, term `v` in lane `v % 16` and the lanes in a fixed tree: the same on every
/// instruction set. No term grows as its cap falls.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn capped_sum(row: &[f64], caps: &[f64], weights: &[f64]) -> f64 {
    let (caps, weights) = (&caps[..row.len()], &weights[..row.len()]);
    let mut sums = [0.0; LANES];
    add_in_lanes(row.len(), &mut sums, |v| weights[v] * least(row[v], caps[v]));
    dense::tree_sum(&sums)
}

/// The sum of `weights * max(0, min(row, caps) - covered)`, in the same order; with nothing covered and no similarity
/// below 0, the same bits as [`capped_sum`]. No term grows as `covered` does.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn uncovered_sum(row: &[f64], caps: &[f64], weights: &[f64], covered: &[f64]) -> f64 {
    let (caps, weights, covered) = (&caps[..row.len()], &weights[..row.len()], &covered[..row.len()]);
    let mut sums = [0.0; LANES];
    add_in_lanes(row.len(), &mut sums, |v| weights[v] * kernel::positive(least(row[v], caps[v]) - covered[v]));
    dense::tree_sum(&sums)
}
