//! The recipes of CONTRIBUTING.md, followed as a newcomer would: one of each kind is added to a copy of the sources, which is then built
//! and used. A folder of `recipes/` holds what each recipe writes, each file where it goes, and `lines.txt` with the registry lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The recipes, by their folders.
const RECIPES: &[&str] = &["selector"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// All files below a folder, seen from it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("below").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
    std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

/// A line that a recipe adds: into which file, after which line.
struct Line {
    file: String,
    after: String,
    line: String,
}

/// The lines of a recipe: blocks of three lines, the file, the line before, the new one.
fn lines(recipe: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(recipe.join("lines.txt")).expect("the lines of a recipe");
    let mut lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned);
    let mut found = Vec::new();
    while let Some(file) = lines.next() {
        let (after, line) = (lines.next().expect("the line before"), lines.next().expect("the new line"));
        found.push(Line { file, after, line });
    }
    found
}

/// Follows a recipe in a copy of the sources; returns the files that it touched.
fn follow(recipe: &str, copied: &Path) -> BTreeSet<String> {
    let folder = root().join("harness/tests/recipes").join(recipe);
    let mut touched = BTreeSet::new();
    for file in files(&folder).iter().filter(|file| *file != Path::new("lines.txt")) {
        assert!(!copied.join(file).exists(), "{recipe}: {} is there already", file.display());
        copy(&folder.join(file), &copied.join(file));
        touched.insert(file.display().to_string());
    }
    for Line { file, after, line } in lines(&folder) {
        let path = copied.join(&file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{recipe}: {file}: {error}"));
        let (before, rest) = text.split_once(&format!("{after}\n")).unwrap_or_else(|| {
            panic!("{recipe}: {file} has no line `{after}` any more: bring CONTRIBUTING.md and the recipe up to date")
        });
        std::fs::write(&path, format!("{before}{after}\n{line}\n{rest}")).expect("written");
        touched.insert(file);
    }
    touched
}

/// Shares what is built of other crates, by hard links, so that only swath itself is built again.
fn share_builds(from: &Path, to: &Path) {
    for folder in ["deps", "build", ".fingerprint"] {
        let from = from.join(folder);
        for file in files(&from).iter().filter(|file| !file.to_string_lossy().contains("swath")) {
            let link = to.join(folder).join(file);
            std::fs::create_dir_all(link.parent().expect("a folder")).expect("made");
            // Where a file system has no links, cargo builds these again.
            let _ = std::fs::hard_link(from.join(file), link);
        }
    }
}

fn cargo(copied: &Path, arguments: &[&str]) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(copied).args(arguments).args(["--offline", "--locked"]);
    // What the outer cargo says of its own crate is not true of the copy.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        command.env_remove(name);
    }
    command.env_remove("RUSTFLAGS").output().expect("cargo runs")
}

fn succeed(what: &str, output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{what}:\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
