//! The tables, each as LaTeX, Markdown and CSV, ready for a paper or a pull request.
//!
//! To add one: a file here with a function that makes a [`Table`] of [`LoadedRun`], its `mod` line, and a line in [`ALL`].

mod agreement;
mod best;
mod comparisons;
mod cost;
mod csv;
pub mod html;
pub mod latex;
mod markdown;
mod programs;
mod summary;
mod tradeoffs;
mod tuning;

use super::ReportError;
use crate::findings::LoadedRun;
use crate::findings::ceiling::ceilings;
use crate::findings::summary::Summary;
use crate::metrics::MetricName;
use crate::plot::format::{self, signed, three_digits};
use crate::record::output_folder::OutputFolder;
use crate::statistics::{Comparison, Estimate};

/// Makes a table; `None` if the results have nothing for it.
type Make = fn(&LoadedRun) -> Option<Table>;

/// The tables on programs outside, for the page.
pub fn of_programs(found: &LoadedRun) -> Vec<(&'static str, Table)> {
    let two: [(&str, Make); 2] = [("Programs outside", programs::table), ("Agreement", agreement::table)];
    two.into_iter().filter_map(|(name, make)| Some((name, make(found)?))).collect()
}

/// All tables, by the names of their files.
const ALL: &[(&str, Make)] = &[
    ("best", best::table),
    ("summary", summary::table),
    ("chosen", tuning::table),
    ("comparisons", comparisons::table),
    ("frontiers", tradeoffs::table),
    ("cost", cost::table),
    ("programs", programs::table),
    ("agreement", agreement::table),
];

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its caption, which explains its marks.
    pub caption: String,
    /// The heading of the column of labels.
    pub corner: &'static str,
    /// Its columns.
    pub columns: Vec<TableColumn>,
    /// Its rows; oracles are printed last.
    pub rows: Vec<TableRow>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct TableColumn {
    /// Its heading.
    pub title: String,
    /// Its unit; empty if it has none.
    pub unit: &'static str,
    /// Whether more is better; `None` if the best is not marked.
    pub ranked: Option<bool>,
    /// How its numbers are written.
    pub digits: Digits,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// With this many decimals.
    Decimals(usize),
    /// The same, with their sign.
    Signed(usize),
    /// Three significant digits.
    Three,
}

/// A row.
#[derive(Clone, Debug)]
pub struct TableRow {
    /// Its label.
    pub label: String,
    /// Whether it is an oracle or a ceiling: a bound, and not a competitor.
    pub is_oracle: bool,
    /// A cell for each column.
    pub cells: Vec<TableCell>,
}

/// A cell.
#[derive(Clone, Debug)]
pub enum TableCell {
    /// Unknown.
    Empty,
    /// A number, and the number of stars of its difference to the reference.
    Number(f64, usize),
    /// A text.
    Text(String),
}

/// A cell as it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Its text, in ASCII.
    pub text: String,
    /// 1 the best of its column, 2 the second, 0 neither.
    pub rank: u8,
    /// Stars.
    pub stars: usize,
}

impl TableColumn {
    /// The column of a metric, with decimals that suit the intervals of its estimates.
    pub fn metric<'a>(metric: MetricName, estimates: impl Iterator<Item = Option<&'a Estimate>>) -> Self {
        let digits = Digits::Decimals(decimals(estimates.flatten()));
        Self { title: metric.name().to_owned(), unit: "", ranked: Some(metric.higher_is_better()), digits }
    }

    /// A column of costs.
    fn cost(title: &str, unit: &'static str) -> Self {
        Self { title: title.to_owned(), unit, ranked: None, digits: Digits::Three }
    }

    fn print(&self, value: f64) -> String {
        match self.digits {
            Digits::Decimals(digits) => format::decimals(value, digits),
            Digits::Signed(digits) => signed(value, digits),
            Digits::Three => three_digits(value),
        }
    }
}

impl Table {
    /// Its rows as they are printed, oracles last.
    pub fn printed(&self) -> Vec<(&TableRow, Vec<Printed>)> {
        let (oracles, others): (Vec<&TableRow>, Vec<&TableRow>) = self.rows.iter().partition(|row| row.is_oracle);
        let rows: Vec<&TableRow> = others.into_iter().chain(oracles).collect();
        let mut printed: Vec<Vec<Printed>> = rows.iter().map(|_| Vec::new()).collect();
        for (at, column) in self.columns.iter().enumerate() {
            let ranks = ranks(column, &rows, at);
            for ((row, cells), rank) in rows.iter().zip(&mut printed).zip(ranks) {
                cells.push(match &row.cells[at] {
                    TableCell::Empty => Printed { text: "-".into(), ..Printed::default() },
                    TableCell::Number(value, stars) => Printed { text: column.print(*value), rank, stars: *stars },
                    TableCell::Text(text) => Printed { text: text.clone(), ..Printed::default() },
                });
            }
        }
        rows.into_iter().zip(printed).collect()
    }

    /// Whether any cell has a star.
    pub fn has_stars(&self) -> bool {
        self.rows.iter().flat_map(|row| &row.cells).any(|cell| matches!(cell, TableCell::Number(_, 1..)))
    }

    /// Whether the best of any column is marked.
    pub fn has_ranks(&self) -> bool {
        self.columns.iter().any(|column| column.ranked.is_some())
    }
}

