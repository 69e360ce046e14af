//! A run of TREC for each trial, with the judgements that it is measured by: for trec_eval, ir_measures, ranx and pyterrier.
//!
//! Those programs sort a query's results by score and do not look at ranks. So scores are whole numbers that fall by 1 from rank to
//! rank: similarities would undo the order of a selector that diversifies.

use super::{Example, Exported, Exporter, FinishedRun, Written};
use crate::config::Failure;
use crate::escape;
use crate::record::output_folder::{self, FolderKind, OutputFolder};
use crate::record::results::TrialResult;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use swath_datasets::texts::RowIds;
use swath_datasets::{Dataset, Subtopics};

/// The file of judgements.
const QRELS: &str = "qrels.txt";

/// The file of judgements of subtopics.
const DIVERSITY: &str = "diversity-qrels.txt";

/// The exporter.
pub struct Trec;

impl Exporter for Trec {
    fn name(&self) -> &'static str {
        "trec"
    }

    fn about(&self) -> &'static str {
        "Write a TREC run for each trial into DIR/runs, and the dataset's judgements and subtopics as TREC's qrels into DIR"
    }

    fn example(&self) -> Example {
        Example { folder: "trec", holds: "trec/runs, and trec/qrels.txt for trec_eval" }
    }

    fn export(
        &self,
        run: &FinishedRun,
        target: &Path,
        data_folders: &[PathBuf],
        memory: u64,
    ) -> Result<Exported, Failure> {
        let asked = run.asked()?;
        output_folder::check(target, &[FolderKind::Export])?;
        let dataset = run.dataset(data_folders, memory)?.found.dataset;
        let mut notes = Vec::new();
        let ids = Ids::new(&dataset, &mut notes);
        let names = names(&run.results.trials);
        let mut files: Vec<(String, String)> = Vec::new();
        for (trial, name) in run.results.trials.iter().zip(&names) {
            files.push((format!("runs/{name}.txt"), run_of(trial, name, asked, &ids)));
        }
        let judged =
            [(QRELS, &dataset.qrels, "judgements"), (DIVERSITY, &dataset.subtopics, "judgements of subtopics")];
        let mut written = vec![Written { what: format!("{} runs", files.len()), path: target.join("runs") }];
        for (name, pairs, what) in judged {
            if let Some(pairs) = pairs {
                files.push((name.to_owned(), qrels(pairs, asked, &ids, name == DIVERSITY)));
                written.push(Written { what: what.to_owned(), path: target.join(name) });
            }
        }
        if asked.len() < dataset.test.len() {
            notes.push(format!("the files hold the {} queries of the run, of {}", asked.len(), dataset.test.len()));
        }
        let out = OutputFolder::open(target, &[FolderKind::Export])?;
        out.tidy();
        let all: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
        out.refuse(|name| all.iter().any(|other| other == name), &all)?;
        let files: Vec<(String, &[u8])> = files.iter().map(|(name, text)| (name.clone(), text.as_bytes())).collect();
        out.write_together(&files)?;
        out.settle();
        let first = escape::shell(target.join(&all[0]).as_os_str());
        let next = dataset.qrels.as_ref().map(|_| {
            let qrels = escape::shell(target.join(QRELS).as_os_str());
            format!("measure one with ir_measures: ir_measures {qrels} {first} nDCG@10 R@10 AP@10")
        });
        Ok(Exported { written, next, notes })
    }
}

/// What the files call queries and base vectors.
struct Ids<'a> {
    queries: RowIds<'a>,
    items: RowIds<'a>,
}

impl<'a> Ids<'a> {
    /// The dataset's, as far as a format between spaces can hold them; otherwise the numbers of rows, with a note.
    fn new(dataset: &'a Dataset, notes: &mut Vec<String>) -> Self {
        let mut plain = |ids: RowIds<'a>, rows: usize, what: &str| {
            let is_odd = |id: &Cow<'_, str>| id.is_empty() || id.contains(char::is_whitespace);
            let Some(odd) = (0..rows).map(|row| ids.of(row)).find(is_odd) else { return ids };
            notes.push(format!(
                "{what} are called by their rows, from 0: the id `{}` has a space, which TREC's files cannot hold",
                escape::terminal(&odd)
            ));
            RowIds::numbers(rows)
        };
        let (n, m) = (dataset.train.len(), dataset.test.len());
        let queries = plain(dataset.test_labels.row_ids(m), m, "queries");
        Self { queries, items: plain(dataset.train_labels.row_ids(n), n, "base vectors") }
    }
}

/// The names of the files of trials: retriever and point, without what a file's name may not hold; each once.
fn names(trials: &[TrialResult]) -> Vec<String> {
    /// Characters of a name.
    const LONGEST: usize = 120;
    let mut taken = BTreeSet::new();
    let name = |trial: &TrialResult| {
        let label = format!("{} {}", trial.plain_name(), trial.point);
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.=".contains(c) { c } else { '-' };
        let plain: String = label.trim().chars().map(plain).take(LONGEST).collect();
        // Two labels may look alike on a disk that does not tell upper from lower case.
        if taken.insert(plain.to_lowercase()) { plain } else { format!("{plain}-{}", trial.id) }
    };
    trials.iter().map(name).collect()
}

/// `topic Q0 document rank score tag`, a line for each result. The tag is the name of the file.
fn run_of(trial: &TrialResult, name: &str, asked: &[usize], ids: &Ids<'_>) -> String {
    let mut text = String::new();
    for (position, &query) in asked.iter().enumerate() {
        let topic = ids.queries.of(query);
        for (i, item) in trial.answer(position).enumerate() {
            let document = ids.items.of(item as usize);
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{topic} Q0 {document} {} {} {}", i + 1, trial.k - i, name);
        }
    }
    text
}

/// `topic iteration document grade`: with the grade of each item, or with each subtopic that it covers as the iteration.
fn qrels(pairs: &Subtopics, asked: &[usize], ids: &Ids<'_>, are_subtopics: bool) -> String {
    let mut text = String::new();
    for &query in asked {
        let topic = ids.queries.of(query);
        for &(item, number) in pairs.of(query) {
            let document = ids.items.of(item as usize);
            let [iteration, grade] = if are_subtopics { [number, 1] } else { [0, number] };
            let _ = writeln!(text, "{topic} {iteration} {document} {grade}");
        }
    }
    text
}
