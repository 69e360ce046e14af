//! Sub-queries: vectors for what else a query may mean, which selectors may look at.

use crate::check::{Flaw, counted, first, first_of};
use swath_algorithms::points::PointType;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::{Line, Points, Vectors};

/// Their name in files and in messages.
pub(crate) const NAME: &str = "aspects";

/// `f32`, in which files have the numbers of queries, has all whole numbers below this.
const MOST_QUERIES: usize = 1 << 24;

/// Sub-queries of each query: vectors of the base's dimension, in the order of the queries that they belong to.
#[derive(Clone, Debug)]
pub struct Aspects {
    vectors: Vectors,
    /// Index of each query's first vector; m + 1 values.
    starts: Vec<usize>,
}

impl Aspects {
    /// From vectors and the query below `queries` of each, in any order; those of a query keep their order.
    /// [`Dataset::check`](crate::Dataset::check) finds queries that are out of range.
    ///
    /// # Panics
    /// If `of` has more values than there are vectors.
    pub fn new(queries: usize, of: &[usize], vectors: &Vectors) -> Self {
        let mut order: Vec<usize> = (0..of.len()).collect();
        order.sort_by_key(|&row| of[row]);
        let starts = (0..=queries).map(|query| order.partition_point(|&row| of[row] < query)).collect();
        Self { vectors: vectors.gather(&order), starts }
    }

    /// From rows (query, vector), 1 + d values each, as files have them; `place` says where the value in a row and column is.
    ///
    /// # Errors
    /// A query is none of the `queries`, or a value is not finite.
    pub(crate) fn of_rows(
        values: &[f64],
        queries: usize,
        dim: usize,
        place: impl Fn(usize, usize) -> String,
    ) -> Result<Self, Flaw> {
        let rows = || values.chunks_exact(1 + dim).enumerate();
        let is_query = |value: f64| value.fract() == 0.0 && (0.0..queries as f64).contains(&value);
        let numbers = rows().map(|(row, values)| (row, values[0]));
        if let Some(((row, number), wrong)) = first(numbers.filter(|&(_, number)| !is_query(number))) {
            let found = first_of(format!("the value is {number}"), wrong);
            let expected =
                format!("a whole number, 0 to {}: the number of a query, which stands before its vector", queries - 1);
            return Err(Flaw::new(place(row, 0), found, expected));
        }
        let cells = rows().flat_map(|(row, values)| values.iter().enumerate().map(move |(at, value)| (row, at, value)));
        if let Some(((row, at, value), wrong)) = first(cells.filter(|(.., value)| !(**value as f32).is_finite())) {
            let found = first_of(format!("the value is {value:e}"), wrong);
            return Err(Flaw::new(place(row, at), found, "a finite number within the range of f32"));
        }
        let refused =
            |error: swath_algorithms::PointsError| Flaw::new("`aspects`", error.to_string(), "rows of equal length");
        let mut vectors = Builder::new(values.len() / (1 + dim), dim).map_err(refused)?;
        let mut vector = Vec::with_capacity(dim);
        for (_, values) in rows() {
            vector.clear();
            vector.extend(values[1..].iter().map(|&value| value as f32));
            vectors.push(&vector).map_err(refused)?;
        }
        Ok(Self::new(queries, &rows().map(|(_, values)| values[0] as usize).collect::<Vec<_>>(), &vectors.finish()))
    }

    /// From vectors in the order of their `queries` queries, and the index of each query's first, m + 1 values; `None` if these
    /// are not that.
    pub(crate) fn of_parts(vectors: Vectors, starts: Vec<usize>, queries: usize) -> Option<Self> {
        let is_right = starts.len() == queries + 1
            && starts.first() == Some(&0)
            && starts.last() == Some(&vectors.rows())
            && starts.is_sorted();
        is_right.then_some(Self { vectors, starts })
    }

    /// The sub-queries of `query`: rows one after another, each filled up to whole lines.
    pub fn of(&self, query: usize) -> &[Line] {
        self.vectors.block(self.starts[query]..self.starts[query + 1])
    }

    /// Number of sub-queries of `query`.
    pub fn count(&self, query: usize) -> usize {
        self.starts[query + 1] - self.starts[query]
    }