/// The ranks of a column's cells by their printed values: 1 for the best, 2 for the second, 0 otherwise. Equal printed values
/// have equal ranks, and oracles have none. Nothing is best if all are equal.
fn ranks(column: &TableColumn, rows: &[&TableRow], at: usize) -> Vec<u8> {
    let Some(higher) = column.ranked else { return vec![0; rows.len()] };
    let shown = |row: &&TableRow| match row.cells[at] {
        TableCell::Number(value, _) if !row.is_oracle => {
            let shown: f64 = column.print(value).replace(',', "").parse().unwrap_or(value);
            Some(if higher { shown } else { -shown }).filter(|shown| !shown.is_nan())
        }
        _ => None,
    };
    let values: Vec<Option<f64>> = rows.iter().map(shown).collect();
    let below = |limit: f64| values.iter().flatten().copied().filter(|&value| value < limit).reduce(f64::max);
    let best = below(f64::INFINITY);
    let second = best.and_then(below);
    if second.is_none() {
        return vec![0; rows.len()];
    }
    let rank = |value: &Option<f64>| {
        if value.is_none() { 0 } else { u8::from(*value == best) + 2 * u8::from(*value == second) }
    };
    values.iter().map(rank).collect()
}

/// The caption's sentence if some of the rows were timed at another hour.
fn timed_apart(summary: &Summary, mut rows: impl Iterator<Item = usize>) -> String {
    let some = rows.any(|row| summary.is_timed_apart(row));
    if some {
        " Timed apart: more than an hour before or after most trials, so compare times with care.".into()
    } else {
        String::new()
    }
}

/// A sentence that names the retrievers whose candidates are lists from files, which are found at no cost.
pub fn lists_from_files(summary: &Summary) -> String {
    let listed = summary.rows.iter().filter(|row| row.params.is_listed());
    let mut names: Vec<&str> = listed.map(|row| row.retriever.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return String::new();
    }
    format!(
        " Candidates of {} are lists from files: finding them has no cost here, so they have no queries per second.",
        names.join(", ")
    )
}

/// The number of decimals at which half of the median interval keeps two significant digits; 3 if no interval has a width.
pub fn decimals<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> usize {
    let mut halves: Vec<f64> =
        estimates.map(|e| (e.hi - e.lo) / 2.0).filter(|half| half.is_finite() && *half > 0.0).collect();
    if halves.is_empty() {
        return 3;
    }
    let half = swath_algorithms::kernel::median(&mut halves);
    (1.0 - half.log10().floor()).clamp(0.0, 6.0) as usize
}

/// The stars of a difference by its corrected p: one below 0.05, two below 0.01, three below 0.001.
pub fn stars(comparison: Option<&Comparison>) -> usize {
    let p = comparison.and_then(|comparison| comparison.p_holm).unwrap_or(1.0);
    [0.05, 0.01, 0.001].iter().filter(|&&level| p < level).count()
}

/// A cell of a metric.
fn number(estimate: Option<&Estimate>, comparison: Option<&Comparison>) -> TableCell {
    estimate.map_or(TableCell::Empty, |estimate| TableCell::Number(estimate.mean, stars(comparison)))
}

/// Adds a row for each ceiling to a table whose first columns are the metrics, and a sentence on them to its caption.
fn add_ceilings(table: &mut Table, found: &LoadedRun) {
    let ceilings = ceilings(found);
    let Some(first) = ceilings.first() else { return };
    let metric = found.metric(first.metric).name();
    let said = format!(
        " Optimistic: the best point of the retriever in {metric} for each query, chosen on the reported queries: a bound on any \
         choice of its parameters, and not tested."
    );
    table.caption += &said;
    let width = table.columns.len();
    table.rows.extend(ceilings.into_iter().map(|ceiling| {
        let mut cells = vec![TableCell::Empty; width];
        cells[ceiling.metric] = TableCell::Number(ceiling.estimate.mean, 0);
        TableRow { label: ceiling.label(), is_oracle: true, cells }
    }));
}

/// The caption's sentence on the stars, or why there are none.
fn legend(found: &LoadedRun, family: usize) -> String {
    let summary = &found.summary;
    let Some(reference) = summary.reference.row() else { return summary.reference.failure().unwrap_or_default() };
    let reference = summary.rows[reference].label();
    let over = if family == 1 { String::new() } else { format!(", Holm-corrected over {family} comparisons") };
    format!("Stars: differs from {reference} at p < 0.05, 0.01, 0.001 (sign-flip permutation test over queries{over}).")
}

/// `glove-wordnet-20k, k = 10, 1,000 queries`.
fn setting(found: &LoadedRun, queries: usize) -> String {
    let k = found.summary.rows.first().map_or(0, |row| row.k);
    format!("{}, k = {k}, {} queries", found.manifest.dataset.name, format::number(queries as f64))
}

/// Writes all tables into `tables/` and returns their names.
///
/// # Errors
/// [`ReportError`].
pub fn write(out: &OutputFolder, found: &LoadedRun) -> Result<Vec<&'static str>, ReportError> {
    let mut written = Vec::new();
    for &(name, make) in ALL {
        let Some(table) = make(found).filter(|table| !table.rows.is_empty()) else {
            // Files of an earlier report.
            ["tex", "md", "csv"].iter().for_each(|extension| out.remove(&file(name, extension)));
            continue;
        };
        write_one(out, name, &table)?;
        written.push(name);
    }
    Ok(written)
}

/// The name of a table's file.
fn file(name: &str, extension: &str) -> String {
    format!("tables/{name}.{extension}")
}

/// Writes a table in each format into `tables/`.
///
/// # Errors
/// [`ReportError`].
pub fn write_one(out: &OutputFolder, name: &str, table: &Table) -> Result<(), ReportError> {
    let (tex, md, csv) = (latex::table(name, table), markdown::table(table), csv::table(table)?);
    let file = |extension: &str| file(name, extension);
    out.write_together(&[(file("tex"), tex.as_bytes()), (file("md"), md.as_bytes()), (file("csv"), &csv)])?;
    Ok(())
}

#[cfg(test)]
mod tests;
