//! Edges to points that a graph does not lead to.

use super::adjacency::Edge;
use super::insertion::GrowingLists;
use super::walk::{Course, TargetLists, WalkMemory, walk};
use crate::items::Items;
use crate::scratch::Scratch;

/// Edges with which every point can be reached from the start, in the order of their sources: each point that cannot becomes a
/// target of the nearest that a walk of width `ef` finds.
///
/// Source: Fu et al. 2019 (NSG).
pub fn missing_edges<I: Items>(items: &I, lists: &GrowingLists, start: Option<u32>, ef: usize) -> Vec<Edge> {
    let Some(start) = start else { return Vec::new() };
    let mut reached = vec![false; lists.len()];
    reach(start, lists, &mut reached);
    let (mut scratch, mut edges) = (Scratch::default(), Vec::new());
    for id in 0..lists.len() as u32 {
        if reached[id as usize] {
            continue;
        }
        scratch.reset();
        let course = Course { rows: lists.len(), starts: &[start], ef };
        let nearest = walk(course, lists, &items.from(id), &mut WalkMemory::of(&mut scratch), |_| ());
        edges.extend(nearest.first().map(|near| (near.id(), id)));
        reach(id, lists, &mut reached);
    }
    edges.sort_unstable();
    edges
}

/// Marks all that can be reached from `from`.
fn reach(from: u32, lists: &GrowingLists, reached: &mut [bool]) {
    let mut waiting = vec![from];
    while let Some(id) = waiting.pop() {
        if !std::mem::replace(&mut reached[id as usize], true) {
            waiting.extend(lists.of(id).iter().filter(|&&target| !reached[target as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Base;
    use crate::distance::Distance;
    use crate::items::ExactItems;

    #[test]
    fn what_nothing_leads_to_gets_an_edge_from_the_nearest() {
        // On a line, 0 -> 1, and 2 -> 3 apart from them; nothing leads to 2.
        let base = Base::from_values(&[0.0, 1.0, 5.0, 6.0], 1, Distance::Euclidean).expect("finite");
        let lists = GrowingLists::with(&[&[1], &[], &[3], &[]]);
        assert_eq!(missing_edges(&ExactItems::new(&base), &lists, Some(0), 4), [(1, 2)]);
        assert_eq!(missing_edges(&ExactItems::new(&base), &lists, Some(2), 4), [(2, 0)]);
    }
}
