//! Vectors as text: a line each, `base` or `query` and its numbers.

use super::{DatasetError, Format, HasLabels, Header};
use crate::bounded;
use crate::check::Flaw;
use crate::dataset::Dataset;
use crate::ground_truth;
use crate::scratch::Capacity;
use crate::texts::Texts;
use std::path::Path;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::{Base, Distance, Points, Vectors};

/// Text, by angle.
pub struct Plain;

/// True neighbours of each query.
const NEIGHBORS: usize = 10;

fn invalid(path: &Path, line: usize, found: &str) -> DatasetError {
    let (at, found, expected) = (format!("line {line}"), found.to_owned(), "`base` or `query`, and numbers".to_owned());
    DatasetError::Invalid { path: path.to_owned(), flaw: Flaw { at, found, expected } }
}

/// The vectors of the lines that begin with a word.
fn vectors(path: &Path, text: &str, word: &str) -> Result<Vectors, DatasetError> {
    let mut rows = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let Some(numbers) = line.strip_prefix(word) else { continue };
        let numbers: Result<Vec<f32>, _> = numbers.split_whitespace().map(str::parse).collect();
        rows.push(numbers.map_err(|_| invalid(path, i + 1, line))?);
    }
    let dim = rows.first().map_or(0, Vec::len);
    let wrong = |error: &dyn std::fmt::Display| invalid(path, 1, &error.to_string());
    let mut built = Builder::new(rows.len(), dim).map_err(|error| wrong(&error))?;
    for row in &rows {
        built.push(row).map_err(|error| wrong(&error))?;
    }
    Ok(built.finish())
}

impl Format for Plain {
    fn name(&self) -> &'static str {
        "vectors as text"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["vec"]
    }

    fn sniff(&self, _: &Path, start: &[u8]) -> bool {
        start.starts_with(b"base ")
    }

    fn header(&self, path: &Path) -> Result<Header, DatasetError> {
        self.sizes(path, &bounded::TEXT.into())
    }

    fn sizes(&self, path: &Path, capacity: &Capacity) -> Result<Header, DatasetError> {
        let Dataset { train, test, distance, .. } = self.read(path, capacity)?;
        Ok(Header {
            distance,
            kind: train.kind(),
            train: train.len(),
            test: test.len(),
            dim: train.dim(),
            members: [0, 0],
            neighbors: NEIGHBORS,
            links: None,
            relations: Vec::new(),
            subtopics: None,
            qrels: None,
            aspects: None,
            groups: Vec::new(),
            labels: HasLabels::default(),
            is_normalized: false,
            notes: Vec::new(),
        })
    }

    fn read(&self, path: &Path, _: &Capacity) -> Result<Dataset, DatasetError> {
        let text = bounded::read_text(path, bounded::TEXT);
        let text = text.map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let (train, test) = (Points::from(vectors(path, &text, "base ")?), Points::from(vectors(path, &text, "query ")?));
        let base = Base::new(train.clone(), Distance::Angular);
        let neighbors = ground_truth::compute(&base, &test, NEIGHBORS);
        Ok(Dataset::of_points(train, test, Distance::Angular, neighbors))
    }

    fn query_names(&self, _: &Path, _: u64) -> Result<Option<Texts>, DatasetError> {
        Ok(None)
    }
}
