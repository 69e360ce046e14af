//! The ledger of an output folder: which files swath wrote there, and the SHA-256 of each.
//!
//! It is text, one JSON object per line:
//!
//! 1. The first line says what the folder holds. Every other line names a file.
//! 2. A line is appended before its file is written, with the hash that the file will have. So a file of swath's is listed whenever
//!    a run is killed. A name may have several hashes. A line that was cut short lists nothing.
//! 3. A file without a hash is one that a run works on: it is swath's, whatever its content. Only unfinished files and locks may
//!    be listed like this.

use crate::record::folder::CellKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// The ledger's name in its folder.
pub const LEDGER: &str = ".swath-ledger";

/// The format's version.
const VERSION: u32 = 1;

/// The most bytes of a ledger: 200,000 files.
pub const MOST: u64 = 1 << 26;

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FolderKind {
    /// A run.
    Run,
    /// Another program's results, imported as a run.
    Import,
    /// A sweep, whose cells are folders of their own.
    Sweep,
    /// An experiment on several datasets, whose runs are folders of their own.
    Datasets,
    /// A report of several runs.
    Several,
    /// A page of the history.
    History,
    /// An export to other programs.
    Export,
}

impl From<CellKind> for FolderKind {
    /// The kind of the folder above the cells.
    fn from(cells: CellKind) -> Self {
        match cells {
            CellKind::Size => Self::Sweep,
            CellKind::Dataset => Self::Datasets,
        }
    }
}

impl FolderKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Run => "a run",
            Self::Import => "an import",
            Self::Sweep => CellKind::Size.words(),
            Self::Datasets => CellKind::Dataset.words(),
            Self::Several => "a report of several runs",
            Self::History => "the page of a history",
            Self::Export => "an export",
        }
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct FirstLine {
    /// The format's version.
    ledger: u32,
    holds: FolderKind,
}

/// Any other line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLine {
    file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// The state of a listed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedState {
    /// The hashes that it may have, hexadecimal.
    Written(BTreeSet<String>),
    /// A run works on it.
    WorkedOn,
}

/// The content of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The kind of the folder's content.
    pub holds: FolderKind,
    /// The files, by their path from the folder.
    pub files: BTreeMap<String, ListedState>,
}

impl Ledger {
    /// The ledger of a folder without files.
    pub fn new(holds: FolderKind) -> Self {
        Self { holds, files: BTreeMap::new() }
    }

    /// Reads a ledger; `None` if its writer was killed before the first line was whole.
    ///
    /// # Errors
    /// Why it is no ledger.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, String> {
        let mut lines = text.split_inclusive(|&byte| byte == b'\n');
        let Some(first) = lines.next().filter(|line| line.ends_with(b"\n")) else {
            let begins = br#"{"ledger":"#;
            let is_cut = begins.starts_with(text) || text.starts_with(begins);
            return if is_cut { Ok(None) } else { Err("it is no ledger of swath's".into()) };
        };
        let head: FirstLine =
            serde_json::from_slice(first).map_err(|error| format!("it is no ledger of swath's: {error}"))?;
        if head.ledger != VERSION {
            return Err(format!("it is of version {}, and this swath reads version {VERSION}", head.ledger));
        }
        let mut ledger = Self::new(head.holds);
        for line in lines.filter(|line| line.ends_with(b"\n")) {
            let Ok(FileLine { file, sha256 }) = serde_json::from_slice(line) else { continue };
            match sha256 {
                Some(sha256) if is_inside(&file) => ledger.expect(&file, sha256),
                None if is_work(&file) => ledger.work_on(&file),
                _ => {}
            }
        }
        Ok(Some(ledger))
    }

    /// Its text, with a line for each hash.
    pub fn text(&self) -> String {
        let of = |(file, listed): (&String, &ListedState)| match listed {
            ListedState::WorkedOn => line(file, None),
            ListedState::Written(hashes) => hashes.iter().map(|hash| line(file, Some(hash))).collect(),
        };
        head(self.holds) + &self.files.iter().map(of).collect::<String>()
    }

    /// Lists a file that will have this hash, or the one that it has.
    pub fn expect(&mut self, file: &str, sha256: String) {
        match self.files.entry(file.to_owned()).or_insert_with(|| ListedState::Written(BTreeSet::new())) {
            ListedState::Written(hashes) => {
                hashes.insert(sha256);
            }
            worked_on @ ListedState::WorkedOn => *worked_on = ListedState::Written(BTreeSet::from([sha256])),
        }
    }

    /// Lists a file that has this hash.
    pub fn written(&mut self, file: &str, sha256: String) {
        self.files.insert(file.to_owned(), ListedState::Written(BTreeSet::from([sha256])));
    }

    /// Lists a file that a run works on.
    pub fn work_on(&mut self, file: &str) {
        self.files.insert(file.to_owned(), ListedState::WorkedOn);
    }
}

