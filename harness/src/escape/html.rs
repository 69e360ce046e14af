//! HTML pages. maud escapes the characters that have a meaning in HTML; this module does the rest.

use super::{is_unseen, written_out};
use serde_json::Value;

/// A whole page: characters that are not seen, such as marks that change the direction of text, are spelled out. HTML itself
/// needs none of them but line breaks and tabs.
pub fn html(page: &str) -> String {
    let stays = |c: char| matches!(c, '\n' | '\t') || !is_unseen(c);
    if page.chars().all(stays) {
        return page.to_owned();
    }
    page.chars().map(|c| if stays(c) { c.to_string() } else { written_out(c) }).collect()
}

/// JSON inside a script element, which only `<` could end. Characters that are not seen are spelled out, so that the page shows
/// all of a text.
pub fn script(data: &Value) -> String {
    shown(data).to_string().replace('<', "\\u003c")
}

fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => super::terminal(text).into(),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), shown(value))).collect(),
        other => other.clone(),
    }
}
