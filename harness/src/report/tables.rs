//! `tables/summary.md` and `tables/summary.tex`: the trials, ready for a pull request or a paper.

use super::format::three_digits;
use crate::summary::Summary;
use std::fmt::Write as _;

/// Cells of the table, and which are the best of their column.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<(String, bool)>>,
}

/// The rows whose mean is the best of a metric; an oracle does not compete.
pub fn best_rows(summary: &Summary, metric: usize) -> Vec<bool> {
    let sign = if summary.metrics[metric].higher_is_better() { 1.0 } else { -1.0 };
    // As printed: what looks equal is equally good.
    let shown = |mean: f64| (mean * 1e4).round() * sign;
    let competes = |row: usize| !summary.rows[row].is_oracle;
    let value = |row: usize| summary.rows[row].estimates[metric].filter(|_| competes(row)).map(|e| shown(e.mean));
    let best = (0..summary.rows.len()).filter_map(value).fold(f64::NEG_INFINITY, f64::max);
    (0..summary.rows.len()).map(|row| value(row) == Some(best)).collect()
}

impl Table {
    fn new(summary: &Summary) -> Self {
        let mut header = vec!["retriever".to_owned()];
        header.extend(summary.metrics.iter().map(|metric| metric.name().to_owned()));
        header.extend(["queries/s", "p50 (ms)"].map(str::to_owned));
        let best: Vec<Vec<bool>> = (0..summary.metrics.len()).map(|metric| best_rows(summary, metric)).collect();
        let row = |i: usize| {
            let row = &summary.rows[i];
            let mut cells = vec![(row.label(), false)];
            cells.extend(row.estimates.iter().enumerate().map(|(metric, estimate)| match estimate {
                Some(estimate) => (format!("{:.4}", estimate.mean), best[metric][i]),
                None => ("-".into(), false),
            }));
            cells.push((three_digits(row.timing.qps), false));
            let p50 = row.timing.latency.as_ref().map(|latency| three_digits(latency.percentiles_ms[0]));
            cells.push((p50.unwrap_or_else(|| "-".into()), false));
            cells
        };
        Self { header, rows: (0..summary.rows.len()).map(row).collect() }
    }
}

/// GitHub's Markdown; the best of each metric in bold.
pub fn markdown(summary: &Summary) -> String {
    let table = Table::new(summary);
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&table.header);
    let rule: Vec<String> = (0..table.header.len()).map(|i| if i == 0 { "---" } else { "---:" }.to_owned()).collect();
    text.push_str(&line(&rule));
    for row in &table.rows {
        let cells: Vec<String> = row
            .iter()
            .map(|(cell, best)| if *best { format!("**{cell}**") } else { cell.replace('|', "\\|") })
            .collect();
        text.push_str(&line(&cells));
    }
    text
}

/// LaTeX with booktabs; the best of each metric in bold.
pub fn latex(summary: &Summary, caption: &str) -> String {
    let table = Table::new(summary);
    let mut text = String::from("% Needs \\usepackage{booktabs}.\n\\begin{table}\n\\centering\n");
    let _ = writeln!(text, "\\caption{{{}}}", escape(caption));
    let _ = writeln!(text, "\\begin{{tabular}}{{l{}}}\n\\toprule", "r".repeat(table.header.len() - 1));
    let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    text.push_str(&line(table.header.iter().map(|cell| escape(cell)).collect()));
    text.push_str("\\midrule\n");
    for row in &table.rows {
        let cell = |(cell, best): &(String, bool)| {
            if *best { format!("\\textbf{{{}}}", escape(cell)) } else { escape(cell) }
        };
        text.push_str(&line(row.iter().map(cell).collect()));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            // LaTeX's first font encoding has other signs in their places.
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            other => escaped.push(other),
        }
    }
    escaped
}
