//! The dataset's own links as a graph.

use super::Row;

/// A directed link between two base vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Row it leaves.
    pub source: u32,
    /// Row it reaches.
    pub target: u32,
}

/// Each link is an edge of weight 1; parallel ones are added up when the graph is put together.
pub(super) fn rows(n: usize, links: &[Link]) -> Vec<Row> {
    let mut rows = vec![Row::new(); n];
    for link in links {
        assert!((link.target as usize) < n, "link target {} is not below {n}", link.target);
        rows[link.source as usize].push((link.target, 1.0));
    }
    rows
}
