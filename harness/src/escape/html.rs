//! Pages. Within them maud escapes what has a meaning in HTML; here is what it leaves.

use super::{is_unseen, written_out};
use serde_json::Value;

/// A whole page: what is not seen, such as marks that turn the direction of what follows, is written out. None of it is part
/// of HTML itself but ends of lines and tabs.
pub fn html(page: &str) -> String {
    let stays = |c: char| matches!(c, '\n' | '\t') || !is_unseen(c);
    if page.chars().all(stays) {
        return page.to_owned();
    }
    page.chars().map(|c| if stays(c) { c.to_string() } else { written_out(c) }).collect()
}

/// JSON inside a script element: only `<` could end it. Texts are made such that a page which shows them shows all of them.
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
