//! A table as GitHub's Markdown. Own code: `tabled` and `comfy-table` pad all cells of a column to one width, which would fill
//! a diff of one changed cell with changed rows.

use super::{Printed, Table};
use crate::escape::markdown;

/// The table with its caption below it.
pub fn table(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut header = vec![markdown(table.corner)];
    header.extend(table.columns.iter().map(|column| {
        let unit = if column.unit.is_empty() { String::new() } else { format!(" ({})", column.unit) };
        markdown(&format!("{}{unit}", column.title))
    }));
    let mut text = line(&header);
    let rule: Vec<String> = (0..header.len()).map(|i| if i == 0 { "---" } else { "---:" }.to_owned()).collect();
    text.push_str(&line(&rule));
    for (row, cells) in table.printed() {
        let label = markdown(&row.label);
        let label = if row.is_oracle { format!("*{label}*") } else { label };
        text.push_str(&line(&std::iter::once(label).chain(cells.iter().map(cell)).collect::<Vec<_>>()));
    }
    let ranks = if table.has_ranks() { " Best in bold, second in italics." } else { "" };
    format!("{text}\n{}{ranks}\n", markdown(&table.caption))
}

fn cell(cell: &Printed) -> String {
    // The dash of an unknown value is not escaped.
    let text = if cell.text == "-" { cell.text.clone() } else { markdown(&cell.text) };
    let text = match cell.rank {
        1 => format!("**{text}**"),
        2 => format!("*{text}*"),
        _ => text,
    };
    text + &"\\*".repeat(cell.stars)
}
