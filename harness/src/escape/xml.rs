//! XML 1.0: SVG and JUnit.

use super::{is_unseen, terminal};

/// Text of an element, or of an attribute in either kind of quotes. Line breaks and tabs are kept. Characters that XML forbids
/// or that are not seen are spelled out.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // An attribute would turn them into spaces.
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            c if is_unseen(c) => escaped.push_str(&terminal(c.encode_utf8(&mut [0; 4]))),
            c => escaped.push(c),
        }
    }
    escaped
}
