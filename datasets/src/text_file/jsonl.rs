//! A JSON value on each line: a text itself, or an object with the text under a key. Whole numbers are read as texts.

use super::{Collected, TextFormat, invalid, lines};
use crate::format::DatasetError;
use serde_json::Value;
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
        lines::lines(path, |number, line| {
            if line.trim_ascii().is_empty() {
                return Ok(());
            }
            let at = || format!("line {}", number + 1);
            let Ok(text) = std::str::from_utf8(line) else { return texts.add(line) };
            let value: Value = serde_json::from_str(text).map_err(|error| {
                invalid(path, at(), format!("it is not understood ({error})"), "a JSON value on each line")
            })?;
            let value = match value {
                Value::Object(mut object) => {
                    let key = column.or_else(|| USUAL.into_iter().find(|key| object.contains_key(*key)));
                    let Some(key) = key else {
                        let keys: Vec<String> = object.keys().map(|key| format!("`{key}`")).collect();
                        let found = format!("the object has {}", keys.join(", "));
                        return Err(invalid(path, at(), found, "the name of one key, beside the file's"));
                    };
                    object.remove(key).unwrap_or(Value::Null)
                }
                value => value,
            };
            match value {
                Value::String(text) => texts.add_text(&text),
                Value::Number(number) if number.is_i64() || number.is_u64() => texts.add_text(&number.to_string()),
                Value::Null => {
                    texts.add_missing();
                    Ok(())
                }
                other => {
                    let found = format!("it is {}", kind(&other));
                    Err(invalid(path, at(), found, "a text or a whole number"))
                }
            }
        })
    }
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
