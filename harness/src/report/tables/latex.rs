//! A table as LaTeX, with booktabs. Own code: neither `tabled` nor `comfy-table` writes LaTeX.

use super::{Printed, Table, TableColumn, TableRow};
use crate::escape::tex;
use std::ops::Range;

/// The most rows of one float, which must fit on a page. Longer tables are split.
const ROWS: usize = 40;

/// The most characters of a row. Wider tables are split by columns, because shrunk to the width of the text they would be too
/// small.
const LINE: usize = 96;

/// The table as floats, each shrunk to the width of the text if it is wider. They need the packages booktabs and graphicx.
pub fn table(name: &str, table: &Table) -> String {
    let printed = table.printed();
    let ranks = if table.has_ranks() { " Best in bold, second underlined." } else { "" };
    let mut floats = vec!["% By swath. Needs \\usepackage{booktabs} and \\usepackage{graphicx}.\n".to_owned()];
    for columns in parted(table, &printed) {
        for rows in printed.chunks(ROWS) {
            let part = floats.len();
            let caption = if part == 1 { tex(&table.caption) + ranks } else { "Continued.".to_owned() };
            let label = if part == 1 { format!("tab:swath-{name}") } else { format!("tab:swath-{name}-{part}") };
            floats.push(float(table, &columns, rows, &caption, &label));
        }
    }
    floats.concat()
}

/// Ranges of columns that fit beside the labels, each of at least one column.
fn parted(table: &Table, printed: &[(&TableRow, Vec<Printed>)]) -> Vec<Range<usize>> {
    let labels = printed.iter().map(|(row, _)| row.label.chars().count()).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = printed.iter().map(|(_, cells)| cells[column].text.chars().count() + cells[column].stars);
        cells.chain([table.columns[column].title.chars().count() + 1]).max().unwrap_or(0) + 2
    };
    let (mut parts, mut start, mut used) = (Vec::new(), 0, labels);
    for column in 0..table.columns.len() {
        if used + width(column) > LINE && column > start {
            parts.push(start..column);
            (start, used) = (column, labels);
        }
        used += width(column);
    }
    parts.push(start..table.columns.len());
    parts
}

fn float(
    table: &Table,
    columns: &Range<usize>,
    rows: &[(&TableRow, Vec<Printed>)],
    caption: &str,
    label: &str,
) -> String {
    let mut lines = vec![
        "\\begin{table}[htbp]\n\\centering\n".to_owned(),
        format!("\\caption{{{caption}}}\n\\label{{{label}}}\n"),
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n".to_owned(),
        format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(columns.len())),
        header(table.corner, &table.columns[columns.clone()]),
        "\\midrule\n".to_owned(),
    ];
    let mut was_oracle = rows.first().is_some_and(|(row, _)| row.is_oracle);
    // A part of a wide table has no row for a bound that is known in other columns alone.
    let says_nothing = |cells: &[Printed]| cells[columns.clone()].iter().all(|cell| cell.text == "-");
    for (row, cells) in rows.iter().filter(|(row, cells)| !(row.is_oracle && says_nothing(cells))) {
        if row.is_oracle && !was_oracle {
            lines.push("\\midrule\n".to_owned());
        }
        was_oracle = row.is_oracle;
        let label = tex(&row.label);
        let label = if row.is_oracle { format!("\\emph{{{label}}}") } else { label };
        let cells: Vec<String> = std::iter::once(label).chain(cells[columns.clone()].iter().map(cell)).collect();
        lines.push(format!("{} \\\\\n", cells.join(" & ")));
    }
    lines.push("\\bottomrule\n\\end{tabular}}\n\\end{table}\n".to_owned());
    lines.concat()
}

/// The row of titles with arrows for the better direction, and a row of units if any column has one.
fn header(corner: &str, columns: &[TableColumn]) -> String {
    let title = |column: &TableColumn| {
        let arrow = match column.ranked {
            Some(true) => " $\\uparrow$",
            Some(false) => " $\\downarrow$",
            None => "",
        };
        tex(&column.title) + arrow
    };
    let titles: Vec<String> = std::iter::once(tex(corner)).chain(columns.iter().map(title)).collect();
    let titles = format!("{} \\\\\n", titles.join(" & "));
    if columns.iter().any(|column| !column.unit.is_empty()) {
        let unit = |column: &TableColumn| {
            if column.unit.is_empty() { String::new() } else { format!("\\footnotesize ({})", tex(column.unit)) }
        };
        let units: Vec<String> = std::iter::once(String::new()).chain(columns.iter().map(unit)).collect();
        return format!("{titles}{} \\\\\n", units.join(" & "));
    }
    titles
}

fn cell(cell: &Printed) -> String {
    let text = tex(&cell.text);
    let text = match cell.rank {
        1 => format!("\\textbf{{{text}}}"),
        2 => format!("\\underline{{{text}}}"),
        _ => text,
    };
    // Stars take no width, so that numbers stay aligned.
    if cell.stars == 0 { text } else { format!("{text}\\rlap{{$^{{{}}}$}}", "*".repeat(cell.stars)) }
}
