//! The lists that candidates take from files: TREC runs, read and fused.

use super::Plan;
use crate::config::{Experiment, FieldPath, Problem, YamlSource};
use crate::path;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use swath_algorithms::candidates::{AnyCandidates as _, Lists, Run};
use swath_datasets::trec_run::{RunLists, RunReader};
use swath_datasets::{Dataset, bounded};

/// The runs of an experiment.
#[derive(Clone, Debug, Default)]
pub struct ListedRuns {
    /// SHA-256 of each file, by its path as the experiment has it.
    pub sha256: BTreeMap<String, String>,
    /// By build key the list of each query of the dataset, no longer than the largest pool that is taken from it.
    lists: BTreeMap<String, RunLists>,
    /// What was left out.
    notes: Vec<String>,
}

/// The runs that retrievers take their candidates from, each with the retriever's index.
pub fn listed(experiment: &Experiment) -> impl Iterator<Item = (usize, &Run)> {
    let points = experiment.retrievers.iter().enumerate().flat_map(|(i, grid)| grid.0.iter().map(move |r| (i, r)));
    points.filter_map(|(i, retriever)| Some((i, retriever.candidates.listed()?)))
}

/// Where a retriever names a file.
fn at(retriever: usize, run: &Run, file: &str) -> FieldPath {
    if run.file.is_some() {
        path!["retrievers", retriever, "candidates", "run", "file"]
    } else {
        path!["retrievers", retriever, "candidates", "run", "files", file]
    }
}

/// A file, which is named as seen from the experiment's folder.
fn beside(source: &YamlSource, file: &str) -> PathBuf {
    source.path().parent().unwrap_or(Path::new("")).join(file)
}

/// The first `pool` of each list.
fn cut(mut lists: RunLists, pool: usize) -> RunLists {
    for list in &mut lists {
        list.truncate(pool);
        list.shrink_to_fit();
    }
    lists
}

/// Bytes of lists in memory.
fn bytes(lists: &RunLists) -> u64 {
    lists.iter().map(|list| size_of_val(&list[..]) as u64).sum()
}

/// The files, for a sentence.
fn named(run: &Run) -> String {
    run.files().map(|(file, _)| file).collect::<Vec<_>>().join(" and ")
}

/// Finds files that cannot be opened. Reading the dataset may take long: they are told before.
pub(super) fn check_files(experiment: &Experiment, source: &YamlSource) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for (i, run) in listed(experiment) {
        for (file, _) in run.files() {
            let path = beside(source, file);
            if let Err(error) = bounded::open(&path) {
                let problem = Problem::new(at(i, run, file), format!("cannot read {}: {error}", path.display()));
                let problem = problem.help("give the path of a TREC run, seen from the folder of this file");
                // Points of a grid name the same file.
                problems.extend((!problems.contains(&problem)).then_some(problem));
            }
        }
    }
    problems
}

impl ListedRuns {
    /// These, with the SHA-256 of all files of the run, those that were not read among them.
    #[must_use]
    pub fn with_known(self, sha256: BTreeMap<String, String>) -> Self {
        Self { sha256, ..self }
    }

