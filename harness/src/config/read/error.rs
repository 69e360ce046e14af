//! What is wrong with a value, and where.

use crate::config::problem::{FieldPath, FieldStep, Problem, TextRange, suggest};
use serde::de::{self, Unexpected};
use std::fmt;
use swath_algorithms::Distance;

/// A serde error with its place, and with help.
#[derive(Debug)]
pub struct ReadError {
    message: String,
    pub(super) help: Vec<String>,
    place: Option<TextRange>,
    /// From the inside out.
    path: Vec<FieldStep>,
}

impl ReadError {
    pub(super) fn new(message: String, help: Vec<String>) -> Self {
        Self { message, help, place: None, path: Vec::new() }
    }

    /// Sets the place, unless it is known already.
    pub(super) fn at(mut self, place: TextRange) -> Self {
        self.place.get_or_insert(place);
        self
    }

    /// Adds a step to the path, from the inside out.
    pub(super) fn within(mut self, step: impl Into<FieldStep>) -> Self {
        self.path.push(step.into());
        self
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self {
            message: error.message,
            path: FieldPath(error.path.into_iter().rev().collect()),
            place: error.place,
            help: error.help,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// What was found, in the words of YAML.
fn found(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        // Shortest: `1e308`, not 309 digits.
        Unexpected::Float(value) => format!("`{value:?}`"),
        Unexpected::Str(value) => format!("the text `{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map | Unexpected::StructVariant => "a mapping".into(),
        other => other.to_string(),
    }
}

/// What was expected, in the words of YAML.
fn expected(expected: &dyn de::Expected) -> String {
    let text = expected.to_string();
    // The texts of serde's own types.
    match text.as_str() {
        "u8" => "a whole number, at least 0 and below 2^8".into(),
        "u16" => "a whole number, at least 0 and below 2^16".into(),
        "u32" => "a whole number, at least 0 and below 2^32".into(),
        "u64" | "usize" => "a whole number, at least 0 and below 2^64".into(),
        "a string" => "text".into(),
        "a boolean" => "`true` or `false`".into(),
        "a sequence" => "a list".into(),
        "a map" => "a mapping".into(),
        _ if text.starts_with("struct ") => "a mapping".into(),
        _ => text,
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // By convention the problem stands before a semicolon, the help behind it.
        let message = message.to_string();
        let (wrong, right) =
            message.split_once("; ").map_or((message.as_str(), None), |(a, b)| (a, Some(b.to_owned())));
        Self::new(wrong.to_owned(), right.into_iter().collect())
    }

    fn invalid_type(unexpected: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::new(format!("found {}, expected {}", found(&unexpected), expected(wanted)), Vec::new())
    }

    fn invalid_value(unexpected: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, wanted)
    }

    fn invalid_length(length: usize, wanted: &dyn de::Expected) -> Self {
        let found = if length == 0 { "an empty list".to_owned() } else { format!("{length} values") };
        Self::new(format!("found {found}, expected {}", expected(wanted)), Vec::new())
    }

    fn unknown_variant(variant: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(format!("there is no `{variant}`"), suggest(variant, allowed))
    }

    fn unknown_field(field: &str, allowed: &'static [&'static str]) -> Self {
        let mut help = suggest(field, allowed);
        if allowed.is_empty() {
            help.push("there are no parameters here".into());
        }
        Self::new(format!("there is no field `{field}` here"), help)
    }

    fn missing_field(field: &'static str) -> Self {
        let mut help = vec![format!("add `{field}: ...` here")];
        // A dataset's distance has no default, and no file of vectors says it.
        if field == "distance" {
            help.extend(suggest("", &Distance::ALL.map(Distance::name)));
        }
        Self::new(format!("the field `{field}` is missing"), help)
    }
}
