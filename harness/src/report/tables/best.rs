//! `tables/best`: one row for each retriever, if grids make several trials of one and no points were chosen on other queries.

use super::{Table, add_ceilings, setting, summary};
use crate::findings::LoadedRun;

/// Each retriever at the point of its grid with the best mean in the headline metric.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let headline = found.headline()?;
    let rows = found.representatives(headline);
    if found.summary.tuning.is_some() || rows.len() == found.summary.rows.len() {
        return None;
    }
    let caption = format!(
        "{}: each retriever at the point of its grid with the best mean {} on the same queries, so exploratory.",
        setting(found, found.summary.rows.first()?.queries),
        found.metric(headline).name()
    );
    let mut table = summary::of(found, &rows, caption);
    add_ceilings(&mut table, found);
    Some(table)
}
