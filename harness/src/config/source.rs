//! The text of an experiment, and the tree of its YAML values with their places.

use super::problem::{FieldPath, FieldStep, Problem, TextRange};
use crate::escape::terminal;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};
use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use swath_datasets::bounded;

/// A value with its place.
#[derive(Clone, Debug)]
pub struct YamlNode {
    /// Where it stands; for an alias, where it is used.
    pub place: TextRange,
    /// The value.
    pub value: YamlValue,
}

/// A value of YAML.
#[derive(Clone, Debug)]
pub enum YamlValue {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number below 0.
    Negative(i64),
    /// A whole number.
    Unsigned(u64),
    /// Any other finite number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<YamlNode>),
    /// Keys (all different) and their values, in order.
    Map(Vec<(YamlKey, YamlNode)>),
}

/// A key with its place.
#[derive(Clone, Debug)]
pub struct YamlKey {
    /// The key.
    pub name: String,
    /// Where it stands.
    pub place: TextRange,
}

/// An experiment's text, with the tree of its values.
#[derive(Clone, Debug)]
pub struct YamlSource {
    path: PathBuf,
    text: String,
    root: YamlNode,
}

impl YamlSource {
    /// Reads YAML.
    ///
    /// Errors are: no document or several, a duplicate key, a number that is not finite, nesting deeper than 32, and aliases that
    /// multiply into more than 20,000 values.
    ///
    /// # Errors
    /// [`Invalid`] with one problem.
    pub fn parse(path: PathBuf, text: String) -> Result<Self, Box<Invalid>> {
        let nothing = YamlNode { place: TextRange::default(), value: YamlValue::Null };
        let mut source = Self { path, text, root: nothing };
        match serde_yaml::from_str_with_options::<Spanned<Raw>>(&source.text, bounded::yaml()) {
            Ok(raw) => {
                source.root = node(raw);
                Ok(source)
            }
            Err(error) => {
                let problem = explain(&error, &source.text);
                Err(Box::new(Invalid { source, problems: vec![problem] }))
            }
        }
    }

    /// The file's name as it was given.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The file's path.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree of its values.
    pub fn root(&self) -> &YamlNode {
        &self.root
    }

    /// The place of the value at `path`. A field that was left out has none: then it is the place of the innermost value around it.
    pub fn place(&self, path: &FieldPath) -> TextRange {
        let mut at = &self.root;
        let mut place = TextRange { start: 0, end: 0 };
        for step in &path.0 {
            let next = match (step, &at.value) {
                (FieldStep::Key(key), YamlValue::Map(entries)) => {
                    entries.iter().find(|(k, _)| k.name == *key).map(|(k, v)| (k.place, v))
                }
                (FieldStep::Index(index), YamlValue::List(items)) => items.get(*index).map(|v| (v.place, v)),
                _ => None,
            };
            let Some((key, value)) = next else { break };
            // For a value of several lines its key is enough.
            let short = value.place.end > value.place.start && !self.text[self.bytes(value.place)].contains('\n');
            place = if short { value.place } else { key };
            at = value;
        }
        place
    }

    /// A place as a range within the text, on character boundaries.
    pub fn bytes(&self, place: TextRange) -> std::ops::Range<usize> {
        let floor =
            |at: usize| (0..=at.min(self.text.len())).rev().find(|&i| self.text.is_char_boundary(i)).unwrap_or(0);
        floor(place.start)..floor(place.end.max(place.start)).max(floor(place.start))
    }
}

/// All problems of one experiment file, ready to be shown.
#[derive(Debug)]
pub struct Invalid {
    /// Its text.
    pub source: YamlSource,
    /// Its problems, at least one.
    pub problems: Vec<Problem>,
}

