//! Codes of 8 bits for dense vectors: what walks compare a query with.
//!
//! Value `j` of a row `x` is stored as the whole number `c_j` nearest to `x_j / s`, where `s` is the largest magnitude of the row
//! over 127. A query has whole numbers of more bits. The products of both are whole numbers, with sums that are exact in any
//! order; what is computed from a sum takes two multiplications and a subtraction, which every machine rounds alike. So a walk is
//! the same on every machine. It compares what the codes stand for:
//!
//! - angular: the cosine of the query and the codes;
//! - euclidean: the distance of both, about the middle of the rows;
//! - ip: the product of both.
//!
//! Lengths are over the norm of the longest row, rounded to a power of two. So a walk is the same in every unit of the data.
//!
//! What a walk keeps is measured exactly afterwards. Codes serve where they [tell near points apart](CodedRows::tell_apart).

use super::walk::TargetLists;
use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::items::whole_products::{WholeRows, products};
use crate::items::{Centre, Distances, ExactDistances, TOGETHER, TotalOrder};
use crate::large_pages;
use crate::nearest::filter::{is_safe, power_of_two};
use crate::prefetch::prefetch;
use crate::random;
use bumpalo::Bump;
use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

/// The largest code of a row.
const LARGEST: f64 = 127.0;

/// The largest number of a query, unless sums could overflow.
const LARGEST_OF_QUERY: usize = 4095;

/// The longest vectors that have codes: numbers of queries are at least 255.
const LONGEST: usize = 1 << 16;

/// Rows whose targets say whether codes tell near points apart, and targets of each.
const WITNESSES: usize = 256;
const NEAREST: usize = 10;

/// The share of pairs of near points that codes must order as they are.
const IN_ORDER: f64 = 0.9;

/// Bytes of a line, and numbers of a query that are multiplied at once.
const BYTES: usize = 64;
const LANES: usize = 32;

/// One cache line of a row.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
struct CodeLine([i8; BYTES]);

/// What ends a row, in its last line.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Ending {
    /// What a sum of products is multiplied by.
    factor: f32,
    /// What a similarity is subtracted from.
    offset: f32,
}

/// Codes of all rows of a base.
#[derive(Clone, Debug, PartialEq)]
pub struct CodedRows {
    lines: Vec<CodeLine>,
    /// Lines of a row.
    stride: usize,
    /// What is subtracted from all vectors first (euclidean).
    centre: Vec<f64>,
    /// What lengths are over: a power of two, so that dividing by it rounds nothing.
    unit: f64,
}

fn stride(dim: usize) -> usize {
    (dim + size_of::<Ending>()).div_ceil(BYTES)
}

/// The whole numbers nearest to the values, of which the largest has this magnitude, and what one of them stands for.
fn code(values: impl Iterator<Item = f64> + Clone, largest: f64, mut write: impl FnMut(usize, f64)) -> f64 {
    let step = values.clone().fold(0.0_f64, |largest, value| largest.max(value.abs())) / largest;
    if step > 0.0 {
        values.enumerate().for_each(|(j, value)| write(j, (value / step).round()));
    }
    step
}

impl CodedRows {
    /// Codes of all rows; `None` if these are no dense vectors, have too many values, or one is too short beside the longest.
    pub fn new(base: &Base) -> Option<Self> {
        let vectors = base.points().dense()?;
        let unit = power_of_two(base.norms().iter().copied().fold(f64::MIN_POSITIVE, f64::max));
        if vectors.dim() > LONGEST || !base.norms().iter().all(|norm| is_safe(norm / unit)) {
            return None;
        }
        let centre = match base.distance() {
            Distance::Euclidean => Centre::of(base).values,
            _ => vec![0.0; vectors.dim()],
        };
        let stride = stride(vectors.dim());
        let mut lines = large_pages::filled(CodeLine([0; BYTES]), vectors.rows() * stride);
        lines.par_chunks_exact_mut(stride).enumerate().for_each(|(i, lines)| {
            let codes: &mut [i8] = bytemuck::cast_slice_mut(lines);
            let (codes, ending) = codes.split_at_mut(stride * BYTES - size_of::<Ending>());
            let values = vectors.row(i).iter().zip(&centre).map(|(&value, centre)| f64::from(value) - centre);
            let mut squares = 0.0;
            let step = code(values, LARGEST, |j, code| {
                codes[j] = code as i8;
                squares += code * code;
            });
            let step = step / unit;
            let (factor, offset) = match base.distance() {
                Distance::Euclidean => (step, step * step * squares / 2.0),
                Distance::InnerProduct => (step, 0.0),
                _ => (if squares > 0.0 { 1.0 / squares.sqrt() } else { 0.0 }, 0.0),
            };
            let own = Ending { factor: factor as f32, offset: offset as f32 };
            ending.copy_from_slice(bytemuck::cast_slice(bytemuck::bytes_of(&own)));
        });
        Some(Self { lines, stride, centre, unit })
    }