    /// Rows (query, vector), 1 + d values each, as files have them.
    pub(crate) fn rows(&self) -> Vec<f32> {
        let row = |query: usize, row: usize| std::iter::once(query as f32).chain(self.vectors.row(row).iter().copied());
        let of_query = |query: usize| (self.starts[query]..self.starts[query + 1]).flat_map(move |at| row(query, at));
        (0..self.queries()).flat_map(of_query).collect()
    }

    /// Those of the queries `asked`, in that order.
    ///
    /// # Panics
    /// If a query does not exist.
    #[must_use]
    pub fn of_queries(&self, asked: &[usize]) -> Self {
        let rows: Vec<usize> = asked.iter().flat_map(|&query| self.starts[query]..self.starts[query + 1]).collect();
        let mut starts = vec![0; asked.len() + 1];
        for (i, &query) in asked.iter().enumerate() {
            starts[i + 1] = starts[i] + self.count(query);
        }
        Self { vectors: self.vectors.gather(&rows), starts }
    }

    /// The same sub-queries of the same queries, with other vectors.
    ///
    /// # Panics
    /// If there are more or fewer vectors.
    #[must_use]
    pub fn with_vectors(&self, vectors: Vectors) -> Self {
        assert_eq!(vectors.rows(), self.vectors.rows(), "a vector for each");
        Self { vectors, starts: self.starts.clone() }
    }

