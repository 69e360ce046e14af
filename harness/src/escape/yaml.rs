//! YAML that swath writes and reads back.

use super::is_unseen;
use std::fmt::Write as _;

/// The most bytes of a key on one line that a YAML reader accepts.
const KEY: usize = 1000;

/// Text as a value: plain if YAML cannot read it as anything else, otherwise in double quotes.
pub fn yaml(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_.()=+@/".contains(c);
    let fine = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && !text.ends_with(' ');
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if fine && !word {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_unseen(c) => {
                // Writing to a string cannot fail.
                let _ = match u32::from(c) {
                    code @ ..=0xff => write!(quoted, "\\x{code:02x}"),
                    code @ ..=0xffff => write!(quoted, "\\u{code:04x}"),
                    code => write!(quoted, "\\U{code:08x}"),
                };
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Text as the key, with its colon, of a map whose entries are indented by `indent` spaces.
pub fn yaml_key(text: &str, indent: usize) -> String {
    let key = yaml(text);
    let indent = " ".repeat(indent);
    if key.len() <= KEY { format!("{indent}{key}:") } else { format!("{indent}? {key}\n{indent}:") }
}
