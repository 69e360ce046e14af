//! `tables/frontiers`: retrievers at the same recall, by their trade-offs.

use super::{Digits, Table, TableCell, TableColumn, TableRow, decimals, setting};
use crate::findings::LoadedRun;
use crate::findings::tradeoffs::{RECALLS, Tradeoff};

/// The hypervolume of each retriever and its values at given recalls, in the headline metric.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let summary = &found.summary;
    let headline = found.headline()?;
    let own: Vec<&Tradeoff> = summary.tradeoffs.iter().filter(|tradeoff| tradeoff.metric == headline).collect();
    let metric = summary.metrics[headline];
    let ranked = Some(metric.higher_is_better());
    let digits = Digits::Decimals(decimals(own.iter().flat_map(|tradeoff| tradeoff.at_recall.iter().flatten())));
    let volume = Digits::Decimals(decimals(own.iter().map(|tradeoff| &tradeoff.hypervolume)));
    let column = |title: String, ranked, digits| TableColumn { title, unit: "", ranked, digits };
    let mut columns =
        vec![column("points".into(), None, Digits::Decimals(0)), column("hypervolume".into(), Some(true), volume)];
    columns.extend(RECALLS.map(|recall| column(format!("at recall {recall}"), ranked, digits)));
    let row = |tradeoff: &&Tradeoff| {
        let mut cells =
            vec![TableCell::Number(tradeoff.points as f64, 0), TableCell::Number(tradeoff.hypervolume.mean, 0)];
        cells.extend(
            tradeoff.at_recall.iter().map(|e| e.as_ref().map_or(TableCell::Empty, |e| TableCell::Number(e.mean, 0))),
        );
        TableRow { label: tradeoff.retriever.clone(), is_oracle: false, cells }
    };
    let recall = summary.metrics.iter().position(|metric| metric.name() == "recall");
    let remarks = found.remarks(recall.into_iter().chain([headline]), false);
    let caption = format!(
        "{}: {} at given recalls on each retriever's Pareto front, and the area below the front, over {} queries, the same that \
         all points were chosen on.{}",
        found.manifest.dataset.name,
        metric.name(),
        setting(found, summary.rows.first()?.queries).rsplit(", ").next().unwrap_or("").trim_end_matches(" queries"),
        remarks.iter().map(|remark| format!(" {remark}")).collect::<Vec<_>>().concat(),
    );
    Some(Table { caption, corner: "retriever", columns, rows: own.iter().map(row).collect() })
}
