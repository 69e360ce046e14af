//! Tables and figures in a document; skipped where there is no pdflatex, unless `SWATH_REQUIRE` names it.

mod support;

use std::path::Path;
use std::process::Command;
use support::{stderr, swath, write_datasets};

const EXPERIMENT: &str = "
name: a_small_one
dataset: rich.hdf5
k: 5
seed: 7
split: { tune: 0.5 }
report: { sizes: [column, page, slide] }
retrievers:
  - { name: top_k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: [10, 20] } }, select: { mmr: { lambda: [0.1, 0.3, 0.7] } } }
  - { name: facility-location, candidates: { exact: { pool: 20 } }, select: facility-location }
  - { name: best, candidates: { exact: { pool: 20 } }, select: { xquad: { lambda: 0.5 } } }
  - name: walk
    candidates: { exact: { pool: 5 } }
    expand: { walk: { graph: [[knn], [links], [knn, links]], neighbors: 4 } }
    select: { mmr: { lambda: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8] } }
";

/// Compiles a document in its folder; what pdflatex says.
fn compile(folder: &Path, document: &str) -> (bool, String) {
    let arguments = ["-interaction=nonstopmode", "-halt-on-error", document];
    let output = Command::new("pdflatex").args(arguments).current_dir(folder).output().expect("pdflatex runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn every_table_and_figure_compiles_in_one_document() {
    if support::program("pdflatex", &["pdflatex"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT).expect("written");
    let run = swath(folder.path(), &["run", "small.yaml"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(support::stdout(&run).contains("chosen on 6 queries"), "the table of choices is written, too");
    let report = folder.path().join("reports/a_small_one");
    let paper = std::fs::read_to_string(report.join("paper.tex")).expect("a document");
    let tables: Vec<String> = ["summary", "chosen", "comparisons", "frontiers", "cost"].map(str::to_owned).into();
    assert!(tables.iter().all(|table| paper.contains(&format!("\\input{{tables/{table}}}"))), "{paper}");
    let entries = std::fs::read_dir(report.join("tables")).expect("a folder").count();
    assert_eq!(entries, 3 * tables.len(), "and there are no others");
    let figures = std::fs::read_dir(report.join("plots")).expect("a folder").filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "pdf"))
    });
    let figures = figures.count();
    assert!(figures >= 15 && paper.matches("\\includegraphics").count() == figures, "{figures}: {paper}");
    // Figures of the other sizes, too.
    let others = ["page", "slide"]
        .map(|size| format!("\\noindent\\includegraphics[width=\\linewidth]{{plots/{size}/ranks.pdf}}"));
    let whole = paper.replace("\\end{document}", &format!("{}\n\\end{{document}}", others.join("\n\n")));
    std::fs::write(report.join("whole.tex"), whole).expect("written");
    let (compiled, said) = compile(&report, "whole.tex");
    assert!(compiled, "{said}");
    let problems: Vec<&str> =
        said.lines().filter(|line| line.starts_with("Overfull") || line.contains("undefined")).collect();
    assert_eq!(problems, [""; 0], "{said}");
    assert!(report.join("whole.pdf").metadata().is_ok_and(|file| file.len() > 100_000), "a document with figures");
    // The test can fail.
    let broken = "\\documentclass{article}\\begin{document}a_b\\end{document}";
    std::fs::write(report.join("broken.tex"), broken).expect("written");
    assert!(!compile(&report, "broken.tex").0);
}
