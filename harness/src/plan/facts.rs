//! What a plan needs to know of the dataset.

use super::Programs;
use std::collections::BTreeMap;
use swath_algorithms::points::vectors::LANES;
use swath_algorithms::points::{PointType, Points};
use swath_algorithms::{BaseFacts, Distance, Line};
use swath_datasets::format::HasLabels;
use swath_datasets::{Dataset, GenerateError, Generated, Header};

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
    /// The distance from a query to a base point.
    pub distance: Distance,
    /// The type of points.
    pub kind: PointType,
    /// Members of all base sets, or values of all sparse base vectors; 0 of others.
    pub members: usize,
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
    /// Whether queries have sub-queries.
    pub aspects: bool,
    /// The kinds of groups that its base points belong to, by name; a kind may have an empty name if it is the only one.
    pub groups: Vec<String>,
    /// SHA-256 of each file of lists beside it, by its path as the experiment has it; none before they are read.
    pub lists: BTreeMap<String, String>,
    /// The programs outside that the experiment runs; none before they are met.
    pub programs: Programs,
    /// Bytes that it takes in memory; an estimate before it is read.
    pub bytes: usize,
}

/// Bytes of an id or a name of usual length.
const NAME: usize = 64;

/// Bytes of a document of usual length.
const TEXT: usize = 1024;

impl Facts {
    /// Facts from a file's header: all but the SHA-256.
    pub fn of_header(header: &Header) -> Self {
        let pairs = header.subtopics.unwrap_or(0) + header.qrels.unwrap_or(0);
        let aspects = header.aspects.unwrap_or(0) * (header.dim.div_ceil(LANES) * size_of::<Line>() + size_of::<f64>());
        let queries = header.test * (2 * size_of::<usize>() + header.neighbors * (size_of::<u32>() + size_of::<f64>()));
        let HasLabels { ids, names, texts } = header.labels;
        let label = usize::from(ids) * NAME + usize::from(names) * NAME + usize::from(texts) * TEXT;
        let group = header.groups.len() * size_of::<i32>();
        Self {
            sha256: String::new(),
            rows: header.train,
            queries: header.test,
            dim: header.dim,
            distance: header.distance,
            kind: header.kind,
            members: header.members[0],
            neighbors: header.neighbors,
            links: header.links,
            relations: header.relations.clone(),
            subtopics: header.subtopics.is_some(),
            qrels: header.qrels.is_some(),
            aspects: header.aspects.is_some(),
            groups: header.groups.clone(),
            lists: BTreeMap::new(),
            programs: Programs::default(),
            bytes: header.bytes_of_points() as usize
                + queries
                + header.links.unwrap_or(0) * (size_of::<[u32; 2]>() + 1)
                + aspects
                + pairs * size_of::<(u32, u32)>()
                + header.train * (label + group),
        }
    }

    /// Facts about a dataset before it is drawn.
    ///
    /// # Errors
    /// [`GenerateError`] where such points cannot be drawn.
    pub fn of_generated(generated: &Generated, sha256: String) -> Result<Self, GenerateError> {
        Ok(Self { sha256, ..Self::of_header(&generated.header()?) })
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
            kind: dataset.train.kind(),
            members: members(&dataset.train),
            neighbors: dataset.neighbors.count,
            links: dataset.links.as_ref().map(|links| links.edges.len()),
            relations: dataset.links.as_ref().map_or_else(Vec::new, |links| links.relations.clone()),
            subtopics: dataset.subtopics.is_some(),
            qrels: dataset.qrels.is_some(),
            aspects: dataset.aspects.is_some(),
            groups: dataset.groups.iter().map(|groups| groups.name.clone()).collect(),
            lists: BTreeMap::new(),
            programs: Programs::default(),
        }
    }

    /// What candidates need to know of the base points.
    pub fn base(&self) -> BaseFacts {
        let Self { rows, dim, kind, distance, members, .. } = *self;
        BaseFacts { rows, dim, kind, distance, numbers: members }
    }

    /// Bytes of a base point in memory, on average.
    pub fn point_bytes(&self) -> usize {
        self.base().bytes_of(1)
    }

    /// Facts about a sample of `rows` base points, at most all. The number of links among them is not known: it stays.
    #[must_use]
    pub fn sampled(self, rows: usize) -> Self {
        let members = (self.members as u128 * rows as u128).div_ceil(self.rows.max(1) as u128) as usize;
        let fewer = self.base().bytes_of(self.rows).saturating_sub(self.base().bytes_of(rows));
        let bytes = self.bytes.saturating_sub(fewer);
        Self { rows, members, neighbors: self.neighbors.min(rows), bytes, ..self }
    }
}

/// Members of all sets, or values of all sparse vectors; 0 of others.
fn members(points: &Points) -> usize {
    match points {
        Points::Sets(sets) => sets.members().len(),
        Points::Sparse(vectors) => vectors.values().len(),
        Points::Dense(_) | Points::Bits(_) => 0,
    }
}
