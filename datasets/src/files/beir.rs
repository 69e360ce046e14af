//! A folder of BEIR: `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`, or the same as Parquet, with vectors in files of their own.
//!
//! Row i of the vectors belongs to document i of the corpus, and so for queries. Only the queries that the split judges are kept.

use super::Parts;
use super::points::{PointFiles, layout};
use super::qrels::{Finders, read as read_qrels};
use super::read::add_judgements;
use crate::Dataset;
use crate::check::{self, Flaw};
use crate::format::DatasetError;
use crate::ground_truth;
use crate::scratch::Capacity;
use crate::text_file;
use crate::texts::Labels;
use std::path::{Path, PathBuf};
use swath_algorithms::{Base, Distance};

/// What is imported.
#[derive(Clone, Debug)]
pub struct Beir {
    /// The folder.
    pub folder: PathBuf,
    /// The part of the judgements: `test`, `dev` or `train`.
    pub split: String,
    /// Vectors of the corpus.
    pub corpus_vectors: Parts,
    /// Vectors of the queries: of all in the folder, or of those that the split judges, in their order.
    pub query_vectors: Parts,
    /// The distance.
    pub distance: Distance,
    /// True neighbours that are computed for each query.
    pub neighbors: usize,
}

/// Endings of the files, in the order in which they are looked for.
const TEXTS: [&str; 2] = ["jsonl", "parquet"];
const JUDGEMENTS: [&str; 3] = ["tsv", "parquet", "txt"];

/// Names of the ids of documents and queries.
const ID: [&str; 2] = ["_id", "id"];

fn invalid(path: &Path, at: &str, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
    DatasetError::Invalid { path: path.to_owned(), flaw: Flaw::new(at, found, expected) }
}

impl Beir {
    /// Reads the folder and the vectors.
    ///
    /// # Errors
    /// What is missing or wrong, and where.
    pub fn read(&self, capacity: &Capacity) -> Result<Dataset, DatasetError> {
        let memory = capacity.memory;
        if !self.folder.is_dir() {
            let found = if self.folder.exists() { "it is no folder" } else { "it does not exist" };
            let expected = "a folder with the corpus, the queries and the judgements, as BEIR has them";
            return Err(invalid(&self.folder, "the folder", found, expected));
        }
        let corpus = self.documents("corpus", memory)?;
        let queries = self.documents("queries", memory)?;
        let qrels = self.find(&format!("qrels/{}", self.split), &format!("qrels-{}", self.split), &JUDGEMENTS)?;
        let train = PointFiles::open("corpus vectors", &self.corpus_vectors)?;
        let test = PointFiles::open("query vectors", &self.query_vectors)?;
        let mut notes = [train.notes(), test.notes()].concat();
        let (count, all) = (corpus.len(), queries.len());
        if train.rows != count {
            let expected = format!("{count}, one for each document of the corpus, in the same order");
            return Err(invalid(
                train.path(),
                "the vectors of the corpus",
                format!("there are {}", train.rows),
                expected,
            ));
        }
        let (item_ids, query_ids) = (corpus.row_ids(count), queries.row_ids(all));
        let (items, by_query) = (item_ids.finder(), query_ids.finder());
        let finders = Finders { queries: &by_query, items: &items };
        let mut judged_rows = read_qrels(&qrels, memory, finders, false, &mut notes)?;
        let mut judged: Vec<usize> = judged_rows.qrels.iter().map(|row| row[0] as usize).collect();
        judged.dedup();
        if test.rows != all && test.rows != judged.len() {
            let expected = format!(
                "{all}, one for each query of the folder, or {}, one for each that {} judges, in the order of the queries",
                judged.len(),
                qrels.display()
            );
            return Err(invalid(test.path(), "the vectors of queries", format!("there are {}", test.rows), expected));
        }
        let (layout, dim) = layout(self.distance, None, [&train, &test], &mut notes)?;
        let space = capacity.space_for((train.rows as u64 + test.rows as u64) * dim as u64 * 4);
        let base_points = train.read(layout, dim, &space, &mut notes)?;
        let points = test.read(layout, dim, &space, &mut notes)?;
        // Of all queries those that are judged; their rows are then counted anew.
        let asked_points = if test.rows == all && judged.len() < all { points.gather(&judged) } else { points };
        if judged.len() < all {
            let kept = if judged.len() == 1 { "is judged in" } else { "are judged in" };
            notes.push(format!("{} of {all} queries {kept} {}: the others are left out", judged.len(), self.split));
        }
        let row_of = |query: u32| judged.partition_point(|&row| row < query as usize) as u32;
        let renumber = |rows: &mut Vec<[u32; 3]>| rows.iter_mut().for_each(|row| row[0] = row_of(row[0]));
        renumber(&mut judged_rows.qrels);
        judged_rows.subtopics.as_mut().map(renumber);
        let base = Base::new(base_points.clone(), self.distance).with_copies_in(space);
        let neighbors = ground_truth::compute(&base, &asked_points, self.neighbors);
        let test_labels = queries.gather(&judged);
        let mut dataset = Dataset::of_points(base_points, asked_points, self.distance, neighbors);
        (dataset.train_labels, dataset.test_labels) = (corpus, test_labels);
        add_judgements(&mut dataset, judged_rows);
        dataset.notes = notes;
        dataset.check().map_err(|flaw| DatasetError::Invalid { path: self.folder.clone(), flaw })?;
        Ok(dataset)
    }

