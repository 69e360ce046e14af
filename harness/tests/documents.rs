//! What documents show is what the program takes.

mod support;

use std::path::Path;
use support::{stderr, stdout, swath};

/// The blocks of YAML in a document of the repository.
fn blocks(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document);
    let text = std::fs::read_to_string(path).expect("a document");
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn figures_in_the_document_can_be_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/data");
    let blocks = blocks("docs/reports.md");
    assert!(!blocks.is_empty());
    for block in blocks {
        let experiment = format!(
            "name: x\ndataset: glove-wordnet-20k\n{block}retrievers:\n  - {{ name: top-k, select: top-k }}\n  - name: mmr\n    \
             candidates: {{ exact: {{ pool: [50, 100] }} }}\n    select: {{ mmr: {{ lambda: [0.3, 0.5, 0.7] }} }}\n"
        );
        std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
        let output = swath(folder.path(), &["--data-dir", &data.to_string_lossy(), "run", "--dry-run", "x.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("7 trials"), "{}", stdout(&output));
    }
}

/// Every kind of figure has its line.
#[test]
fn every_kind_of_figure_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reports.md");
    let text = std::fs::read_to_string(path).expect("a document");
    for kind in swath::config::figures::FigureParams::NAMES {
        assert!(text.contains(&format!("| `{kind}` |")), "docs/reports.md lacks {kind}");
    }
}

/// The files that documents link to are there.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let guides = std::fs::read_dir(root.join("docs")).expect("a folder").flatten().map(|entry| entry.path());
    let own = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md"].map(|document| root.join(document));
    for document in own.into_iter().chain(guides) {
        let text = std::fs::read_to_string(&document).expect("a document");
        let folder = document.parent().expect("a folder");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document.clone() } else { folder.join(file) };
            assert!(target.exists(), "{} links to {link}", document.display());
            if !section.is_empty() {
                let text = std::fs::read_to_string(&target).expect("a document");
                let is_there = text.lines().any(|line| line.starts_with('#') && slug(line) == section);
                assert!(is_there, "{} links to {link}, and there is no such section", document.display());
            }
        }
    }
}

/// How a heading is named in links.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|&c| c.is_alphanumeric() || c == '-' || c == ' ').collect::<String>().replace(' ', "-")
}

/// The version that documents name is the program's.
#[test]
fn documents_name_this_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let version = env!("CARGO_PKG_VERSION");
    for (document, before) in [("CITATION.cff", "\nversion: "), ("docs/ci.md", "/swath@v"), ("CHANGELOG.md", "\n## ")] {
        let text = std::fs::read_to_string(root.join(document)).expect("a document");
        // What comes next has no version yet.
        let text = text.replacen("\n## Unreleased", "", 1);
        let (_, rest) = text.split_once(before).expect("a version");
        let named = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next();
        assert_eq!(named, Some(version), "{document} names another version");
    }
}

/// Every test that a guarantee names is there.
#[test]
fn every_guarantee_has_its_test() {
    assert!(tests_named_in("docs/security.md") > 50);
    assert!(tests_named_in("docs/architecture.md") >= 10);
}

/// Looks for each test that a document's table of guarantees names; returns how many there are.
fn tests_named_in(document: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join(document)).expect("a document");
    let (_, guarantees) = text.split_once("| guarantee | test |").expect("a table of guarantees");
    let rows = guarantees.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| guarantee"));
    let mut tests = 0;
    for row in rows {
        let named = row.rsplit(" | ").next().expect("a cell").split('`').skip(1).step_by(2);
        for test in named.filter(|named| !named.starts_with(".ci/run")) {
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(name.is_empty() || source.contains(&format!("fn {name}(")), "{document}: {file} has no {name}");
            tests += 1;
        }
    }
    tests
}
