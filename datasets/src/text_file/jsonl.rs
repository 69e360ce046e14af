//! A JSON value on each line: a text itself, or an object with the text under a key. Whole numbers are read as texts.

use super::{Collected, TextFormat, invalid};
use crate::check::listed;
use crate::format::DatasetError;
use crate::line_file::lines;
use serde_json::{Map, Value};
use std::path::Path;

/// Keys that are tried if none is named.
const USUAL: [&str; 1] = ["text"];

/// Lines of JSON.
pub struct Jsonl;

impl TextFormat for Jsonl {
    fn name(&self) -> &'static str {
        "lines of JSON"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["jsonl", "ndjson"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        // The keys of the first object, until one has the key that is named.
        let (mut first_keys, mut is_found) = (None, false);
        lines(path, |number, line| {
            if line.trim_ascii().is_empty() {
                return Ok(true);
            }
            let at = || format!("line {}", number + 1);
            let Ok(text) = std::str::from_utf8(line) else { return texts.add(line).map(|()| true) };
            let value: Value = serde_json::from_str(text).map_err(|error| {
                invalid(path, at(), format!("it is not understood ({error})"), "a JSON value on each line")
            })?;
            let value = match value {
                Value::Object(mut object) => {
                    let key = column.or_else(|| USUAL.into_iter().find(|key| object.contains_key(*key)));
                    let Some(key) = key else {
                        let found = format!("the object has {}", keys(&object));
                        return Err(invalid(path, at(), found, "the name of one key, beside the file's"));
                    };
                    is_found |= object.contains_key(key);
                    if !is_found {
                        first_keys.get_or_insert_with(|| keys(&object));
                    }
                    object.remove(key).unwrap_or(Value::Null)
                }
                value => value,
            };
            let added = match value {
                Value::String(text) => texts.add_text(&text),
                Value::Number(number) if number.is_i64() || number.is_u64() => texts.add_text(&number.to_string()),
                Value::Null => texts.add_missing(),
                other => {
                    let found = format!("it is {}", kind(&other));
                    Err(invalid(path, at(), found, "a text or a whole number"))
                }
            };
            added.map(|()| true)
        })?;
        match (column, first_keys.filter(|_| !is_found && !texts.may_miss())) {
            (Some(column), Some(keys)) => {
                let found = "no line has such a key";
                Err(invalid(path, format!("`{column}`"), found, format!("one of {keys}, which the first line has")))
            }
            _ => Ok(()),
        }
    }
}

/// The keys of the first line, if it is an object.
pub(super) fn first_keys(path: &Path) -> Result<Vec<String>, DatasetError> {
    let mut keys = Vec::new();
    lines(path, |_, line| {
        if let Ok(Value::Object(object)) = serde_json::from_slice(line) {
            keys = object.into_iter().map(|(key, _)| key).collect();
        }
        Ok(line.trim_ascii().is_empty())
    })?;
    Ok(keys)
}

/// The keys of an object in words.
fn keys(object: &Map<String, Value>) -> String {
    listed(object.keys().map(|key| format!("`{key}`")))
}

/// What a JSON value is.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number that is not whole",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
