//! File names that are made from other names.

/// The most bytes of a name: fewer than file systems allow, which leaves room for an ending and for a suffix against clashes.
const MOST: usize = 120;

/// A name of one file in one folder: letters, digits, `-`, `_`, and `.` except as the first character.
pub fn file(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = text.chars().map(plain).take(MOST).collect();
    if name.is_empty() || name.starts_with('.') { format!("-{name}") } else { name }
}
