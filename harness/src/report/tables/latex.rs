//! A table as LaTeX, with booktabs.

use super::{Printed, Table};

/// Beyond so many rows a table is parted into several floats: one alone would not fit on a page.
const ROWS: usize = 40;

/// The table as floats. It needs the packages booktabs and graphicx, and shrinks to the text's width where it is wider.
pub fn table(name: &str, table: &Table) -> String {
    let printed = table.printed();
    let mut parts = vec!["% By swath. Needs \\usepackage{booktabs} and \\usepackage{graphicx}.\n".to_owned()];
    let ranks = if table.has_ranks() { " Best in bold, second underlined." } else { "" };
    for (part, rows) in printed.chunks(ROWS).enumerate() {
        let caption = if part == 0 { format!("{}{ranks}", escape(&table.caption)) } else { "Continued.".to_owned() };
        let label = if part == 0 { format!("tab:swath-{name}") } else { format!("tab:swath-{name}-{}", part + 1) };
        parts.push("\\begin{table}[htbp]\n\\centering\n".to_owned());
        parts.push(format!("\\caption{{{caption}}}\n\\label{{{label}}}\n"));
        parts.push("\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n".to_owned());
        parts.push(format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(table.columns.len())));
        parts.push(header(table));
        parts.push("\\midrule\n".to_owned());
        let mut was_oracle = rows.first().is_some_and(|(row, _)| row.is_oracle);
        for (row, cells) in rows {
            if row.is_oracle && !was_oracle {
                parts.push("\\midrule\n".to_owned());
            }
            was_oracle = row.is_oracle;
            let label = escape(&row.label);
            let label = if row.is_oracle { format!("\\emph{{{label}}}") } else { label };
            let cells: Vec<String> = std::iter::once(label).chain(cells.iter().map(cell)).collect();
            parts.push(format!("{} \\\\\n", cells.join(" & ")));
        }
        parts.push("\\bottomrule\n\\end{tabular}}\n\\end{table}\n".to_owned());
    }
    parts.concat()
}

/// Titles with the better direction, and below them units if there are any.
fn header(table: &Table) -> String {
    let title = |column: &super::Column| {
        let arrow = match column.ranked {
            Some(true) => " $\\uparrow$",
            Some(false) => " $\\downarrow$",
            None => "",
        };
        escape(&column.title) + arrow
    };
    let titles: Vec<String> = std::iter::once(escape(table.corner)).chain(table.columns.iter().map(title)).collect();
    let titles = format!("{} \\\\\n", titles.join(" & "));
    if table.columns.iter().any(|column| !column.unit.is_empty()) {
        let unit = |column: &super::Column| {
            if column.unit.is_empty() { String::new() } else { format!("\\footnotesize ({})", escape(column.unit)) }
        };
        let units: Vec<String> = std::iter::once(String::new()).chain(table.columns.iter().map(unit)).collect();
        return format!("{titles}{} \\\\\n", units.join(" & "));
    }
    titles
}

fn cell(cell: &Printed) -> String {
    let text = escape(&cell.text);
    let text = match cell.rank {
        1 => format!("\\textbf{{{text}}}"),
        2 => format!("\\underline{{{text}}}"),
        _ => text,
    };
    // Stars hang over, so that figures stay below each other.
    if cell.stars == 0 { text } else { format!("{text}\\rlap{{$^{{{}}}$}}", "*".repeat(cell.stars)) }
}

/// Text as LaTeX writes it; letters beyond those of European Latin scripts, for which a document needs more packages than
/// these tables ask for, become question marks.
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            // LaTeX's first font encoding has other signs in their places.
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("''"),
            // A minus, where a number follows and no word goes before.
            '-' if chars.get(i + 1).is_some_and(char::is_ascii_digit)
                && i.checked_sub(1).is_none_or(|before| chars[before] == ' ') =>
            {
                escaped.push_str("$-$");
            }
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ if c.is_ascii() || ('\u{c0}'..='\u{17e}').contains(&c) => escaped.push(c),
            '\u{2013}' => escaped.push_str("--"),
            '\u{2026}' => escaped.push_str("\\dots{}"),
            _ => escaped.push('?'),
        }
    }
    escaped
}