    /// Bytes held.
    pub fn held(&self) -> usize {
        size_of_val(self.lines.as_slice()) + size_of_val(self.centre.as_slice())
    }

    /// Bytes that codes of such rows take.
    pub fn bytes(rows: usize, dim: usize) -> usize {
        rows.saturating_mul(stride(dim) * size_of::<CodeLine>())
    }

    /// Distances from a query; `None` if it is too short or too long beside the rows.
    pub fn from<'a>(&'a self, query: Query<'_>, arena: &'a Bump) -> Option<FromCodes<'a>> {
        if !is_safe(query.norm / self.unit) {
            return None;
        }
        let dim = self.centre.len();
        let largest = (i32::MAX as usize / (127 * dim)).min(LARGEST_OF_QUERY);
        let codes = arena.alloc_slice_fill_copy(self.stride * BYTES / LANES, [0_i16; LANES]);
        let flat: &mut [i16] = bytemuck::cast_slice_mut(codes);
        let values: &[f32] = bytemuck::cast_slice(query.lines());
        let values = values.iter().zip(&self.centre).map(|(&value, centre)| f64::from(value) - centre);
        let step = code(values, largest as f64, |j, code| flat[j] = code as i16);
        Some(FromCodes { rows: self, codes, step: (step / self.unit) as f32 })
    }

    /// Whether codes order near points as they are: of pairs of the nearest targets of a point, drawn from all, at least
    /// [`IN_ORDER`]. They do not where most points are much nearer to each other than they are long.
    pub fn tell_apart(&self, base: &Base, targets: &impl TargetLists) -> bool {
        let drawn = random::sample(&mut random::stream(0, "codes", 0), base.len(), WITNESSES);
        let (mut pairs, mut in_order) = (0_usize, 0_usize);
        let mut arena = Bump::new();
        for id in drawn {
            arena.reset();
            let query = base.query(id);
            let Some(from) = self.from(query, &arena) else { continue };
            let mut near = Vec::new();
            for ids in targets.of(id as u32).chunks(TOGETHER) {
                let (mut exact, mut coded) = ([TotalOrder::default(); TOGETHER], [TotalOrder::default(); TOGETHER]);
                ExactDistances::new(base, query).measure(ids, &mut exact[..ids.len()]);
                from.measure(ids, &mut coded[..ids.len()]);
                near.extend(exact.into_iter().zip(coded).take(ids.len()));
            }
            near.sort_unstable();
            near.truncate(NEAREST);
            for (i, far) in near.iter().enumerate() {
                for nearer in near[..i].iter().filter(|nearer| nearer.0 < far.0) {
                    pairs += 1;
                    in_order += usize::from(nearer.1 < far.1);
                }
            }
        }
        in_order as f64 >= IN_ORDER * pairs as f64
    }

    #[inline(always)]
    fn row(&self, id: u32) -> &[CodeLine] {
        &self.lines[id as usize * self.stride..][..self.stride]
    }
}

/// Distances from the codes of a query.
#[derive(Clone, Copy)]
pub struct FromCodes<'a> {
    rows: &'a CodedRows,
    codes: &'a [[i16; LANES]],
    step: f32,
}

