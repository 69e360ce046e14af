//! The undirected forms of the kNN graph.

use super::EdgeList;

/// The edges whose reverse is an edge, too; each keeps its weight.
pub(super) fn mutual(rows: &[EdgeList]) -> Vec<EdgeList> {
    let targets = sorted_targets(rows);
    let returns = |i: usize, target: u32| targets[target as usize].binary_search(&(i as u32)).is_ok();
    rows.iter()
        .enumerate()
        .map(|(i, row)| row.iter().copied().filter(|&(target, _)| returns(i, target)).collect())
        .collect()
}

/// All edges and their reverses. A reverse that is no edge itself gets the edge's weight. Where both directions are
/// edges, each keeps its own weight (they differ if the kernel's width is that of a neighbourhood).
pub(super) fn symmetric(rows: &[EdgeList]) -> Vec<EdgeList> {
    let targets = sorted_targets(rows);
    let mut both = rows.to_vec();
    for (i, row) in rows.iter().enumerate() {
        for &(target, weight) in row {
            if targets[target as usize].binary_search(&(i as u32)).is_err() {
                both[target as usize].push((i as u32, weight));
            }
        }
    }
    both
}

fn sorted_targets(rows: &[EdgeList]) -> Vec<Vec<u32>> {
    let sorted = |row: &EdgeList| {
        let mut targets: Vec<u32> = row.iter().map(|&(target, _)| target).collect();
        targets.sort_unstable();
        targets
    };
    rows.iter().map(sorted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn an_edge_is_where_both_ends_or_either_have_it(
            rows in prop::collection::vec(prop::collection::btree_map(0_u32..9, 0.1_f64..2.0, 0..5), 9)
        ) {
            let lists: Vec<EdgeList> = rows.iter().map(|row| row.iter().map(|(&t, &w)| (t, w)).collect()).collect();
            let maps = |rows: Vec<EdgeList>| rows.into_iter().map(|r| r.into_iter().collect::<BTreeMap<_, _>>()).collect::<Vec<_>>();
            let (both, either) = (maps(mutual(&lists)), maps(symmetric(&lists)));
            for i in 0..9_u32 {
                for j in 0..9_u32 {
                    let (there, back) = (rows[i as usize].get(&j), rows[j as usize].get(&i));
                    prop_assert_eq!(both[i as usize].get(&j), there.filter(|_| back.is_some()));
                    prop_assert_eq!(either[i as usize].get(&j), there.or(back));
                }
            }
            prop_assert!(symmetric(&lists).iter().zip(&either).all(|(list, map)| list.len() == map.len()));
        }
    }
}
