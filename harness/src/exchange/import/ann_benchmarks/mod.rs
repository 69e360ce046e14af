//! Imports results of ann-benchmarks or VIBE, and results that swath exported.
//!
//! Damaged files are left out and named; the others are read.
//!
//! Only the returned ids and the times are taken from the files. Distances and metrics are recomputed from the dataset's vectors,
//! as for any run. Facts that such results do not have (pools, evaluations, the machine) stay unknown.

mod judge;
mod locate;
mod place;
mod stored;
mod tally;

use super::{Imported, Importer, Refusal, Wanted};
use crate::config::{Failure, ReportSpec};
use crate::findings::diagnostics::diagnose;
use crate::plan::LoadedDataset;
use crate::record::excerpt::{self, Answers, Excerpt};
use crate::record::manifest::{DatasetRecord, Manifest, TrialRecord};
use crate::record::output_folder::{self, FolderKind, OutputFolder};
use crate::record::results::{self, ResultsError, TrialHeader};
use crate::record::{ExperimentRecord, Machine, Mode, folder};
use crate::report::from_files::report_into;
use crate::run::experiment::remove_other_trials;
use crate::{clock, report};
use judge::Judge;
use locate::{RESULTS, dataset, locate};
use place::{Listed, OneMode, Place, list, nothing};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use stored::StoredResult;
use swath_algorithms::Base;
use swath_datasets::{Dataset, ground_truth};
use tally::Tally;

/// The importer.
pub struct AnnBenchmarks;

impl Importer for AnnBenchmarks {
    fn recognises(&self, folder: &Path) -> bool {
        folder.join(RESULTS).is_dir()
    }

    fn expects(&self) -> &'static str {
        "folder `results`, which results of ann-benchmarks are stored in"
    }

    fn advice(&self) -> &'static str {
        "give the folder that contains `results` and, if it exists, `data`"
    }

    fn import(&self, wanted: &Wanted<'_>, data_folders: &[PathBuf], memory: u64) -> Result<Imported, Refusal> {
        let started = clock::timestamp();
        let (folder, k) = locate(wanted)?;
        let name = format!("{}-{k}-imported", wanted.dataset);
        let out = wanted.out.map_or_else(|| Path::new("reports").join(&name), Path::to_owned);
        only_new(&out, wanted.fresh)?;
        let (found, named) = dataset(wanted, data_folders, memory)?;
        let rows = found.dataset.train.len();
        if k > rows {
            let message = format!(
                "{}: the results have {k} ids per query, but the dataset has only {rows} vectors",
                folder.display()
            );
            return Err(Failure::Input(message).into());
        }
        let base = Base::new(found.dataset.train.clone(), found.dataset.distance);
        let Listed { places, mut odd, links } = list(&folder)?;
        let OneMode { places, mode, note } = OneMode::choose(places, wanted.batch, &folder, &odd)?;
        let judge = Judge::new(&base, &found.dataset, k);
        // Each result is read twice: first to find errors before anything is written, then to be written. All results together
        // may not fit into memory.
        let read = |place: &Place| StoredResult::read(&folder, place, mode, &found.dataset, k);
        let sound = sound(&folder, places, read, &mut odd)?;

        let out = OutputFolder::open(&out, &[FolderKind::Import]).map_err(Failure::from)?;
        out.tidy();
        let names = [folder::MANIFEST, excerpt::FILE].into_iter().chain(report::FILES).map(str::to_owned);
        out.refuse(|_| true, &names.collect::<Vec<_>>()).map_err(Failure::from)?;
        let mut tally = Tally::default();
        let mut trials = Vec::new();
        let results = sound.len();
        for (place, point) in sound {
            let mut stored = read(&place)?;
            stored.point = point;
            tally.add(&stored, &judge);
            trials.push(write(&out, &stored, &judge, wanted.dataset, &found.sha256, mode)?);
        }

        let mut notes = vec![format!(
            "imported from {} (results: {results}); they were timed elsewhere, on an unknown machine with an unknown \
             number of threads; queries per second are those of the best repeat, the only one in such results; the whole \
             time of a query is shown as time of its candidates; evaluations were not counted",
            folder.display()
        )];
        notes.extend(note);
        notes.extend((!odd.is_empty()).then(|| format!("results left out because they cannot be read: {}", odd.len())));
        notes.extend((links > 0).then(|| format!("links to folders that were not followed: {links}")));
        notes.extend(judge.notes.clone());
        notes.extend(tally.notes(k));
        notes.extend(ground_truth::examine(&found.dataset));
        let source = Source { folder: &folder, name, named, started, runs: tally.runs };
        let manifest = manifest(wanted, source, &found, &judge, mode, trials, notes)?;
        results::write_manifest(&out, &manifest).map_err(Failure::from)?;
        remove_other_trials(&out, &manifest);
        excerpt(&out, &found.dataset, k)?;
        let (summary, manifest, _) = report_into(&out, None)?;
        out.settle();
        Ok(Imported { folder: out.path().to_owned(), left_out: odd, summary, manifest })
    }
}

/// The source of an import.
struct Source<'a> {
    /// The folder of results.
    folder: &'a Path,
    /// The name of the run.
    name: String,
    /// The name or path by which an experiment would refer to the dataset.
    named: String,
    /// When the import began.
    started: String,
    /// Timed repeats, if all results have the same number.
    runs: Option<i64>,
}

