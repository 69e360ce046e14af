//! Building the graph over the different points of a base.

use super::Build;
use super::insertion;
use super::library;
use super::links::ProximityGraph;
use super::twins::Twins;
use crate::base::Base;
use crate::points::Points;

/// For each point its targets, and the point where walks start; none if there are no points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// The targets of each point.
    pub lists: Vec<Vec<u32>>,
    /// Where walks start.
    pub start: Option<u32>,
}

/// Builds the graph. Points that are the same as one with a lower id have no edges.
pub fn build(part: &Build, base: &Base) -> ProximityGraph {
    let twins = Twins::of(base.points());
    let targets = if twins.is_empty() {
        over(part, base)
    } else {
        let later = twins.are_later(base.len());
        let different: Vec<usize> = (0..base.len()).filter(|&id| !later[id]).collect();
        let some = over(part, &Base::new(base.points().gather(&different), base.distance()));
        let mut lists = vec![Vec::new(); base.len()];
        let id = |row: u32| different[row as usize] as u32;
        for (row, list) in some.lists.into_iter().enumerate() {
            lists[different[row]] = list.into_iter().map(id).collect();
        }
        Targets { lists, start: some.start.map(id) }
    };
    ProximityGraph::new(base, targets, twins, part.ef_construction.size())
}

/// Builds it over points that are all different.
fn over(part: &Build, base: &Base) -> Targets {
    match base.points() {
        Points::Dense(_) => library::targets(part, base),
        _ => insertion::targets(part, base),
    }
}

/// How many edges a vector may have while the graph over `rows` vectors is built.
pub fn capacity(degree: usize, rows: usize) -> usize {
    let degree = degree.min(rows.max(1));
    degree + degree.div_ceil(3)
}
