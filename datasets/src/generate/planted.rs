//! What is planted beside points.

use super::Size;
use crate::dataset::{Groups, Links, Subtopics};

/// What is known of drawn points beside them.
#[derive(Debug, Default)]
pub struct Planted {
    /// Links between base points.
    pub links: Option<Links>,
    /// Which base point covers which subtopic of which query.
    pub subtopics: Option<Subtopics>,
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
    /// The kinds of groups, by name.
    pub groups: Vec<String>,
}

impl PlantedSizes {
    /// Bytes that are needed to draw it: rows of subtopics are collected before they are put in order.
    pub(super) fn bytes(&self, size: &Size) -> u64 {
        let (links, rows) = (self.links.unwrap_or(0) as u64, self.subtopics.unwrap_or(0) as u64);
        let (link, row) = (size_of::<[u32; 2]>() + 1, 2 * size_of::<[u32; 3]>() + size_of::<(u32, u32)>());
        // Lists that grow have twice their length for a moment.
        let groups = (self.groups.len() * size_of::<i32>() * size.n) as u64;
        links.saturating_mul(2 * link as u64).saturating_add(rows.saturating_mul(row as u64)).saturating_add(groups)
    }
}