/// The manifest of an import. Most facts about the machine and the program are unknown.
fn manifest(
    wanted: &Wanted<'_>,
    source: Source<'_>,
    found: &LoadedDataset,
    judge: &Judge<'_>,
    mode: Mode,
    trials: Vec<TrialRecord>,
    notes: Vec<String>,
) -> Result<Manifest, Failure> {
    let dataset = &found.dataset;
    let unknown = || "unknown".to_owned();
    Ok(Manifest {
        swath: env!("CARGO_PKG_VERSION").into(),
        revision: env!("SWATH_REVISION").into(),
        rustc: env!("SWATH_RUSTC").into(),
        started: source.started,
        config_path: None,
        config_from_here: None,
        resumed: Vec::new(),
        finished: clock::timestamp(),
        experiment: ExperimentRecord::new(&json!({
            "name": source.name,
            "dataset": source.named,
            "k": judge.k,
            "queries": null,
            "seed": 0,
            "mode": mode,
            "threads": "unknown",
            "repeats": source.runs.map_or_else(|| "unknown".into(), |runs| runs.to_string()),
            "imported": source.folder.display().to_string(),
        }))
        .map_err(|error| Failure::Run(format!("the manifest cannot be written: {error}")))?,
        config: format!("# no experiment of swath, but: {}\n", (wanted.command)(judge.k, mode)),
        dataset: DatasetRecord {
            name: wanted.dataset.to_owned(),
            sha256: found.sha256.clone(),
            distance: dataset.distance.name().into(),
            rows: dataset.train.len(),
            queries: dataset.test.len(),
            dim: dataset.train.dim(),
            neighbors: dataset.neighbors.count,
            links: dataset.links.as_ref().map(|links| links.edges.len()),
            subtopics: dataset.subtopics.is_some(),
            history: dataset.history.clone(),
            sparse: matches!(dataset.train, swath_algorithms::Points::Sparse(_)),
        },
        lists: BTreeMap::new(),
        machine: Machine { cpu: "unknown (imported)".into(), cores: 0, memory: 0, os: unknown(), arch: unknown() },
        graphs: Vec::new(),
        trials,
        metrics: judge.metrics.iter().map(|metric| metric.name().to_owned()).collect(),
        coarse: judge.coarse.clone(),
        diagnosis: Some(diagnose(judge.base, &dataset.test, 0, false)),
        untimed: [0.0; 2],
        seconds: None,
        notes,
    })
}

/// Writes the single queries that the report shows, as a run does.
fn excerpt(out: &OutputFolder, dataset: &Dataset, k: usize) -> Result<(), Failure> {
    let (_, results) = results::read(out.path())?;
    let returned: Vec<&[i32]> = results.trials.iter().map(|trial| trial.returned.as_slice()).collect();
    let queries: Vec<usize> = (0..dataset.test.len()).collect();
    let count = ReportSpec::default().queries as usize;
    let answers = Answers { queries: &queries, seed: 0, k, returned: &returned };
    let excerpt = Excerpt::new(dataset, answers, count, |_| false);
    Ok(excerpt.write(out)?)
}

/// Keeps the results that can be read, each with a point that is unique for its retriever. Adds the errors of the others to
/// `odd`.
fn sound(
    folder: &Path,
    places: Vec<Place>,
    read: impl Fn(&Place) -> Result<StoredResult, Failure>,
    odd: &mut Vec<String>,
) -> Result<Vec<(Place, String)>, Failure> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut sound = Vec::new();
    for place in places {
        let stored = match read(&place) {
            Ok(stored) => stored,
            Err(what) => {
                odd.push(what.to_string());
                continue;
            }
        };
        let seen = names.entry(crate::record::label(&stored.retriever, &stored.point)).or_default();
        *seen += 1;
        let again = if *seen > 1 { place.name() } else { String::new() };
        let point = [stored.point, again].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        sound.push((place, point));
    }
    if sound.is_empty() { Err(nothing(folder, odd)) } else { Ok(sound) }
}

/// Writes a result as a trial.
fn write(
    out: &OutputFolder,
    stored: &StoredResult,
    judge: &Judge<'_>,
    dataset: &str,
    sha256: &str,
    mode: Mode,
) -> Result<TrialRecord, Failure> {
    let id = stored.id(sha256, judge.k);
    let header = TrialHeader {
        id: &id,
        retriever: &stored.retriever,
        algo: &stored.retriever,
        point: &stored.point,
        params: &stored.params,
        dataset,
        distance: judge.dataset.distance.name(),
        k: judge.k,
        mode,
        query_ids: &(0..judge.dataset.test.len()).collect::<Vec<_>>(),
        metrics: &judge.metrics,
        best_search_seconds: stored.best,
        rows: judge.dataset.train.len(),
        within: &judge.within,
    };
    let outcome = judge.outcome(stored, mode);
    let written: Result<(), ResultsError> =
        out.write_by(&folder::trial_name(&id), |path| results::write_outcome(path, &header, &outcome));
    written?;
    Ok(TrialRecord { trial: id, retriever: stored.retriever.clone(), point: stored.point.clone(), failed: None })
}

/// Checks that an import can be written to a folder. An earlier import there may be replaced only if `fresh` is set.
fn only_new(out: &Path, fresh: bool) -> Result<(), Refusal> {
    output_folder::check(out, &[FolderKind::Import]).map_err(Failure::from)?;
    if fresh || !out.join(folder::MANIFEST).exists() {
        return Ok(());
    }
    Err(Refusal::AlreadyThere(out.to_owned()))
}