impl Distances for FromCodes<'_> {
    type Distance = TotalOrder<f32>;

    fn measure(&self, ids: &[u32], out: &mut [TotalOrder<f32>]) {
        let mut all = [0; TOGETHER];
        let numbers: &[i8] = bytemuck::cast_slice(&self.rows.lines);
        let rows = WholeRows::new(numbers, self.rows.stride * BYTES);
        products(bytemuck::cast_slice(self.codes), rows, ids, &mut all[..ids.len()]);
        for ((&id, out), product) in ids.iter().zip(out).zip(all) {
            let bytes: &[u8] = bytemuck::cast_slice(self.rows.row(id));
            let own: Ending = bytemuck::pod_read_unaligned(&bytes[bytes.len() - size_of::<Ending>()..]);
            *out = TotalOrder(own.offset - product as f32 * (own.factor * self.step));
        }
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        prefetch(self.rows.row(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::samples::Sample;
    use crate::points::{PointType, Points, Vectors};

    /// What a walk compares is what the codes stand for, computed from them one by one.
    #[test]
    fn distances_are_those_of_the_codes() {
        for dim in [1, 31, 56, 57, 100, 300] {
            for distance in Distance::DENSE {
                let base = Sample { rows: 40, centres: 4, dim }.base(PointType::Dense, distance, "base");
                let codes = CodedRows::new(&base).expect("safe norms");
                let arena = Bump::new();
                let ids: Vec<u32> = (0..40).collect();
                for i in 0..40 {
                    let from = codes.from(base.query(i), &arena).expect("a safe norm");
                    let of_query: &[i16] = bytemuck::cast_slice(from.codes);
                    let mut out = [TotalOrder::default(); 40];
                    from.measure(&ids, &mut out);
                    for (id, found) in out.into_iter().enumerate() {
                        let row: &[i8] = bytemuck::cast_slice(codes.row(id as u32));
                        let (mut product, mut squares) = (0.0, 0.0);
                        for (&a, &b) in of_query.iter().zip(&row[..dim]) {
                            product += f64::from(a) * f64::from(b);
                            squares += f64::from(b) * f64::from(b);
                        }
                        let values =
                            base.vectors().row(id).iter().zip(&codes.centre).map(|(&x, centre)| f64::from(x) - centre);
                        let step = values.fold(0.0_f64, |most, value| most.max(value.abs())) / 127.0 / codes.unit;
                        let product = product * f64::from(from.step);
                        let expected = match distance {
                            Distance::Euclidean => step * step * squares / 2.0 - step * product,
                            Distance::InnerProduct => -step * product,
                            _ => -product / squares.sqrt(),
                        };
                        let scale = step * step * squares + (step * product).abs() + expected.abs();
                        assert!((f64::from(found.0) - expected).abs() <= 1e-6 * scale, "{dim}, {distance}");
                    }
                }
            }
        }
    }

    /// The largest numbers there are, in the longest vectors.
    #[test]
    fn sums_do_not_overflow() {
        let values: Vec<f32> = [vec![1.0_f32; LONGEST], vec![-1.0; LONGEST]].concat();
        let base = Base::from_values(&values, LONGEST, Distance::InnerProduct).expect("finite");
        let (codes, arena) = (CodedRows::new(&base).expect("safe norms"), Bump::new());
        let mut out = [TotalOrder::default(); 2];
        codes.from(base.query(0), &arena).expect("a safe norm").measure(&[0, 1], &mut out);
        // Over the norm of the longest, squared.
        assert!((out[0].0 + 1.0).abs() < 2e-6 && (out[1].0 - 1.0).abs() < 2e-6, "{out:?}");
        let longer = Base::from_values(&[1.0].repeat(LONGEST + 1), LONGEST + 1, Distance::Angular).expect("finite");
        assert!(CodedRows::new(&longer).is_none());
    }

    /// What walks compare is the same to the bit, however long or short all vectors are together.
    #[test]
    fn the_unit_makes_no_difference() {
        let sample = Sample { rows: 40, centres: 4, dim: 30 };
        let Points::Dense(vectors) = sample.points(PointType::Dense, "base") else { panic!("asked for dense vectors") };
        let values: Vec<f32> = (0..40).flat_map(|i| vectors.row(i)).copied().collect();
        let ids: Vec<u32> = (0..40).collect();
        for distance in Distance::DENSE {
            let compared = |power: i32| {
                let scaled: Vec<f32> = values.iter().map(|value| value * 2.0_f32.powi(power)).collect();
                let base = Base::from_values(&scaled, 30, distance).expect("finite");
                let (codes, arena) = (CodedRows::new(&base).expect("norms alike"), Bump::new());
                let from = |i: usize| {
                    let mut out = [TotalOrder::default(); 40];
                    codes.from(base.query(i), &arena).expect("as long as the rows").measure(&ids, &mut out);
                    out.map(|distance| distance.0)
                };
                (0..40).map(from).collect::<Vec<_>>()
            };
            let expected = compared(0);
            for power in [-80, -60, -40, -1, 1, 7, 50, 60, 120] {
                assert_eq!(compared(power), expected, "2^{power}, {distance}");
            }
        }
    }

    /// `f32` would lose what rows of 10^-13 differ by, beside one of 1; and it would hold no more of rows beside a query of 10^16.
    #[test]
    fn lengths_too_far_apart_have_no_codes() {
        for unit in [1e-20_f32, 1.0, 1e20] {
            for distance in Distance::DENSE {
                let base = |short: f32| {
                    let values = [unit, 0.0, 0.0, unit * short, 0.0, 0.0];
                    Base::from_values(&values, 2, distance).expect("finite")
                };
                assert!(CodedRows::new(&base(1e-13)).is_none(), "{unit}, {distance}");
                let (codes, arena) = (CodedRows::new(&base(1e-11)).expect("norms alike"), Bump::new());
                for (length, has_codes) in [(1e-13, false), (1e-11, true), (1e14, true), (1e16, false), (0.0, true)] {
                    let query = Points::from(Vectors::new(&[unit * length, 0.0], 2).expect("finite"));
                    let from = codes.from(Query::row(&query, 0), &arena);
                    assert_eq!(from.is_some(), has_codes, "{length}, {unit}, {distance}");
                }
            }
        }
    }

    /// A base of zeros has codes of zeros.
    #[test]
    fn zeros_have_codes() {
        let base = Base::from_values(&[0.0; 6], 3, Distance::Euclidean).expect("finite");
        let (codes, arena) = (CodedRows::new(&base).expect("zeros"), Bump::new());
        let mut out = [TotalOrder(1.0); 2];
        codes.from(base.query(0), &arena).expect("zeros").measure(&[0, 1], &mut out);
        assert_eq!(out.map(|distance| distance.0), [0.0; 2]);
        let query = Points::from(Vectors::new(&[1.0, 0.0, 0.0], 3).expect("finite"));
        assert!(codes.from(Query::row(&query, 0), &arena).is_none(), "infinitely longer than the rows");
    }

    /// Points in a small cloud far from others like it have almost the same codes.
    #[test]
    fn codes_serve_where_they_tell_near_points_apart() {
        struct All(Vec<u32>);
        impl TargetLists for All {
            fn of(&self, _: u32) -> &[u32] {
                &self.0
            }
        }
        let mut rng = random::stream(1, "clouds", 0);
        let directions: Vec<f64> = (0..10 * 20).map(|_| random::normal(&mut rng)).collect();
        for (width, expected) in [(1.0, true), (1e-3, false)] {
            let mut point =
                |cloud: usize, j: usize| (directions[cloud * 20 + j] + width * random::normal(&mut rng)) as f32;
            let values: Vec<f32> = (0..500 * 20).map(|at| point(at / 20 % 10, at % 20)).collect();
            for distance in [Distance::Angular, Distance::Euclidean] {
                let base = Base::from_values(&values, 20, distance).expect("finite");
                let codes = CodedRows::new(&base).expect("safe norms");
                assert_eq!(codes.tell_apart(&base, &All((0..500).collect())), expected, "{width}, {distance}");
            }
        }
    }
}
