//! CSV for spreadsheets, which read text that begins like a formula as a formula.

use std::borrow::Cow;

/// The text of a cell: an apostrophe is put before text that a spreadsheet would compute. The csv crate adds quotes. Numbers are
/// written without this function, and keep their sign.
pub fn csv(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that [`csv()`] was given.
pub fn csv_back(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

/// Whether text begins like a formula after spaces and apostrophes. Apostrophes count so that [`csv_back`] tells ours from the
/// text's own.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches([' ', '\''])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}
