//! `tables/agreement`: whose lists the lists of programs outside are most alike.

use super::{Table, TableCell, TableColumn, TableRow, setting};
use crate::findings::LoadedRun;
use crate::record::results::TrialResult;
use std::collections::BTreeSet;

/// How alike the lists of two trials are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Agreement {
    /// The share of queries with the same list, in the same order.
    same: f64,
    /// The mean share of results that are in both lists.
    shared: f64,
}

/// For each trial with a program outside, the trial of swath's own stages whose lists are most alike; of all others if there is none.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let (summary, trials) = (&found.summary, &found.results.trials);
    let is_outside = |at: usize| summary.rows[at].outside.is_some();
    let all: Vec<usize> = (0..trials.len()).collect();
    let own: Vec<usize> = all.iter().copied().filter(|&at| !is_outside(at)).collect();
    let row = |&at: &usize| {
        let others = if own.is_empty() { &all } else { &own };
        let compared =
            others.iter().filter(|&&other| other != at).map(|&other| (other, agreement(&trials[at], &trials[other])));
        let by = |a: &Agreement, b: &Agreement| a.same.total_cmp(&b.same).then(a.shared.total_cmp(&b.shared));
        // Of equals the first.
        let (other, Agreement { same, shared }) =
            compared.reduce(|best, next| if by(&next.1, &best.1).is_gt() { next } else { best })?;
        Some(TableRow {
            label: summary.rows[at].label(),
            is_oracle: summary.rows[at].is_oracle,
            cells: vec![
                TableCell::Text(summary.rows[other].label()),
                TableCell::Number(100.0 * same, 0),
                TableCell::Number(100.0 * shared, 0),
            ],
        })
    };
    let rows: Vec<TableRow> = all.iter().filter(|&&at| is_outside(at)).filter_map(row).collect();
    let columns = vec![
        TableColumn::cost("most alike", ""),
        TableColumn::cost("same lists", "%"),
        TableColumn::cost("shared results", "%"),
    ];
    let whose = if own.is_empty() { "another trial" } else { "swath's own stages" };
    let caption = format!(
        "{}: trials with programs outside, and the trial of {whose} whose lists are most alike: queries with the same results in the \
         same order, and results that both lists have (recall counts near ties, too).",
        setting(found, summary.rows.first()?.queries)
    );
    (!rows.is_empty()).then_some(Table { caption, corner: "retriever", columns, rows })
}

fn agreement(one: &TrialResult, other: &TrialResult) -> Agreement {
    let queries = one.query_ids.len().min(other.query_ids.len());
    let mut sums = Agreement::default();
    for at in 0..queries {
        let (a, b): (Vec<u32>, Vec<u32>) = (one.answer(at).collect(), other.answer(at).collect());
        sums.same += f64::from(u8::from(a == b));
        let known: BTreeSet<u32> = a.iter().copied().collect();
        let most = a.len().max(b.len());
        let both = b.iter().filter(|id| known.contains(id)).count();
        sums.shared += if most == 0 { 1.0 } else { both as f64 / most as f64 };
    }
    let mean = |sum: f64| sum / queries.max(1) as f64;
    Agreement { same: mean(sums.same), shared: mean(sums.shared) }
}