    /// The ids, titles and texts of the corpus or of queries.
    fn documents(&self, what: &str, memory: u64) -> Result<Labels, DatasetError> {
        let path = self.find(what, what, &TEXTS)?;
        let columns = text_file::columns(&path)?;
        // The error of the usual name says which columns there are.
        let id = ID.into_iter().find(|id| columns.iter().any(|column| column == id)).unwrap_or(ID[0]);
        let ids = text_file::texts(&path, Some(id), memory)?;
        check::each_once(&format!("`{what}`"), ids.iter())
            .map_err(|flaw| DatasetError::Invalid { path: path.clone(), flaw })?;
        // Titles may be left out, all or some: of lines of JSON only reading all tells.
        let may_have_titles = !text_file::is_parquet(&path)? || columns.iter().any(|column| column == "title");
        let titles = may_have_titles.then(|| text_file::texts_or_empty(&path, Some("title"), memory)).transpose()?;
        let names = titles.filter(|titles| titles.iter().any(|title| !title.is_empty()));
        let texts = text_file::texts(&path, Some("text"), memory)?;
        Ok(Labels { ids: Some(ids), names, texts: Some(texts) })
    }

    /// The file of a part: `NAME.ending`, or the only one with this ending in a folder of the name, or whose name begins so.
    fn find(&self, name: &str, begins: &str, endings: &[&str]) -> Result<PathBuf, DatasetError> {
        let mut tried = Vec::new();
        for ending in endings {
            let plain = self.folder.join(format!("{name}.{ending}"));
            if plain.is_file() {
                return Ok(plain);
            }
            tried.push(format!("{name}.{ending}"));
            let folder = self.folder.join(name);
            let mut found: Vec<PathBuf> = [(&folder, ""), (&self.folder, begins)]
                .into_iter()
                .flat_map(|(folder, begins)| files(folder, begins, ending))
                .collect();
            // Hubs name the part of a set: qrels/test-00000-of-00001.parquet.
            if let Some((folder, split)) = name.split_once('/') {
                found.extend(files(&self.folder.join(folder), split, ending));
            }
            found.sort();
            found.dedup();
            match found.as_slice() {
                [] => {}
                [only] => return Ok(only.clone()),
                several => {
                    let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
                    return Err(invalid(
                        &self.folder,
                        name,
                        format!("there are several files: {}", names.join(", ")),
                        "one file",
                    ));
                }
            }
        }
        let expected = format!("{}, as BEIR's folders have them", tried.join(" or "));
        Err(invalid(&self.folder, name, "the folder has no such file", expected))
    }
}

/// The files of a folder whose names begin and end so.
fn files(folder: &Path, begins: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.extension().is_some_and(|found| found == ending) && name.starts_with(begins) && path.is_file()
    };
    entries.filter(is_wanted).collect()
}