    /// Reads and fuses the runs of an experiment, or only that with the build key `only`. All lists together take at most `memory`
    /// bytes.
    ///
    /// # Errors
    /// The first file that is wrong.
    pub fn read(
        experiment: &Experiment,
        source: &YamlSource,
        dataset: &Dataset,
        memory: u64,
        only: Option<&str>,
    ) -> Result<Self, Vec<Problem>> {
        let mut found = Self::default();
        let wanted = |run: &Run| only.is_none_or(|key| key == run.build_key());
        let runs: Vec<(usize, &Run)> = listed(experiment).filter(|(_, run)| wanted(run)).collect();
        if runs.is_empty() {
            return Ok(found);
        }
        let mut pools: BTreeMap<String, usize> = BTreeMap::new();
        for (_, run) in &runs {
            let pool = pools.entry(run.build_key()).or_default();
            *pool = run.pool.size().max(*pool);
        }
        let fused = runs.iter().filter(|(_, run)| run.fused().is_some()).flat_map(|(_, run)| run.files());
        let fused: BTreeSet<&str> = fused.map(|(file, _)| file).collect();
        let reader = RunReader::new(dataset);
        // What is fused stays whole until then: the last of a list counts, too.
        let mut whole: BTreeMap<&str, RunLists> = BTreeMap::new();
        let mut left = memory;
        for &(i, run) in &runs {
            for (file, _) in run.files() {
                if found.sha256.contains_key(file) {
                    continue;
                }
                let before = left;
                let one = reader.read(&beside(source, file), &mut left, &mut found.notes);
                let one = one.map_err(|error| vec![Problem::new(at(i, run, file), error.to_string())])?;
                found.sha256.insert(file.to_owned(), one.sha256);
                if fused.contains(file) {
                    whole.insert(file, one.lists);
                } else {
                    let key = run.build_key();
                    let lists = cut(one.lists, pools[&key]);
                    left = before.saturating_sub(bytes(&lists));
                    found.lists.insert(key, lists);
                }
            }
        }
        for (_, run) in runs {
            let key = run.build_key();
            if found.lists.contains_key(&key) {
                continue;
            }
            let mut files: Vec<(&str, f64)> = run.files().collect();
            // As a trial's id, sums follow what is in the files, and not what these are called: their order decides rounding.
            files.sort_by(|a, b| found.sha256[a.0].cmp(&found.sha256[b.0]).then(a.1.total_cmp(&b.1)));
            let lists = match (run.fused(), &files[..]) {
                (Some(fuse), _) => {
                    let runs: Vec<_> = files.iter().map(|&(file, weight)| (&whole[file], weight)).collect();
                    reader.fuse(&runs, fuse, pools[&key])
                }
                (None, [(one, _), ..]) => cut(whole[one].clone(), pools[&key]),
                // It names no file, which the plan refuses.
                (None, []) => continue,
            };
            found.lists.insert(key, lists);
        }
        Ok(found)
    }

    /// Checks that each query that is asked has a list, and adds notes: on what was left out, and on lists that are shorter than the
    /// pool.
    ///
    /// # Errors
    /// A problem for each run that has no list for some query.
    pub(super) fn check(&self, plan: &Plan, dataset: &Dataset, notes: &mut Vec<String>) -> Result<(), Vec<Problem>> {
        notes.extend(self.notes.iter().cloned());
        let (asked, mut problems) = (plan.queries.len(), Vec::new());
        let reader = || dataset.test_labels.row_ids(dataset.test.len());
        for (i, run) in listed(&plan.experiment) {
            let Some(lists) = self.lists.get(&run.build_key()) else { continue };
            let (files, pool) = (named(run), run.pool.size());
            let shorter = |than: usize| {
                let mut short = plan.queries.iter().filter(move |&&query| lists[query].len() < than);
                short.next().map(|&query| (query, 1 + short.count()))
            };
            if let Some((query, count)) = shorter(1) {
                let message = format!(
                    "{count} of {asked} queries have no document of the dataset in {files}, such as query `{}`",
                    reader().of(query)
                );
                let problem = Problem::new(path!["retrievers", i, "candidates", "run"], message);
                let problem = problem.help("add their lists to the file, or use a dataset without these queries");
                problems.extend((!problems.contains(&problem)).then_some(problem));
            } else if let Some((query, count)) = shorter(pool) {
                let note = format!(
                    "{count} of {asked} queries have fewer than {pool} documents in {files}, such as query `{}` with {}: their \
                     pools are smaller",
                    reader().of(query),
                    lists[query].len()
                );
                notes.extend((!notes.contains(&note)).then_some(note));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// By build key the lists of these queries, in their order.
    pub(super) fn of_queries(&self, queries: &[usize]) -> BTreeMap<String, Lists> {
        let of = |lists: &RunLists| Lists::new(queries.iter().map(|&query| lists[query].clone()));
        self.lists.iter().map(|(key, lists)| (key.clone(), of(lists))).collect()
    }

    /// What differs from the files that had these SHA-256 when the run began.
    pub fn changed(&self, known: &BTreeMap<String, String>) -> Option<String> {
        known.iter().find_map(|(file, then)| {
            let now = self.sha256.get(file)?;
            let said =
                format!("the run {file} has changed since the run began (SHA-256 {then:.12} then, {now:.12} now)");
            (now != then).then_some(said)
        })
    }
}
