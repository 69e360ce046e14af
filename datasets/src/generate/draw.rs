//! Rows of a distribution, drawn in parallel into their final memory. Each has a random stream of its own, so that it is the same
//! at any number of threads, and in a larger dataset.

use super::Size;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::points::{Bits, PointType, Sets, SparseVectors};
use swath_algorithms::{Points, PointsError, Vectors, random};

/// Bits in a word.
const WORD: usize = u64::BITS as usize;
/// Rows of sets that are drawn before their members are put behind those of the rows before them.
const ROWS_AT_ONCE: usize = 1 << 14;

/// Which points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Array {
    /// Base points.
    Train,
    /// Queries.
    Test,
}

impl Array {
    /// Names the random streams.
    fn purpose(self) -> &'static str {
        match self {
            Self::Train => "generated base vector",
            Self::Test => "generated query",
        }
    }
}

/// The place of a row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Base points or queries.
    pub array: Array,
    /// Its number there.
    pub number: usize,
}

impl Row {
    /// Row `number` of the base points.
    pub(super) fn base(number: usize) -> Self {
        Self { array: Array::Train, number }
    }

    /// Whether it is a query.
    pub(super) fn is_query(self) -> bool {
        self.array == Array::Test
    }

    /// Its random stream.
    pub(super) fn stream(self, seed: u64) -> ChaCha8Rng {
        random::stream(seed, self.array.purpose(), self.number as u64)
    }
}

/// Draws the vector of a row with its random stream: writes all its coordinates.
pub type DrawVector<'a> = Box<dyn Fn(Row, &mut ChaCha8Rng, &mut [f64]) + Send + Sync + 'a>;

/// Draws the set of a row with its random stream: different numbers below the dimension, ascending.
pub type DrawSet<'a> = Box<dyn Fn(Row, &mut ChaCha8Rng) -> Vec<u32> + Send + Sync + 'a>;

/// How the rows of a distribution are drawn.
pub enum Rows<'a> {
    /// As vectors.
    ///
    /// A normal number is computed by the platform's logarithm and cosine and then rounded to `f32`: platforms that differ in a last
    /// bit still agree in all but about one in a billion numbers.
    Vectors(DrawVector<'a>),
    /// As sets, or as sparse vectors with these members as columns.
    Sets(DrawSet<'a>),
}

/// Draws rows of a type that the distribution makes. Bits say whether coordinates are above `mean`.
///
/// # Errors
/// What is drawn are no points, or there is no room for them.
pub(super) fn points(
    rows: &Rows<'_>,
    kind: PointType,
    size: &Size,
    mean: f64,
    (array, count): (Array, usize),
) -> Result<Points, PointsError> {
    let drawing = Drawing { array, count, size };
    Ok(match (rows, kind) {
        (Rows::Vectors(draw), PointType::Bits) => drawing.bits(draw, mean as f32)?.into(),
        (Rows::Vectors(draw), _) => drawing.vectors(draw)?.into(),
        (Rows::Sets(draw), PointType::Sparse) => drawing.sparse_vectors(draw)?.into(),
        (Rows::Sets(draw), _) => drawing.sets(draw)?.into(),
    })
}

/// The rows of one array.
struct Drawing<'a> {
    array: Array,
    count: usize,
    size: &'a Size,
}

impl Drawing<'_> {
    fn row(&self, number: usize) -> (Row, ChaCha8Rng) {
        let row = Row { array: self.array, number };
        (row, row.stream(self.size.seed))
    }

    fn vectors(&self, draw: &DrawVector<'_>) -> Result<Vectors, PointsError> {
        let mut vectors = Builder::new(self.count, self.size.dim)?;
        let exact = || vec![0.0; self.size.dim];
        vectors.write(self.count, exact, |exact, number, values| {
            let (row, mut rng) = self.row(number);
            draw(row, &mut rng, exact);
            values.iter_mut().zip(exact.iter()).for_each(|(value, &exact)| *value = exact as f32);
        })?;
        Ok(vectors.finish())
    }

    fn bits(&self, draw: &DrawVector<'_>, mean: f32) -> Result<Bits, PointsError> {
        let (dim, stride) = (self.size.dim, self.size.dim.div_ceil(WORD));
        let mut words = vec![0_u64; self.count.saturating_mul(stride)];
        let rows = words.par_chunks_mut(stride).enumerate();
        rows.for_each_init(
            || vec![0.0; dim],
            |exact, (number, words)| {
                let (row, mut rng) = self.row(number);
                draw(row, &mut rng, exact);
                for (word, exact) in words.iter_mut().zip(exact.chunks(WORD)) {
                    let bits = exact.iter().enumerate();
                    *word = bits.fold(0, |word, (at, &exact)| word | u64::from(exact as f32 > mean) << at);
                }
            },
        );
        Bits::new(words, dim)
    }

    /// Draws `one` row at a time, and gives all to `put` in their order.
    fn in_order<T: Send>(&self, one: impl Fn(Row, &mut ChaCha8Rng) -> T + Sync, mut put: impl FnMut(T)) {
        for start in (0..self.count).step_by(ROWS_AT_ONCE) {
            let numbers = (start..(start + ROWS_AT_ONCE).min(self.count)).into_par_iter();
            let drawn = numbers.map(|number| {
                let (row, mut rng) = self.row(number);
                one(row, &mut rng)
            });
            drawn.collect::<Vec<T>>().into_iter().for_each(&mut put);
        }
    }

    fn sets(&self, draw: &DrawSet<'_>) -> Result<Sets, PointsError> {
        let (mut members, mut offsets) = (Vec::new(), self.offsets());
        self.in_order(draw, |row| {
            members.extend(row);
            offsets.push(members.len() as u64);
        });
        Sets::new(members, offsets, self.size.dim)
    }

    /// Members as columns, with values above 0.1: half-normal, as learned weights of words are about.
    fn sparse_vectors(&self, draw: &DrawSet<'_>) -> Result<SparseVectors, PointsError> {
        let (mut columns, mut values, mut offsets) = (Vec::new(), Vec::new(), self.offsets());
        let one = |row, rng: &mut ChaCha8Rng| {
            let columns = draw(row, rng);
            let values: Vec<f32> = columns.iter().map(|_| (0.1 + random::normal(rng).abs()) as f32).collect();
            (columns, values)
        };
        self.in_order(one, |(row, of_row)| {
            columns.extend(row);
            values.extend(of_row);
            offsets.push(columns.len() as u64);
        });
        SparseVectors::new(columns, values, offsets, self.size.dim)
    }

    /// Room for the end of each row, after 0.
    fn offsets(&self) -> Vec<u64> {
        let mut offsets = Vec::with_capacity(self.count + 1);
        offsets.push(0);
        offsets
    }
}

/// Fills a row with standard normal numbers.
pub(super) fn normals(rng: &mut ChaCha8Rng, values: &mut [f64]) {
    values.iter_mut().for_each(|value| *value = random::normal(rng));
}

/// Divides a vector by its length.
pub(super) fn normalize(values: &mut [f64]) {
    let norm = values.iter().map(|x| x * x).sum::<f64>().sqrt();
    values.iter_mut().for_each(|x| *x /= norm);
}
