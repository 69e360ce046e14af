//! Problems of an experiment: what is wrong, where, and what would be right.

use std::fmt;

/// A range of bytes in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextRange {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldStep {
    /// The value of a key.
    Key(String),
    /// An element of a list.
    Index(usize),
}

impl From<&str> for FieldStep {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for FieldStep {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The path to a field: `retrievers[1].select.mmr.lambda`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(pub Vec<FieldStep>);

/// Writes a [`FieldPath`]: `path!["retrievers", 1, "select"]`.
#[macro_export]
macro_rules! path {
    ($($step:expr),* $(,)?) => { $crate::config::FieldPath(vec![$($crate::config::FieldStep::from($step)),*]) };
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                FieldStep::Key(key) if i == 0 => write!(f, "{key}")?,
                FieldStep::Key(key) => write!(f, ".{key}")?,
                FieldStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A problem of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// The field.
    pub path: FieldPath,
    /// Where in the text, if that is known more exactly than by the path.
    pub place: Option<TextRange>,
    /// What would be right, one line each.
    pub help: Vec<String>,
}

impl Problem {
    /// A problem with the field at `path`.
    pub fn new(path: FieldPath, message: impl Into<String>) -> Self {
        Self { message: message.into(), path, place: None, help: Vec::new() }
    }

    /// Adds a line that says what would be right.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

/// Names with more bytes are not compared with others.
const LONGEST: usize = 200;

/// `allowed: a, b, c`, with the nearest to `found` suggested first, as lines of help.
pub fn suggest(found: &str, allowed: &[&str]) -> Vec<String> {
    let meant = found.to_lowercase();
    // Comparing takes time and memory for each pair of letters, and so long a name is no slip of a known one.
    let nearest = allowed
        .iter()
        .filter(|name| name.len().max(meant.len()) <= LONGEST)
        .map(|name| (strsim::damerau_levenshtein(&meant, name), name))
        .filter(|&(edits, name)| edits <= name.len().max(found.len()).div_ceil(3))
        .min_by_key(|&(edits, _)| edits);
    let list: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
    let mut lines: Vec<String> = nearest.map(|(_, name)| format!("did you mean `{name}`?")).into_iter().collect();
    if !list.is_empty() {
        lines.push(format!("allowed: {}", list.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_text_of_any_length_is_not_compared() {
        assert_eq!(suggest("Recal", &["recall", "coverage"])[0], "did you mean `recall`?");
        let long = "recall".repeat(1_000_000);
        assert_eq!(suggest(&long, &["recall", &long]).len(), 1);
    }

    #[test]
    fn paths_read_as_in_a_program() {
        assert_eq!(path!["retrievers", 1, "select", "mmr"].to_string(), "retrievers[1].select.mmr");
    }

    #[test]
    fn the_nearest_name_is_suggested_and_nothing_far() {
        assert_eq!(suggest("lamda", &["lambda", "k"])[0], "did you mean `lambda`?");
        assert_eq!(suggest("MMR", &["mmr", "top-k"])[0], "did you mean `mmr`?");
        assert_eq!(suggest("colour", &["lambda", "k"]), ["allowed: `lambda`, `k`"]);
    }
}
