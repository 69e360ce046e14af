//! What is planted beside points.

use super::Size;
use crate::aspects::Aspects;
use crate::dataset::{Groups, Links, Subtopics};
use swath_algorithms::Line;
use swath_algorithms::points::vectors::LANES;

/// What is known of drawn points beside them.
#[derive(Debug, Default)]
pub struct Planted {
    /// Links between base points.
    pub links: Option<Links>,
    /// Which base point covers which subtopic of which query.
    pub subtopics: Option<Subtopics>,
    /// Sub-queries: where each subtopic of each query is. Only for vectors.
    pub aspects: Option<Aspects>,
    /// What each query stands for.
    pub test_names: Option<Vec<String>>,
    /// What base points belong to.
    pub groups: Vec<Groups>,
}

/// Sizes of what is planted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlantedSizes {
    /// Number of links, if there are any.
    pub links: Option<usize>,
    /// Names of their relations.
    pub relations: Vec<String>,
    /// Rows of subtopics, if there are any.
    pub subtopics: Option<usize>,
    /// Number of sub-queries, if there are any.
    pub aspects: Option<usize>,
    /// The kinds of groups, by name.
    pub groups: Vec<String>,
}

impl PlantedSizes {
    /// Bytes that are needed to draw it: rows of subtopics are collected before they are put in order.
    pub(super) fn bytes(&self, size: &Size) -> u64 {
        let count = |count: Option<usize>| count.unwrap_or(0) as u64;
        let (link, row) = (size_of::<[u32; 2]>() + 1, 2 * size_of::<[u32; 3]>() + size_of::<(u32, u32)>());
        let aspect = size.dim.div_ceil(LANES) * size_of::<Line>() + size_of::<usize>();
        // Lists that grow have twice their length for a moment; sub-queries are such a list, then vectors, then vectors in order.
        let all = [
            (count(self.links), 2 * link),
            (count(self.subtopics), row),
            (count(self.aspects), 4 * aspect),
            (self.groups.len() as u64, size_of::<i32>() * size.n),
        ];
        all.into_iter().map(|(count, each)| count.saturating_mul(each as u64)).fold(0, u64::saturating_add)
    }
}