/// The first line of a text.
pub fn head(holds: FolderKind) -> String {
    json(&FirstLine { ledger: VERSION, holds })
}

/// The line of a file.
pub fn line(file: &str, sha256: Option<&str>) -> String {
    json(&FileLine { file: file.to_owned(), sha256: sha256.map(str::to_owned) })
}

fn json(line: &impl Serialize) -> String {
    // Texts and numbers can always be written.
    serde_json::to_string(line).unwrap_or_default() + "\n"
}

/// Whether a path leads to something inside the folder, through plain names alone.
pub fn is_inside(file: &str) -> bool {
    let is_plain = |component: Component<'_>| matches!(component, Component::Normal(_));
    !file.is_empty() && !file.contains(['\\', '\0']) && Path::new(file).components().all(is_plain)
}

/// Whether a file may be listed without a hash: unfinished ones, and locks.
fn is_work(file: &str) -> bool {
    let is_lock = file.rsplit('/').next().is_some_and(|name| name.starts_with(".lock"));
    is_inside(file) && (is_lock || file == "unfinished" || file.starts_with("unfinished/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(FolderKind::Run);
        ledger.expect("runs.csv", "aa".into());
        ledger.expect("runs.csv", "bb".into());
        ledger.written("tables/\u{e4}\n\".md", "cc".into());
        ledger.work_on("unfinished/run.json");
        ledger
    }

    #[test]
    fn whole_lines_are_read_back() {
        let text = ledger().text();
        assert_eq!(Ledger::parse(text.as_bytes()), Ok(Some(ledger())));
        let head = text.find('\n').expect("lines") + 1;
        for cut in 0..text.len() {
            let read = Ledger::parse(&text.as_bytes()[..cut]).expect("no other file");
            assert_eq!(read.is_some(), cut >= head, "{cut}");
            let files = read.map_or(0, |read| read.files.len());
            assert!(files <= 3 && (cut < head || read_is_part(&text.as_bytes()[..cut])), "{cut}");
        }
    }

    fn read_is_part(text: &[u8]) -> bool {
        let whole = ledger();
        let read = Ledger::parse(text).expect("a ledger").expect("with a head");
        read.files.iter().all(|(file, listed)| match (listed, &whole.files[file]) {
            (ListedState::Written(some), ListedState::Written(all)) => some.is_subset(all),
            (some, all) => some == all,
        })
    }

    #[test]
    fn nothing_outside_is_listed_and_nothing_finished_without_a_hash() {
        let names = ["../x", "/etc/passwd", "a/../../x", "", ".", "a/./../b", "c:\\x", "a\\..\\b", "x\0"];
        let lines: String = names.iter().map(|name| line(name, Some("aa")) + &line(name, None)).collect();
        let text = head(FolderKind::Run) + &lines + &line("paper.tex", None) + &line("unfinished/../paper.tex", None);
        assert_eq!(Ledger::parse(text.as_bytes()), Ok(Some(Ledger::new(FolderKind::Run))));
        // A line that was cut, and one that is damaged, do no harm to the others.
        let text =
            head(FolderKind::Sweep) + "{\"file\":\"run" + &line("a", Some("aa")) + "\u{1}\n" + &line("b", Some("bb"));
        let files = Ledger::parse(text.as_bytes()).expect("a ledger").expect("whole").files;
        assert_eq!(files.into_keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn other_files_are_no_ledgers() {
        for text in ["my notes\n", "my notes", "{}\n", "[1]\n", "{\"ledger\":2,\"holds\":\"run\"}\n", "\u{0}\n"] {
            assert!(Ledger::parse(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["", "{", "{\"ledger\":1,\"ho"] {
            assert_eq!(Ledger::parse(text.as_bytes()), Ok(None), "{text}");
        }
    }
}
