//! Text tables.

use comfy_table::{CellAlignment, ContentArrangement, Row, Table, presets};
use std::ops::RangeBounds;
use swath::escape;

/// If a cell has more characters than this, its table is not aligned.
const WIDEST: usize = 1000;

/// Aligns columns, two spaces apart: those in `numbers` to the right, the others to the left. Escapes all cells.
pub fn table(rows: &[Vec<String>], numbers: impl RangeBounds<usize>) -> String {
    let escaped = |row: &Vec<String>| row.iter().map(|cell| escape::terminal(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(escaped).collect();
    if rows.iter().flatten().any(|cell| cell.chars().count() > WIDEST) {
        return rows.iter().map(|row| row.join("  ").trim_end().to_owned() + "\n").collect();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(rows.iter().map(Row::from));
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if at == 0 { 0 } else { 2 }, 0));
        column.set_cell_alignment(if numbers.contains(&at) { CellAlignment::Right } else { CellAlignment::Left });
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[&str; 3]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect()
    }

    #[test]
    fn columns_are_lined_up() {
        let text = table(&rows(&[["", "recall", "verdict"], ["  top-k", "0.9", "same"], ["mmr", "10.25", ""]]), 1..2);
        assert_eq!(text, "         recall  verdict\n  top-k     0.9  same\nmmr       10.25\n");
        assert_eq!(table(&[], 1..), "");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let text = table(&rows(&[["\u{5e83}\u{3055}", "1", ""], ["n\u{e4}he", "2", ""]]), 1..);
        assert_eq!(text, "\u{5e83}\u{3055}  1\nn\u{e4}he  2\n");
    }

    #[test]
    fn a_cell_of_any_length_is_shown_whole() {
        let long = "x".repeat(70_000);
        let text = table(&[vec!["a".into(), long.clone()], vec!["b".into(), "1".into()]], 1..);
        assert_eq!(text, format!("a  {long}\nb  1\n"));
    }
}