    /// All vectors, in the order of their queries.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Index of each query's first vector; m + 1 values.
    pub(crate) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Number of queries, m.
    pub fn queries(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of sub-queries.
    pub fn len(&self) -> usize {
        self.vectors.rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.vectors.bytes() + size_of_val(self.starts.as_slice())
    }

    /// Checks that they are sub-queries of the queries `test`.
    ///
    /// # Errors
    /// The first [`Flaw`].
    pub(crate) fn check(&self, test: &Points) -> Result<(), Flaw> {
        let (at, m) = ("`aspects`", test.len());
        dense(test.kind())?;
        width(test.dim(), 1 + self.vectors.dim())?;
        if self.queries() != m {
            let found = format!("it is made for {} queries", self.queries());
            return Err(Flaw::new(at, found, format!("{m}, the number of rows in `test`")));
        }
        if m > MOST_QUERIES {
            let found = format!("it is made for {m} queries");
            return Err(Flaw::new(at, found, format!("at most {MOST_QUERIES}: `f32` stores their numbers exactly")));
        }
        match self.starts.last().map_or(0, |end| self.len() - end) {
            0 => Ok(()),
            beyond => {
                let found = format!("it has {} of queries that do not exist", counted(beyond, "row"));
                Err(Flaw::new(at, found, format!("queries 0 to {}", m - 1)))
            }
        }
    }
}

impl PartialEq for Aspects {
    fn eq(&self, other: &Self) -> bool {
        let points = |aspects: &Self| Points::from(aspects.vectors.clone());
        self.starts == other.starts && points(self) == points(other)
    }
}

/// Checks that queries of this type can have sub-queries.
pub(crate) fn dense(kind: PointType) -> Result<(), Flaw> {
    if kind == PointType::Dense {
        return Ok(());
    }
    let found = format!("it has dense vectors, and the dataset has {kind}");
    Err(Flaw::new("`aspects`", found, "dense vectors in the dataset; or leave `aspects` out"))
}

/// Checks that rows of `columns` values are a query and a vector of `dim` values.
pub(crate) fn width(dim: usize, columns: usize) -> Result<(), Flaw> {
    if columns == 1 + dim {
        return Ok(());
    }
    let expected = format!("{}: the number of a query, then the {dim} values of its vector", 1 + dim);
    Err(Flaw::new("`aspects`", format!("it has {}", counted(columns, "column")), expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(values: &[f32]) -> Vectors {
        Vectors::new(values, 2).expect("finite")
    }

    fn values(lines: &[Line], stride: usize) -> Vec<[f32; 2]> {
        lines.chunks_exact(stride).map(|row| [row[0].0[0], row[0].0[1]]).collect()
    }

    #[test]
    fn sub_queries_are_found_by_query_in_their_order() {
        let aspects = Aspects::new(4, &[2, 0, 2], &vectors(&[9.0, 1.0, 5.0, 7.0, 3.0, 1.0]));
        assert_eq!(values(aspects.of(2), 1), [[9.0, 1.0], [3.0, 1.0]]);
        assert_eq!(values(aspects.of(0), 1), [[5.0, 7.0]]);
        assert!(aspects.of(1).is_empty() && aspects.of(3).is_empty());
        assert_eq!((aspects.len(), aspects.queries(), aspects.count(2), aspects.count(3)), (3, 4, 2, 0));
        assert_eq!(aspects.rows(), [0.0, 5.0, 7.0, 2.0, 9.0, 1.0, 2.0, 3.0, 1.0]);
        let part = aspects.of_queries(&[2, 1, 2]);
        assert_eq!((part.of(0).len(), part.of(1).len(), part.len()), (2, 0, 4));
        assert_eq!(values(part.of(2), 1), [[9.0, 1.0], [3.0, 1.0]]);
        assert!(aspects == aspects.of_queries(&[0, 1, 2, 3]) && aspects != part);
        assert!(aspects != aspects.with_vectors(vectors(&[5.0, 7.0, 9.0, 1.0, 3.0, 2.0])));
        assert!(aspects.of_queries(&[1]).is_empty());
    }

    #[test]
    fn rows_are_a_query_and_its_vector() {
        let place = |row: usize, column: usize| format!("{row}, {column}");
        let of_rows = |rows: &[f64]| Aspects::of_rows(rows, 2, 2, place).map_err(|flaw| flaw.to_string());
        let read = of_rows(&[1.0, 0.5, 1e-60, 0.0, 3.0, 4.0]).expect("right");
        assert_eq!(read, Aspects::new(2, &[0, 1], &vectors(&[3.0, 4.0, 0.5, 0.0])));
        assert!(of_rows(&[]).expect("none").is_empty());
        let a_query = "expected a whole number, 0 to 1: the number of a query, which stands before its vector";
        for (wrong, shown) in [(2.0, "2"), (-1.0, "-1"), (0.5, "0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let found = of_rows(&[1.0, 0.5, 0.5, wrong, 3.0, 4.0, wrong, 3.0, 4.0]).expect_err("no query");
            assert_eq!(found, format!("1, 0: the value is {shown} (the first of 2 like it); {a_query}"));
        }
        let finite = "expected a finite number within the range of f32";
        let found = of_rows(&[1.0, 0.5, 1e39]).expect_err("too large");
        assert_eq!(found, format!("0, 2: the value is 1e39; {finite}"));
        let found = of_rows(&[1.0, f64::NAN, 0.0]).expect_err("NaN");
        assert_eq!(found, format!("0, 1: the value is NaN; {finite}"));
    }

    #[test]
    fn sub_queries_belong_to_the_queries() {
        let of = |queries, of: &[usize], values: &[f32]| Aspects::new(queries, of, &vectors(values));
        let test = |values: &[f32], dim| Points::from(Vectors::new(values, dim).expect("finite"));
        let two = test(&[0.0, 0.0, 1.0, 1.0], 2);
        let refused = |aspects: &Aspects, test: &Points| aspects.check(test).map_err(|flaw| flaw.to_string());
        assert_eq!(refused(&of(2, &[1], &[3.0, 4.0]), &two), Ok(()));
        let found = refused(&of(2, &[1, 2], &[3.0, 4.0, 5.0, 6.0]), &two).expect_err("no such query");
        assert_eq!(found, "`aspects`: it has 1 row of queries that do not exist; expected queries 0 to 1");
        let found = refused(&of(3, &[1], &[3.0, 4.0]), &two).expect_err("another number of queries");
        assert_eq!(found, "`aspects`: it is made for 3 queries; expected 2, the number of rows in `test`");
        let found = refused(&of(2, &[1], &[3.0, 4.0]), &test(&[0.0; 6], 3)).expect_err("another width");
        let expected = "expected 4: the number of a query, then the 3 values of its vector";
        assert_eq!(found, format!("`aspects`: it has 3 columns; {expected}"));
        let bits = Points::from(swath_algorithms::points::Bits::pack([true; 4].into_iter(), 2).expect("whole rows"));
        let found = refused(&of(2, &[1], &[3.0, 4.0]), &bits).expect_err("bits");
        assert!(found.starts_with("`aspects`: it has dense vectors, and the dataset has bits"), "{found}");
    }
}
