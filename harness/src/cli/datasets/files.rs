//! The options that name the files of a dataset, one by one.

use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use swath::config::Failure;
use swath_algorithms::Distance;
use swath_algorithms::params::Count;
use swath_datasets::FileSet;
use swath_datasets::files::{GroupFiles, Part, Parts};

// No doc comment: clap would take it for the help of the command.
#[derive(Args)]
pub struct FileOptions {
    /// Base vectors: npy, npz, fbin, fvecs, CSR, CSV, Parquet, safetensors or a FAISS flat index; FILE#NAME takes one of several
    /// arrays or columns; files of an option that is given several times are read one after another
    #[arg(long, value_name = "FILE", requires_all = ["queries", "distance"])]
    vectors: Vec<PathBuf>,
    /// Queries, in the same formats
    #[arg(long, value_name = "FILE", requires = "vectors")]
    queries: Vec<PathBuf>,
    /// The distance: euclidean, angular, ip, hamming or jaccard
    #[arg(long, value_parser = distance, requires = "vectors")]
    distance: Option<Distance>,
    /// Bits of a row where eight are packed into a byte, or the number that members of sets are below
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..), requires = "vectors")]
    dimension: Option<u32>,
    /// True neighbours, as ibin or ivecs; computed, if left out
    #[arg(long, value_name = "FILE", requires = "vectors")]
    neighbors: Option<PathBuf>,
    /// Ids of base vectors, by which the other files name them
    #[arg(long, value_name = "FILE", requires = "vectors")]
    ids: Vec<PathBuf>,
    /// Ids of queries
    #[arg(long, value_name = "FILE", requires = "vectors")]
    query_ids: Vec<PathBuf>,
    /// Names to show for base vectors
    #[arg(long, value_name = "FILE", requires = "vectors")]
    names: Vec<PathBuf>,
    /// Names to show for queries
    #[arg(long, value_name = "FILE", requires = "vectors")]
    query_names: Vec<PathBuf>,
    /// Documents that base vectors stand for
    #[arg(long, value_name = "FILE", requires = "vectors")]
    texts: Vec<PathBuf>,
    /// Questions that queries stand for
    #[arg(long, value_name = "FILE", requires = "vectors")]
    query_texts: Vec<PathBuf>,
    /// Judgements of relevance: TREC's qrels, BEIR's TSV, CSV or Parquet
    #[arg(long, value_name = "FILE", requires = "vectors")]
    qrels: Option<PathBuf>,
    /// Subtopics: TREC's diversity qrels, or nuggets as JSON
    #[arg(long, value_name = "FILE", requires = "vectors")]
    subtopics: Option<PathBuf>,
    /// Sub-queries: rows of the number of a query, from 0, and a vector, in the formats of vectors
    #[arg(long, value_name = "FILE", requires = "vectors")]
    aspects: Option<PathBuf>,
    /// Links: CSV with source,target and optionally relation
    #[arg(long, value_name = "FILE", requires = "vectors")]
    links: Option<PathBuf>,
    /// Groups: CSV with item,group; or KIND=FILE, once for each kind of groups
    #[arg(long, value_name = "FILE", requires = "vectors")]
    groups: Vec<PathBuf>,
}

/// A distance by any of its names.
pub fn distance(name: &str) -> Result<Distance, String> {
    let known = || Distance::ALL.map(Distance::name).join(", ");
    Distance::from_any_name(name).ok_or_else(|| format!("there is no such distance; it is one of {}", known()))
}

/// A file, or `FILE#NAME` for one of its arrays or columns.
fn part(path: &Path) -> Part {
    let whole = Part::from(path.to_owned());
    if path.exists() {
        return whole;
    }
    match path.to_str().and_then(|text| text.rsplit_once('#')) {
        Some((file, name)) if !file.is_empty() => Part { file: file.into(), part: Some(name.to_owned()) },
        _ => whole,
    }
}

/// Files, or parts of them.
pub fn parts(paths: &[PathBuf]) -> Parts {
    Parts(paths.iter().map(|path| part(path)).collect())
}

impl FileOptions {
    /// The files; `None` if none are named.
    ///
    /// # Errors
    /// [`Failure::Input`] if kinds of groups are named wrongly.
    pub fn files(self) -> Result<Option<FileSet>, Failure> {
        let Some(distance) = self.distance.filter(|_| !self.vectors.is_empty()) else { return Ok(None) };
        let several = |paths: &[PathBuf]| (!paths.is_empty()).then(|| parts(paths));
        let one = |path: &Option<PathBuf>| path.as_deref().map(part);
        Ok(Some(FileSet {
            vectors: parts(&self.vectors),
            queries: parts(&self.queries),
            distance,
            dimension: self.dimension.and_then(|dimension| Count::new(dimension).ok()),
            neighbors: one(&self.neighbors),
            ids: several(&self.ids),
            query_ids: several(&self.query_ids),
            names: several(&self.names),
            query_names: several(&self.query_names),
            texts: several(&self.texts),
            query_texts: several(&self.query_texts),
            qrels: one(&self.qrels),
            subtopics: one(&self.subtopics),
            aspects: one(&self.aspects),
            links: one(&self.links),
            groups: groups(&self.groups)?,
        }))
    }
}

/// One file, or one for each kind.
fn groups(paths: &[PathBuf]) -> Result<Option<GroupFiles>, Failure> {
    let kind = |path: &PathBuf| {
        let (kind, file) = path.to_str().filter(|_| !path.exists()).and_then(|text| text.split_once('='))?;
        Some((kind.to_owned(), part(Path::new(file))))
    };
    match paths {
        [] => Ok(None),
        [one] if kind(one).is_none() => Ok(Some(GroupFiles::One(part(one)))),
        several => {
            let Some(named) = several.iter().map(kind).collect::<Option<Vec<_>>>() else {
                let message = "--groups: with several files name the kind of each, as in seller=sellers.csv";
                return Err(Failure::Input(message.into()));
            };
            let mut kinds = BTreeMap::new();
            for (kind, part) in named {
                if let Some(before) = kinds.insert(kind.clone(), part) {
                    let [kind, file] = [kind, before.file.to_string_lossy().into_owned()];
                    let message = format!("--groups: the kind `{kind}` is named twice, first with {file}");
                    return Err(Failure::Input(message + "\n  give each file a kind of its own"));
                }
            }
            Ok(Some(GroupFiles::Several(kinds)))
        }
    }
}
