//! The recipes of CONTRIBUTING.md, followed as a newcomer would: one of each kind is added to a copy of the sources, which is then built
//! and used. A folder of `recipes/` holds what each recipe writes, each file where it goes, and `lines.txt` with the registry lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The recipes, by their folders.
const RECIPES: &[&str] = &[
    "selector",
    "expansion",
    "candidates",
    "metric",
    "figure",
    "table",
    "diagnostic",
    "format",
    "exporter",
    "importer",
    "check-output",
    "command",
    "array-format",
    "text-format",
    "distribution",
    "audit-check",
    "catalogue-entry",
];

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

/// What a recipe adds to a file that is there: lines after a line.
struct Insertion {
    file: String,
    after: String,
    lines: String,
}

/// The insertions of a recipe, blocks with a blank line between: the file, the line before, the new lines.
fn insertions(recipe: &Path) -> Vec<Insertion> {
    let text = std::fs::read_to_string(recipe.join("lines.txt")).expect("the lines of a recipe");
    let block = |block: &str| {
        let (file, rest) = block.split_once('\n').expect("a file");
        let (after, lines) = rest.split_once('\n').expect("the line before");
        Insertion { file: file.to_owned(), after: after.to_owned(), lines: lines.trim_end_matches('\n').to_owned() }
    };
    text.split("\n\n").map(block).collect()
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
    for Insertion { file, after, lines } in insertions(&folder) {
        let path = copied.join(&file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{recipe}: {file}: {error}"));
        let (before, rest) = text.split_once(&format!("{after}\n")).unwrap_or_else(|| {
            panic!("{recipe}: {file} has no line `{after}` any more: bring CONTRIBUTING.md and the recipe up to date")
        });
        std::fs::write(&path, format!("{before}{after}\n{lines}\n{rest}")).expect("written");
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

const EXPERIMENT: &str = "\
name: newcomers
dataset: small.vec
k: 3
metrics: [recall, first]
report: { figures: [{ draw: { count: {} } }] }
retrievers:
  - { name: top-k, select: top-k, candidates: { exact: { pool: 10 } } }
  - name: all-new
    candidates: { scan: { pool: 10 } }
    expand: { friends: { graph: knn, neighbors: 3 } }
    select: plain-top
";

/// What is new of datasets.
const OWN: &str = "\
dataset: { vectors: base.narrow, queries: query.narrow, distance: euclidean, names: names.bars }
";
const DRAWN: &str = "\
dataset: { generate: corners, n: 40, dimension: 9, queries: 5, distance: euclidean, seed: 1 }
";

/// An experiment on a dataset.
fn experiment(dataset: &str) -> String {
    format!("name: newcomers\n{dataset}k: 3\nretrievers: [{{ name: top-k, select: top-k }}]\n")
}

/// Rows of three bytes, as the format of the recipe has them.
fn narrow(rows: std::ops::Range<u8>) -> Vec<u8> {
    std::iter::once(3).chain(rows.flat_map(|row| [row, row.wrapping_mul(7), row.wrapping_mul(13)])).collect()
}

/// Vectors of three dimensions as text: 40 base vectors and 5 queries.
fn vectors() -> String {
    let value = |i: usize, j: usize| ((i * 31 + j * 17 + 1) as f64 * 0.7391).sin();
    let line = |word: &str, i: usize| format!("{word} {} {} {}\n", value(i, 0), value(i, 1), value(i, 2));
    (0..40).map(|i| line("base", i)).chain((40..45).map(|i| line("query", i))).collect()
}

/// One of each kind is added to a copy of the sources; the copy passes the suites that hold for any selector, expansion and index, and
/// its program runs an experiment with all that is new.
#[test]
fn one_of_each_kind_is_added_as_the_recipes_say() {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::Builder::new().prefix("recipes-").tempdir_in(tmp).expect("a folder");
    let copied = folder.path();
    for part in ["algorithms", "datasets", "harness", "kits"] {
        let from = root().join(part);
        for file in files(&from).iter().filter(|file| !file.starts_with("tests/recipes")) {
            copy(&from.join(file), &copied.join(part).join(file));
        }
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        copy(&root().join(file), &copied.join(file));
    }
    let contributing = std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md");
    for recipe in RECIPES {
        let touched = follow(recipe, copied);
        println!("{recipe}: {} files: {}", touched.len(), touched.iter().cloned().collect::<Vec<_>>().join(", "));
        for file in &touched {
            // A registry is named as a file, a new file by its folder.
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            assert!(
                contributing.contains(file.as_str()) || contributing.contains(&format!("`{folder}/<name>.rs`")),
                "CONTRIBUTING.md does not say that a {recipe} touches {file}"
            );
        }
    }
    let built = root().join("target/debug");
    share_builds(&built, &copied.join("target/debug"));
    succeed("the build", &cargo(copied, &["build", "-p", "swath"]));
    let swath = copied.join("target/debug").join(format!("swath{}", std::env::consts::EXE_SUFFIX));
    let use_it = |arguments: &[&str]| {
        let mut command = Command::new(&swath);
        command.current_dir(copied).args(arguments).env("SWATH_CACHE", copied.join("cache"));
        succeed(&arguments.join(" "), &command.output().expect("the program runs"))
    };
    std::fs::write(copied.join("small.vec"), vectors()).expect("written");
    std::fs::write(copied.join("new.yaml"), EXPERIMENT).expect("written");
    use_it(&["run", "new.yaml", "--out", "out", "--quiet"]);
    let runs = std::fs::read_to_string(copied.join("out/runs.csv")).expect("runs");
    assert!(runs.lines().next().is_some_and(|header| header.contains(",first,")), "{runs}");
    assert!(runs.contains("plain-top") && runs.contains("friends") && runs.contains("scan"), "{runs}");
    for file in ["plots/count.svg", "tables/sizes.md"] {
        assert!(copied.join("out").join(file).is_file(), "{file}");
    }
    let manifest = std::fs::read_to_string(copied.join("out/manifest.json")).expect("a manifest");
    assert!(manifest.contains("nearest other"), "{manifest}");
    for name in ["plain-top", "friends", "scan"] {
        assert!(use_it(&["algorithms", name]).contains("a recipe's example"), "{name}");
    }
    assert_eq!(use_it(&["hello", "world"]), "hello, world\n");
    use_it(&["export", "out", "--labels", "names"]);
    let labels = std::fs::read_to_string(copied.join("names/labels.txt")).expect("labels");
    assert_eq!(labels, "top-k\nall-new\n");
    use_it(&["compare", "out", "out", "--count", "count.txt"]);
    let count = std::fs::read_to_string(copied.join("count.txt")).expect("a count");
    assert!(count.trim().parse::<usize>().is_ok_and(|count| count > 0), "{count}");
    std::fs::create_dir(copied.join("empty")).expect("made");
    std::fs::write(copied.join("empty/nothing.txt"), "").expect("written");
    let mut import = Command::new(&swath);
    let output =
        import.current_dir(copied).args(["import", "empty", "--dataset", "x"]).output().expect("the program runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("a recipe's example imports nothing"), "{output:?}");
    std::fs::write(copied.join("base.narrow"), narrow(0..40)).expect("written");
    std::fs::write(copied.join("query.narrow"), narrow(40..45)).expect("written");
    let names: Vec<String> = (0..40).map(|row| format!("the {row}th")).collect();
    std::fs::write(copied.join("names.bars"), names.join("|")).expect("written");
    for (file, dataset) in [("own", OWN), ("drawn", DRAWN)] {
        let yaml = format!("{file}.yaml");
        std::fs::write(copied.join(&yaml), experiment(dataset)).expect("written");
        use_it(&["run", &yaml, "--out", file, "--quiet"]);
        let runs = std::fs::read_to_string(copied.join(file).join("runs.csv")).expect("runs");
        assert!(runs.contains("top-k"), "{runs}");
    }
    let page = std::fs::read_to_string(copied.join("own/index.html")).expect("a page");
    assert!(names.iter().any(|name| page.contains(name)), "no name of a base vector is on the page");
    assert!(use_it(&["datasets", "check", "small.vec"]).contains("40 base points (a recipe's example)"));
    assert!(use_it(&["datasets", "list"]).contains("newcomers-3-euclidean"));
    // What holds for any of them.
    for suite in ["candidates", "expansions", "selectors"] {
        succeed(suite, &cargo(copied, &["test", "-p", "swath-algorithms", "--test", suite]));
    }
}
