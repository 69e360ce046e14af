//! What a program says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the protocol.
pub const VERSION: u64 = 1;

/// What a program does in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It finds a pool.
    Candidates,
    /// It picks from a pool.
    Selector,
    /// It answers with k results.
    Retriever,
}

impl Role {
    /// What it does, after `can`.
    pub fn does(self) -> &'static str {
        match self {
            Self::Candidates => "find candidates",
            Self::Selector => "select",
            Self::Retriever => "be a whole retriever",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidates => "candidates",
            Self::Selector => "selector",
            Self::Retriever => "retriever",
        }
    }
}

/// What a program says first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Its name.
    pub name: String,
    /// Its version; empty if it has none.
    pub version: String,
    /// Whether it says that it works on unit vectors, for angular data.
    pub normalised: Option<bool>,
    /// What it can do.
    pub can: Vec<Role>,
    /// Whether it can answer many queries at once.
    pub batch: bool,
}

/// The most characters of a name or a version.
const LONGEST: usize = 100;

impl Hello {
    /// Reads the first line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(line: &str) -> Result<Self, String> {
        let object = object(line)?;
        match object.get("swath").map(Value::as_u64) {
            Some(Some(VERSION)) => {}
            Some(_) => {
                return Err(format!("it speaks version {} of the protocol, and swath {VERSION}", object["swath"]));
            }
            None => {
                return Err(format!(
                    "its first line is `{}`; it must be `{{\"swath\": 1, \"name\": ..., \"can\": [...]}}`",
                    begin(line)
                ));
            }
        }
        let text = |value: Option<&Value>, what: &str| match value {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) if text.chars().count() <= LONGEST && !text.contains(char::is_control) => {
                Ok(text.clone())
            }
            Some(other) => Err(format!(
                "its {what} is `{}`; it must be a text on one line, of at most {LONGEST} characters",
                begin(&other.to_string())
            )),
        };
        let name = text(object.get("name"), "name")?;
        if name.is_empty() {
            return Err("it says no name; its first line needs `\"name\": \"...\"`".into());
        }
        let info = object.get("info").and_then(Value::as_object);
        let said: Vec<&str> =
            object.get("can").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let roles = [Role::Candidates, Role::Selector, Role::Retriever];
        let can: Vec<Role> = roles.into_iter().filter(|role| said.contains(&role.name())).collect();
        if can.is_empty() {
            return Err("it says nothing that it can do; its first line needs `\"can\": [...]` with `candidates`, `selector` or `retriever`".into());
        }
        Ok(Self {
            version: text(info.and_then(|info| info.get("version")), "version")?,
            normalised: info.and_then(|info| info.get("normalised")).and_then(Value::as_bool),
            batch: said.contains(&"batch"),
            name,
            can,
        })
    }

    /// What it says that it can do, for a sentence.
    pub fn abilities(&self) -> String {
        self.can.iter().map(|role| format!("`{}`", role.name())).collect::<Vec<_>>().join(", ")
    }

    /// Its name with its version.
    pub fn label(&self) -> String {
        if self.version.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.version) }
    }
}

/// What a program answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Answer {
    /// Seconds by its own clock, if it says them.
    pub seconds: Option<f64>,
    /// Bytes of its index, if it says them.
    pub bytes: Option<u64>,
}

/// Reads an answer. The inner error is a refusal.
///
/// # Errors
/// The line is no answer.
pub fn answer(line: &str) -> Result<Result<Answer, String>, String> {
    let object = object(line)?;
    let number =
        |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().filter(|&number| number < 1 << 53).map(Some).ok_or_else(|| {
                format!("it answered `{}`, where `{name}` is no whole number from 0 to 2^53", begin(line))
            }),
        };
    match object.get("ok").and_then(Value::as_bool) {
        Some(true) => Ok(Ok(Answer { seconds: number("ns")?.map(|ns| ns as f64 * 1e-9), bytes: number("bytes")? })),
        Some(false) => {
            let said = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, message) = (said("kind"), said("message"));
            Ok(Err(match (kind.as_str(), message.as_str()) {
                (_, "") => "it refused, and said no message".into(),
                ("unsupported", message) => format!("it does not support that: {message}"),
                (_, message) => message.to_owned(),
            }))
        }
        None => Err(format!("it answered `{}`, which has no `\"ok\": true` or `false`", begin(line))),
    }
}

fn object(line: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(format!("it wrote `{}` on standard output, which is no JSON object", begin(line))),
        Err(error) => Err(format!(
            "it wrote `{}` on standard output, which is no JSON ({error}); only the protocol may use standard output: print to standard error",
            begin(line)
        )),
    }
}

/// The beginning of a line, for a message.
pub fn begin(line: &str) -> String {
    const SHOWN: usize = 80;
    let begin: String = line.trim_end().chars().take(SHOWN).collect();
    if begin.len() < line.trim_end().len() { begin + "..." } else { begin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_says_what_the_program_can_do() {
        let read = |line: &str| Hello::read(line);
        let hello = read(
            r#"{"swath": 1, "name": "x", "info": {"version": "2", "normalised": true}, "can": ["retriever", "batch", "dance"], "more": 7}"#,
        );
        let expected = Hello {
            name: "x".into(),
            version: "2".into(),
            normalised: Some(true),
            can: vec![Role::Retriever],
            batch: true,
        };
        assert_eq!(hello, Ok(expected.clone()));
        assert_eq!(expected.label(), "x 2");
        let refused = [
            ("Loading...", "it wrote `Loading...` on standard output, which is no JSON"),
            ("[1]", "it wrote `[1]` on standard output, which is no JSON object"),
            ("{}", "its first line is `{}`"),
            (r#"{"swath": 2, "name": "x", "can": ["selector"]}"#, "it speaks version 2 of the protocol, and swath 1"),
            (r#"{"swath": 1, "can": ["selector"]}"#, "it says no name"),
            (r#"{"swath": 1, "name": "x"}"#, "it says nothing that it can do"),
            (r#"{"swath": 1, "name": 7, "can": ["selector"]}"#, "its name is `7`"),
            (
                r#"{"swath": 1, "name": "a\nb", "can": ["selector"]}"#,
                "its name is `\"a\\nb\"`; it must be a text on one line",
            ),
        ];
        for (line, begin) in refused {
            let said = read(line).expect_err(line);
            assert!(said.starts_with(begin), "{said}");
        }
    }

    #[test]
    fn an_answer_is_a_yes_or_a_no_with_a_reason() {
        assert_eq!(
            answer("{\"ok\": true, \"ns\": 1500, \"bytes\": 7}\r\n"),
            Ok(Ok(Answer { seconds: Some(1.5e-6), bytes: Some(7) }))
        );
        assert_eq!(answer("{\"ok\": true}"), Ok(Ok(Answer::default())));
        assert_eq!(answer(r#"{"ok": false, "kind": "failed", "message": "no memory"}"#), Ok(Err("no memory".into())));
        let unsupported = answer(r#"{"ok": false, "kind": "unsupported", "message": "select"}"#).expect("an answer");
        assert_eq!(unsupported, Err("it does not support that: select".into()));
        for wrong in [
            "{\"ok\": 1}",
            "{\"ok\": true, \"ns\": -1}",
            "{\"ok\": true, \"ns\": 0.5}",
            "{\"ok\": true, \"bytes\": 9007199254740992}",
            "{\"ok\": true, \"ns\": NaN}",
            "yes",
        ] {
            assert!(answer(wrong).is_err(), "{wrong}");
        }
    }
}
