//! What a plan needs to know of the dataset.

use swath_algorithms::points::vectors::LANES;
use swath_algorithms::{Distance, Line};
use swath_datasets::{Dataset, Generated, Header};

/// What a plan needs to know of the dataset.
#[derive(Clone, Debug)]
pub struct Facts {
    /// SHA-256 of its file.
    pub sha256: String,
    /// Base vectors, n.
    pub rows: usize,
    /// Queries stored, m.
    pub queries: usize,
    /// Dimension, d.
    pub dim: usize,
    /// How far apart vectors are.
    pub distance: Distance,
    /// True neighbours stored per query.
    pub neighbors: usize,
    /// Links, if it has any.
    pub links: Option<usize>,
    /// Names of its links' relations; empty if they have none.
    pub relations: Vec<String>,
    /// Whether it has subtopics.
    pub subtopics: bool,
    /// Whether it has judgements of relevance.
    pub qrels: bool,
    /// Bytes that it takes in memory; an estimate before it is read.
    pub bytes: usize,
}

/// Bytes of a name of usual length.
const NAME: usize = 64;

impl Facts {
    /// Facts from a file's header: all but the SHA-256.
    pub fn of_header(header: &Header) -> Self {
        let pairs = header.subtopics.unwrap_or(0) + header.qrels.unwrap_or(0);
        let queries = header.test * (2 * size_of::<usize>() + header.neighbors * (size_of::<u32>() + size_of::<f64>()));
        let names = if header.names { header.train * NAME } else { 0 };
        Self {
            sha256: String::new(),
            rows: header.train,
            queries: header.test,
            dim: header.dim,
            distance: header.distance,
            neighbors: header.neighbors,
            links: header.links,
            relations: header.relations.clone(),
            subtopics: header.subtopics.is_some(),
            qrels: header.qrels.is_some(),
            bytes: (header.train + header.test) * vector_bytes(header.dim)
                + queries
                + header.links.unwrap_or(0) * (size_of::<[u32; 2]>() + 1)
                + pairs * size_of::<(u32, u32)>()
                + names,
        }
    }

    /// Facts about a dataset before it is drawn.
    pub fn of_generated(generated: &Generated, sha256: String) -> Self {
        let header = Header {
            distance: generated.distance,
            train: generated.n.size(),
            test: generated.queries.size(),
            dim: generated.dimension.size(),
            neighbors: generated.neighbors(),
            links: None,
            relations: Vec::new(),
            subtopics: None,
            qrels: None,
            names: false,
            is_normalized: false,
            notes: Vec::new(),
        };
        Self { sha256, ..Self::of_header(&header) }
    }

    /// Facts about a dataset in memory.
    pub fn of_dataset(dataset: &Dataset, sha256: String) -> Self {
        Self {
            bytes: dataset.bytes(),
            sha256,
            rows: dataset.train.len(),
            queries: dataset.test.len(),
            dim: dataset.train.dim(),
            distance: dataset.distance,
            neighbors: dataset.neighbors.count,
            links: dataset.links.as_ref().map(|links| links.edges.len()),
            relations: dataset.links.as_ref().map_or_else(Vec::new, |links| links.relations.clone()),
            subtopics: dataset.subtopics.is_some(),
            qrels: dataset.qrels.is_some(),
        }
    }

    /// Facts about a sample of `rows` base vectors, at most all. The number of links among them is not known: it stays.
    #[must_use]
    pub fn sampled(self, rows: usize) -> Self {
        let fewer = (self.rows - rows) * vector_bytes(self.dim);
        Self { rows, neighbors: self.neighbors.min(rows), bytes: self.bytes.saturating_sub(fewer), ..self }
    }
}

/// Bytes of a vector in memory.
pub fn vector_bytes(dim: usize) -> usize {
    dim.div_ceil(LANES) * size_of::<Line>()
}
