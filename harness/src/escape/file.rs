//! Names of files that are made from other names.

/// At most so many bytes: what file systems take, with room for an ending and for what tells two apart.
const MOST: usize = 120;

/// A name that is one file in the folder where it is written: letters, digits, `-`, `_` and `.`, which does not stand first.
pub fn file(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = text.chars().map(plain).take(MOST).collect();
    if name.is_empty() || name.starts_with('.') { format!("-{name}") } else { name }
}
