//! The forms of files that a check writes, and whether a file that is there is of one of them: nothing else is replaced.

use serde_json::{Map, Value};
use std::path::Path;

/// The most bytes of a file that is looked at.
const MOST: u64 = 1 << 28;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table of Markdown.
    Markdown,
    /// JUnit XML.
    Junit,
    /// All findings as JSON.
    Json,
    /// Bencher Metric Format.
    Bencher,
    /// What github-action-benchmark reads.
    ActionBenchmark,
}

impl Form {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Markdown => "table of Markdown",
            Self::Junit => "file of JUnit",
            Self::Json => "list of findings",
            Self::Bencher => "file of Bencher",
            Self::ActionBenchmark => "file for github-action-benchmark",
        }
    }

    /// Whether nothing is there, or a file of this form.
    pub fn may_replace(self, path: &Path) -> bool {
        let Ok(metadata) = std::fs::symlink_metadata(path) else { return true };
        let text = || String::from_utf8(std::fs::read(path).ok()?).ok();
        // An empty file, as `mktemp` makes it, has nothing to lose.
        let is_ours = || metadata.len() <= MOST && text().is_some_and(|text| self.is_of(&text));
        metadata.is_file() && (metadata.len() == 0 || is_ours())
    }

    fn is_of(self, text: &str) -> bool {
        let json = || serde_json::from_str::<Value>(text).ok();
        match self {
            Self::Markdown => text.starts_with("## swath: "),
            Self::Junit => {
                let second = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
                second.is_some_and(|second| second.starts_with("<testsuites name=\"swath "))
            }
            Self::Json => json().is_some_and(|value| {
                ["experiment", "swath", "baseline", "regressions", "findings"]
                    .iter()
                    .all(|key| value.get(key).is_some())
            }),
            Self::Bencher => json().as_ref().and_then(Value::as_object).is_some_and(is_bencher),
            Self::ActionBenchmark => json().as_ref().and_then(Value::as_array).is_some_and(|entries| {
                entries.iter().all(|entry| ["name", "unit", "value"].iter().all(|key| entry.get(key).is_some()))
            }),
        }
    }
}

/// Benchmarks, each with its measures, each of these with a value and its interval.
fn is_bencher(benchmarks: &Map<String, Value>) -> bool {
    let is_measure =
        |measure: &Value| ["value", "lower_value", "upper_value"].iter().all(|key| measure.get(key).is_some());
    let is_benchmark = |measures: &Value| measures.as_object().is_some_and(|all| all.values().all(is_measure));
    benchmarks.values().all(is_benchmark)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Form; 5] = [Form::Markdown, Form::Junit, Form::Json, Form::Bencher, Form::ActionBenchmark];

    #[test]
    fn only_files_of_the_same_form_are_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        let replaced = |text: &str| {
            std::fs::write(&path, text).expect("written");
            ALL.into_iter().filter(|form| form.may_replace(&path)).collect::<Vec<_>>()
        };
        assert_eq!(replaced("## swath: no regression in x\n"), [Form::Markdown]);
        let junit = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"swath x\" tests=\"0\">\n";
        assert_eq!(replaced(junit), [Form::Junit]);
        assert_eq!(replaced("{\"a\":{\"recall\":{\"value\":1,\"lower_value\":1,\"upper_value\":1}}}"), [Form::Bencher]);
        assert_eq!(replaced("[{\"name\":\"a\",\"unit\":\"mean\",\"value\":1}]"), [Form::ActionBenchmark]);
        assert_eq!(replaced(""), ALL);
        for text in ["my notes", "# My notes\n", "{\"a\":1}", "[1]", "name: x\n", "\"\"", "<?xml version=\"1.0\"?>"] {
            assert_eq!(replaced(text), [], "{text}");
        }
        std::fs::write(&path, b"\x89HDF\xff").expect("written");
        let other = folder.path().join("y");
        std::fs::create_dir(&other).expect("created");
        assert!(ALL.into_iter().all(|form| !form.may_replace(&path) && !form.may_replace(&other)));
        assert!(ALL.into_iter().all(|form| form.may_replace(&folder.path().join("z"))));
    }
}
