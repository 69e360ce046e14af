//! The dataset's own links as a graph, and shuffled as its control.

use super::EdgeList;
use crate::random;

/// A directed link between two base vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Row it leaves.
    pub source: u32,
    /// Row it reaches.
    pub target: u32,
    /// Its relation, an index into the dataset's names of relations; 0 where it has none.
    pub relation: u8,
}

/// Each link is an edge of its relation's weight, left out where that is 0; parallel ones are added up when the graph is
/// put together. A relation beyond `weights` weighs 1.
pub(super) fn rows(n: usize, links: &[Link], weights: &[f64]) -> Vec<EdgeList> {
    let mut rows = vec![EdgeList::new(); n];
    for link in links {
        assert!((link.target as usize) < n, "link target {} is not below {n}", link.target);
        let weight = weights.get(usize::from(link.relation)).copied().unwrap_or(1.0);
        if weight > 0.0 {
            rows[link.source as usize].push((link.target, weight));
        }
    }
    rows
}

/// The links with the targets of each relation permuted: every vector keeps, in every relation, its exact numbers of
/// links out and in.
///
/// The permutation is uniform, drawn from the fixed stream `links-shuffled` of the relation; it is a property of the
/// dataset and does not change with an experiment's seed. Then each link from a vector to itself swaps targets with
/// another link, so that neither is one, the next in the order of the links from a random place on; if no other link of
/// the relation can do that (as in a star), it stays. Two links may then join the same two vectors; they add up.
pub(super) fn shuffled(links: &[Link]) -> Vec<Link> {
    let mut shuffled = links.to_vec();
    let mut of_relation: Vec<Vec<usize>> = vec![Vec::new(); 1 + usize::from(u8::MAX)];
    for (i, link) in links.iter().enumerate() {
        of_relation[usize::from(link.relation)].push(i);
    }
    for (relation, places) in of_relation.iter().enumerate() {
        let mut rng = random::stream(0, "links-shuffled", relation as u64);
        let mut targets: Vec<u32> = places.iter().map(|&i| links[i].target).collect();
        random::shuffle(&mut rng, &mut targets);
        for a in 0..places.len() {
            let source = |position: usize| links[places[position]].source;
            if source(a) != targets[a] {
                continue;
            }
            let from = random::below(&mut rng, places.len());
            let fits = |&b: &usize| source(b) != targets[a] && source(a) != targets[b];
            if let Some(b) = (from..places.len()).chain(0..from).find(fits) {
                targets.swap(a, b);
            }
        }
        places.iter().zip(targets).for_each(|(&i, target)| shuffled[i].target = target);
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn degrees(links: &[Link], end: impl Fn(&Link) -> u32) -> Vec<(u8, u32)> {
        let mut ends: Vec<_> = links.iter().map(|link| (link.relation, end(link))).collect();
        ends.sort_unstable();
        ends
    }

    proptest! {
        #[test]
        fn shuffling_keeps_sources_relations_and_degrees(
            ends in prop::collection::vec((0_u32..12, 0_u32..12, 0_u8..3), 0..60)
        ) {
            let links: Vec<Link> =
                ends.into_iter().map(|(source, target, relation)| Link { source, target, relation }).collect();
            let control = shuffled(&links);
            prop_assert_eq!(&control, &shuffled(&links));
            prop_assert!(links.iter().zip(&control).all(|(a, b)| a.source == b.source && a.relation == b.relation));
            prop_assert_eq!(degrees(&links, |link| link.target), degrees(&control, |link| link.target));
            // A loop is left only where swapping it with any other link of its relation leaves or makes a loop.
            for a in control.iter().filter(|link| link.source == link.target) {
                for b in control.iter().filter(|b| b.relation == a.relation) {
                    prop_assert!(b.source == a.target || a.source == b.target, "{:?} could swap with {:?}", a, b);
                }
            }
        }
    }

    #[test]
    fn shuffling_breaks_what_links_mean() {
        let links: Vec<Link> = (0..1000).map(|i| Link { source: i, target: (i + 1) % 1000, relation: 0 }).collect();
        let kept = shuffled(&links).iter().zip(&links).filter(|(a, b)| a.target == b.target).count();
        // A uniform permutation keeps one on average; 10 or more happen once in ten million.
        assert!(kept < 10, "{kept} links are as they were");
        assert!(shuffled(&links).iter().all(|link| link.source != link.target));
    }

    #[test]
    fn relations_weigh_their_links() {
        let link = |target, relation| Link { source: 0, target, relation };
        let rows = rows(4, &[link(1, 0), link(2, 1), link(3, 2), link(3, 7)], &[2.0, 0.0, 0.5]);
        assert_eq!(rows[0], [(1, 2.0), (3, 0.5), (3, 1.0)]);
    }
}