impl Invalid {
    /// The problems in the form of a compiler's, with their lines; coloured if `color`.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<String> = self.problems.iter().map(|problem| self.render_one(problem, &renderer)).collect();
        shown.join("\n\n")
    }

    fn render_one(&self, problem: &Problem, renderer: &Renderer) -> String {
        let place = problem.place.unwrap_or_else(|| self.source.place(&problem.path));
        let name = terminal(&self.source.name()).into_owned();
        let path = problem.path.to_string();
        let label = if path.is_empty() { String::new() } else { format!("in {}", terminal(&path)) };
        let message = terminal(&problem.message);
        let help: Vec<Cow<'_, str>> = problem.help.iter().map(|line| terminal(line)).collect();
        let snippet = Snippet::source(self.source.text())
            .path(name.as_str())
            .annotation(AnnotationKind::Primary.span(self.source.bytes(place)).label(label.as_str()));
        let mut group = Level::ERROR.primary_title(message.as_ref()).element(snippet);
        for line in &help {
            group = group.element(Level::HELP.message(line.as_ref()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Invalid {}

/// The message for a tab in the indentation.
const TAB: &str = "there is a tab where YAML wants spaces";

/// The tab that the YAML reader means: the first in an indentation from the line of `place` on. The reader names the value before
/// it, unless the tab stands in that line.
fn tab_from(text: &str, place: TextRange) -> TextRange {
    let mut at = text.as_bytes()[..place.start].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let lines = text.get(at..).unwrap_or_default();
    if lines.lines().next().is_some_and(|line| line.contains('\t')) {
        return place;
    }
    for line in lines.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t') {
            return TextRange { start: at + tab, end: at + tab + 1 };
        }
        at += line.len();
    }
    place
}

/// A problem that the YAML reader found, in swath's words.
fn explain(error: &serde_yaml::Error, text: &str) -> Problem {
    use serde_yaml::Error as E;
    let (message, help) = match error.without_snippet() {
        E::DuplicateMappingKey { key, .. } => {
            let key = key.as_ref().map_or(String::new(), |key| format!(" `{key}`"));
            (format!("the key{key} is given twice"), "keep one of the two")
        }
        E::NonFiniteFloat { value, .. } => (format!("`{value}` is not a finite number"), "write a number"),
        E::MultipleDocuments { .. } => {
            ("a second YAML document begins here".into(), "one file describes one experiment")
        }
        other => {
            let said = other.to_string();
            let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
            if has(&["budget", "alias replay", "alias expansion"]) {
                let message = "this is more than an experiment needs: above 20,000 values, 1,000 aliases or 32 levels";
                (message.into(), "write values out, not aliases of aliases")
            } else if has(&["recursion limit"]) {
                ("this is nested too deeply".into(), "an experiment needs no more than 8 levels")
            } else if has(&["null into string"]) {
                (
                    "a key must be a word, but this one is empty, or null to YAML".into(),
                    "write the key before the colon",
                )
            } else if has(&["found a tab", "tab character", "tabs"]) {
                (TAB.into(), "indent with spaces")
            } else {
                // The place is shown beside the line, so the words need not name it.
                let end = said.find(" at line ").or_else(|| said.find('\n')).unwrap_or(said.len());
                (said[..end].to_owned(), "this is not YAML as swath reads it")
            }
        }
    };
    let mut place = error.location().map(|location| place(&location, text.len()));
    if message == TAB {
        place = place.map(|place| tab_from(text, place));
    }
    Problem { message, path: FieldPath::default(), place, help: vec![help.into()] }
}

fn place(location: &Location, length: usize) -> TextRange {
    let span = location.span();
    let start = span.byte_offset().unwrap_or(span.offset()) as usize;
    let len = span.byte_len().unwrap_or(span.len()) as usize;
    TextRange { start: start.min(length), end: (start + len).min(length) }
}

/// [`YamlValue`] as the YAML reader gives it.
enum Raw {
    Scalar(YamlValue),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>) -> YamlNode {
    let here = place(&raw.referenced, usize::MAX);
    let value = match raw.value {
        Raw::Scalar(value) => value,
        Raw::List(items) => YamlValue::List(items.into_iter().map(node).collect()),
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<String>, _)| {
                (YamlKey { place: place(&key.referenced, usize::MAX), name: key.value }, node(value))
            };
            YamlValue::Map(entries.into_iter().map(entry).collect())
        }
    };
    YamlNode { place: here, value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(YamlValue::Null))
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(YamlValue::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Scalar(YamlValue::Bool(value)))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Scalar(u64::try_from(value).map_or(YamlValue::Negative(value), YamlValue::Unsigned)))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::Scalar(YamlValue::Unsigned(value)))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Scalar(YamlValue::Float(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Scalar(YamlValue::Text(value.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }

        deserializer.deserialize_any(RawVisitor)
    }
}
