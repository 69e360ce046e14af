//! Tables by hand.

use super::{Digits, Table, TableCell, TableColumn, TableRow, csv, decimals, latex, markdown};
use crate::statistics::Estimate;

fn table() -> Table {
    let column = |title: &str, unit, ranked, digits| TableColumn { title: title.into(), unit, ranked, digits };
    let row = |label: &str, is_oracle, a: f64, stars, b: Option<f64>, text: &str| TableRow {
        label: label.into(),
        is_oracle,
        cells: vec![
            TableCell::Number(a, stars),
            b.map_or(TableCell::Empty, |b| TableCell::Number(b, 0)),
            TableCell::Number(12_345.6, 0),
            TableCell::Text(text.into()),
        ],
    };
    Table {
        caption: "words & more_words, k = 10.".into(),
        corner: "retriever",
        columns: vec![
            column("recall", "", Some(true), Digits::Decimals(2)),
            column("redundancy", "", Some(false), Digits::Decimals(3)),
            column("queries", "1/s", None, Digits::Three),
            column("95 % interval", "", None, Digits::Three),
        ],
        rows: vec![
            row("best (oracle)", true, 1.0, 0, Some(0.0), "-0.1 to +0.2"),
            row("top_k", false, 0.904, 0, Some(0.5), "-"),
            row("mmr (lambda=0.5)", false, 0.899, 2, Some(0.25), "-0.001 to +0.002"),
            row("walk|x", false, 0.5, 3, None, "0.0 to 1.0"),
        ],
    }
}

#[test]
fn best_and_second_are_those_of_what_is_printed() {
    let table = table();
    let printed = table.printed();
    let labels: Vec<&str> = printed.iter().map(|(row, _)| row.label.as_str()).collect();
    assert_eq!(labels, ["top_k", "mmr (lambda=0.5)", "walk|x", "best (oracle)"], "oracles are last");
    let ranks = |column: usize| printed.iter().map(|(_, cells)| cells[column].rank).collect::<Vec<_>>();
    // 0.904 and 0.899 are both 0.90: the best twice, and then the second.
    assert_eq!(ranks(0), [1, 1, 2, 0]);
    assert_eq!(ranks(1), [2, 1, 0, 0], "lower is better");
    assert_eq!(ranks(2), [0; 4], "a cost is not ranked");
    let mut equal = table.clone();
    equal.rows.iter_mut().for_each(|row| row.cells[0] = TableCell::Number(0.3, 0));
    assert!(equal.printed().iter().all(|(_, cells)| cells[0].rank == 0), "where all are equal none is best");
    equal.rows[1].cells[0] = TableCell::Number(f64::NAN, 0);
    assert!(equal.printed().iter().all(|(_, cells)| cells[0].rank == 0));
}

#[test]
fn figures_are_rounded_to_their_intervals() {
    let of = |halves: &[f64]| {
        let estimates: Vec<Estimate> =
            halves.iter().map(|half| Estimate { mean: 0.5, lo: 0.5 - half, hi: 0.5 + half }).collect();
        decimals(estimates.iter())
    };
    // Two significant digits of the half: 0.012, 0.0012, 0.12, 3.4; the typical one of several counts.
    assert_eq!([of(&[0.012]), of(&[0.0012]), of(&[0.12]), of(&[3.4]), of(&[340.0])], [3, 4, 2, 1, 0]);
    assert_eq!((of(&[0.012, 0.0, 0.013, 0.5]), of(&[]), of(&[0.0])), (3, 3, 3));
}

#[test]
fn as_latex() {
    insta::assert_snapshot!(latex::table("some", &table()));
}

#[test]
fn as_markdown() {
    let text = markdown::table(&table());
    insta::assert_snapshot!(text);
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(text.lines().take(6).all(|line| bars(line) == 6), "{text}");
}

#[test]
fn as_csv() {
    let bytes = csv::table(&table()).expect("a table");
    insta::assert_snapshot!(String::from_utf8(bytes).expect("text"));
}

#[test]
fn long_tables_are_parted() {
    let mut long = table();
    long.rows = (0..95).map(|i| TableRow { label: format!("trial {i}"), ..long.rows[1].clone() }).collect();
    let text = latex::table("long", &long);
    assert_eq!(text.matches("\\begin{table}").count(), 3);
    assert_eq!(text.matches("Continued.").count(), 2);
    assert_eq!(text.matches("trial").count(), 95);
    assert!(text.contains("\\label{tab:swath-long-3}"));
}

#[test]
fn wide_tables_are_parted_by_columns() {
    let mut wide = table();
    let column = wide.columns[0].clone();
    wide.columns = (0..20).map(|i| TableColumn { title: format!("metric-{i}"), ..column.clone() }).collect();
    wide.rows.iter_mut().for_each(|row| row.cells = (0..20).map(|i| TableCell::Number(f64::from(i), 0)).collect());
    let text = latex::table("wide", &wide);
    let floats: Vec<&str> = text.split("\\toprule").skip(1).collect();
    assert!(floats.len() >= 3, "{text}");
    assert!(floats.iter().all(|float| float.lines().all(|line| line.len() < 200) && float.contains("top\\_k")));
    assert!((0..20).all(|i| text.matches(&format!("metric-{i} ")).count() == 1), "{text}");
}
