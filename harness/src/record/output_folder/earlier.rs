//! Folders of versions without ledgers: which files there are swath's.
//!
//! A file is taken for swath's if such a version used its name, and if it begins as that version's file did. Every other file is
//! somebody's.

use super::inspect::{hash_of, is_real_folder};
use super::ledger::{FolderKind, Ledger};
use crate::clock;
use crate::record::folder::TRIALS;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use swath_datasets::hdf5_file::{Attribute, Hdf5File, MEMORY};

/// The versions.
const VERSIONS: [&str; 2] = ["0.1.0", "0.2.0"];

/// The most bytes of a manifest, or of another text that is read whole.
const MOST: u64 = 1 << 26;

/// Tables of CSV, and what their first line begins with.
const CSV: [(&str, &str); 7] = [
    ("runs.csv", "trial,retriever,params,"),
    ("comparisons.csv", "trial,retriever,params,"),
    ("frontiers.csv", "retriever,metric,points,"),
    ("chosen.csv", "trial,retriever,params,"),
    ("chosen_pairs.csv", "retriever,less,metric,"),
    ("split.csv", "query,side\n"),
    ("scale.csv", "n,dimension,k,retriever,"),
];

/// Texts, and what each begins with.
const TEXTS: [(&str, &str); 2] =
    [("paper.tex", "% Every table and figure of this report"), ("queries.json", "{\"queries\":")];

/// The tables in `tables/`, each in three forms.
const TABLES: [&str; 6] = ["best", "summary", "chosen", "comparisons", "frontiers", "cost"];

/// The folders of figures.
const PLOTS: [&str; 3] = ["plots", "plots/page", "plots/slide"];

/// The files of such a version in a folder, as a ledger; `None` if there are none.
///
/// # Errors
/// The file system's refusal.
pub fn ledger(folder: &Path) -> io::Result<Option<Ledger>> {
    let manifest = json(&folder.join("manifest.json")).filter(is_manifest);
    let mut found = match &manifest {
        Some(manifest) if manifest["experiment"]["imported"].is_null() => EarlierFiles::new(folder, FolderKind::Run),
        Some(_) => EarlierFiles::new(folder, FolderKind::Import),
        None if is_sweep(folder) => EarlierFiles::new(folder, FolderKind::Sweep),
        None => return Ok(None),
    };
    found.add(if manifest.is_some() { "manifest.json" } else { "sweep.json" })?;
    for trial in manifest.iter().filter_map(|manifest| manifest["trials"].as_array()).flatten() {
        found.trial(trial["trial"].as_str().unwrap_or_default())?;
    }
    for (name, head) in CSV.into_iter().chain(TEXTS) {
        found.add_text(name, |text| text.starts_with(head))?;
    }
    found.add_text("index.html", |text| {
        text.starts_with("<!DOCTYPE html>") && text.contains("<meta name=\"generator\" content=\"swath 0.")
    })?;
    for name in TABLES {
        found.add_text(&format!("tables/{name}.tex"), |text| text.starts_with("% By swath."))?;
        found.add_text(&format!("tables/{name}.md"), |text| text.starts_with("| "))?;
        found.add_text(&format!("tables/{name}.csv"), |text| {
            text.lines().next().is_some_and(|line| line.contains(','))
        })?;
    }
    found.figures()?;
    found.unfinished(manifest.is_some())?;
    Ok(Some(found.ledger))
}

/// Whether it is a manifest of such a version.
fn is_manifest(manifest: &Value) -> bool {
    let is_of = manifest["swath"].as_str().is_some_and(|swath| VERSIONS.contains(&swath));
    is_of && manifest["experiment"].is_object() && manifest["dataset"].is_object() && manifest["trials"].is_array()
}

/// Whether such a version ran a cell that `sweep.json` names.
fn is_sweep(folder: &Path) -> bool {
    let Some(Value::Array(cells)) = json(&folder.join("sweep.json")) else { return false };
    let names = cells.iter().filter_map(|cell| cell["folder"].as_str());
    names.filter(|name| super::is_cell_name(name)).any(|name| {
        let cell = folder.join(name);
        is_real_folder(&cell) && json(&cell.join("manifest.json")).as_ref().is_some_and(is_manifest)
    })
}

/// Reads a file of JSON; `None` if there is none.
fn json(path: &Path) -> Option<Value> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let text = (metadata.is_file() && metadata.len() <= MOST).then(|| std::fs::read(path).ok())??;
    serde_json::from_slice(&text).ok()
}

/// Collects the files of such a version in a folder.
struct EarlierFiles<'a> {
    folder: &'a Path,
    ledger: Ledger,
}

impl<'a> EarlierFiles<'a> {
    fn new(folder: &'a Path, holds: FolderKind) -> Self {
        Self { folder, ledger: Ledger::new(holds) }
    }

