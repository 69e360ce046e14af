//! CSV for people's spreadsheets, which take a text for a formula where it begins like one.

use std::borrow::Cow;

/// The text of a cell, quoted by the csv crate where it must be: an apostrophe goes before what a spreadsheet would compute.
/// Numbers are no texts, and keep their sign.
pub fn csv(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// What [`csv()`] was given.
pub fn csv_back(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

/// Whether a text begins like a formula, behind spaces and apostrophes: those of a text that had one before are kept apart.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches([' ', '\''])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}
