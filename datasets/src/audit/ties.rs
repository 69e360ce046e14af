//! Ties of stored distances.

use super::{Check, Finding, Subject, percent};

/// Whether the k-th true neighbour is as far as the next: then no order of ids is the only right one.
pub struct Ties;

/// The usual number of results.
const USUAL: usize = 10;

impl Check for Ties {
    fn name(&self) -> &'static str {
        "ties"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let neighbors = &subject.dataset.neighbors;
        // The last for which the next is stored.
        let mut at: Vec<usize> = vec![USUAL, neighbors.count.saturating_sub(1)];
        at.retain(|&k| k > 0 && k < neighbors.count);
        at.dedup();
        let finding = |k: usize| {
            let queries = (0..subject.dataset.test.len()).filter(|&query| neighbors.known(query) > k);
            let (mut tied, mut all, mut first) = (0, 0, None);
            for query in queries {
                let distances = neighbors.distances(query);
                all += 1;
                if distances[k - 1] == distances[k] {
                    tied += 1;
                    first.get_or_insert(query);
                }
            }
            if tied == 0 {
                return (all > 0).then(|| Finding::fine(format!("no neighbour {k} is as far as neighbour {}", k + 1)));
            }
            let what = format!(
                "for {tied} of {all} queries ({}) neighbour {k} is exactly as far as neighbour {}; the first is query {}",
                percent(tied, all),
                k + 1,
                first.unwrap_or_default()
            );
            let remedy = "compare results by distance and not by id, as swath's recall does: several answers are right";
            Some(Finding::note(what, remedy).of(tied, all, first))
        };
        at.into_iter().filter_map(finding).collect()
    }
}