    /// Whether there is a file, and no link on the way to it.
    fn is_file(&self, name: &str) -> bool {
        let path = self.folder.join(name);
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        let inside = name.rsplit_once('/').is_none_or(|(inside, _)| {
            inside
                .match_indices('/')
                .map(|(end, _)| &inside[..end])
                .chain([inside])
                .all(|part| is_real_folder(&self.folder.join(part)))
        });
        is_file && inside
    }

    fn add(&mut self, name: &str) -> io::Result<()> {
        if self.is_file(name)
            && let Some(hash) = hash_of(&self.folder.join(name))?
        {
            self.ledger.written(name, hash);
        }
        Ok(())
    }

    /// Adds a file if its first bytes are right.
    fn add_file(&mut self, name: &str, is_right: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        let mut head = Vec::new();
        if self.is_file(name) {
            File::open(self.folder.join(name))?.take(4096).read_to_end(&mut head)?;
        }
        if is_right(&head) { self.add(name) } else { Ok(()) }
    }

    fn add_text(&mut self, name: &str, is_right: impl Fn(&str) -> bool) -> io::Result<()> {
        self.add_file(name, |head| !head.is_empty() && is_right(&String::from_utf8_lossy(head)))
    }

    /// Adds the file of a trial if it has this id.
    fn trial(&mut self, id: &str) -> io::Result<()> {
        let name = format!("{TRIALS}/{id}.hdf5");
        let is_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id || !self.is_file(&name) {
            return Ok(());
        }
        let says = Hdf5File::open(&self.folder.join(&name), MEMORY).and_then(|file| file.attributes());
        match says.ok().and_then(|mut says| says.remove("swath_trial")) {
            Some(Attribute::Text(said)) if said == id => self.add(&name),
            _ => Ok(()),
        }
    }

    /// Adds the figures that `captions.txt` names.
    fn figures(&mut self) -> io::Result<()> {
        if !self.is_file("plots/captions.txt") {
            return Ok(());
        }
        let mut captions = String::new();
        File::open(self.folder.join("plots/captions.txt"))?
            .take(MOST)
            .read_to_string(&mut captions)
            .unwrap_or_default();
        let names: Vec<&str> = captions.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        if names.is_empty() || names.len() < captions.lines().count() {
            return Ok(());
        }
        for name in names.into_iter().filter(|name| !name.contains(['/', '\\']) && !name.starts_with('.')) {
            for place in PLOTS {
                self.add_text(&format!("{place}/{name}.svg"), |text| {
                    text.starts_with("<svg width=") && text.contains("\n<title>")
                })?;
                self.add_file(&format!("{place}/{name}.png"), |head| head.starts_with(b"\x89PNG"))?;
                self.add_file(&format!("{place}/{name}.pdf"), |head| head.starts_with(b"%PDF-"))?;
            }
        }
        self.add("plots/captions.txt")
    }

    /// Adds unfinished files: for a run those of `unfinished/`, if `run.json` there describes it; for a sweep the file that marks
    /// it.
    fn unfinished(&mut self, is_run: bool) -> io::Result<()> {
        if !is_run {
            let is_time = |head: &[u8]| str::from_utf8(head).is_ok_and(|at| clock::parsed(at).is_some());
            if self.is_file("unfinished") && is_time(&std::fs::read(self.folder.join("unfinished"))?) {
                self.ledger.work_on("unfinished");
            }
            return Ok(());
        }
        for lock in [".lock", ".lock.children"].map(|name| format!("{TRIALS}/{name}")) {
            let is_empty = std::fs::symlink_metadata(self.folder.join(&lock)).is_ok_and(|lock| lock.len() == 0);
            if self.is_file(&lock) && is_empty {
                self.ledger.work_on(&lock);
            }
        }
        let run = json(&self.folder.join("unfinished/run.json"));
        let program = run.as_ref().and_then(|run| run["program"].as_str()).unwrap_or_default();
        if !VERSIONS.iter().any(|version| program.starts_with(&format!("{version} "))) {
            return Ok(());
        }
        let trials = std::fs::read_dir(self.folder.join("unfinished").join(TRIALS)).into_iter().flatten().flatten();
        let names = trials.filter_map(|entry| entry.file_name().into_string().ok());
        let is_trial = |name: &String| {
            name.split_once('.').is_some_and(|(id, end)| {
                id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && ["hdf5", "passes"].contains(&end)
            })
        };
        let trials = names.filter(is_trial).map(|name| format!("unfinished/{TRIALS}/{name}"));
        let all: Vec<String> = trials.chain(["unfinished/run.json", "unfinished/dataset"].map(str::to_owned)).collect();
        for name in all {
            if self.is_file(&name) {
                self.ledger.work_on(&name);
            }
        }
        Ok(())
    }
}
