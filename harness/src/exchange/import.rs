//! Results of ann-benchmarks, its own or exported ones, or of VIBE, as a run that can be reported.
//!
//! A file that cannot be read, or is not as it should be, is left out and named; the others are read.
//!
//! Only the returned ids and the times are believed: distances and metrics are computed anew from the dataset's vectors,
//! as for any run. What such results do not say (pools, evaluations, the machine) stays unsaid.

use super::is_plain;
use crate::clock;
use crate::config::Failure;
use crate::config::ReportSpec;
use crate::escape;
use crate::findings::diagnostics::diagnose;
use crate::findings::summary::Summary;
use crate::metrics::truth::Truth;
use crate::metrics::{Asked, MetricName, MetricSetting, Seen};
use crate::plan::{LoadedDataset, missing_dataset};
use crate::record::ExperimentRecord;
use crate::record::Machine;
use crate::record::Mode;
use crate::record::coarse::{Coarse, Sizes};
use crate::record::excerpt;
use crate::record::excerpt::{Answers, Excerpt};
use crate::record::folder;
use crate::record::manifest::{DatasetRecord, Manifest, TrialRecord};
use crate::record::output_folder;
use crate::record::output_folder::{Kind, OutputFolder};
use crate::record::results;
use crate::record::results::{RecallWithin, ResultsError, TrialHeader};
use crate::record::{MISSING, Outcome, Times, stored};
use crate::report;
use crate::report::from_files::report_into;
use crate::run::experiment::remove_other_trials;
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs::read_dir;
use std::path::{Path, PathBuf};
use swath_algorithms::{Base, Pool, Query};
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, MEMORY};
use swath_datasets::sha256;
use swath_datasets::{Dataset, catalogue, ground_truth};

/// A stored distance that is this much off is another distance; rounding to `f32` adds a part of its size.
const SLACK: (f64, f64) = (1e-3, 1e-5);

/// How deep below the folder of a dataset and k results may lie.
const DEPTH: usize = 8;

/// Which results are read.
pub struct Wanted<'a> {
    /// The folder with `results/` and perhaps `data/`.
    pub folder: &'a Path,
    /// The dataset's name there.
    pub dataset: &'a str,
    /// Results per query; may be left out where there is one choice.
    pub count: Option<usize>,
    /// Whether those in mode batch are wanted where there are both.
    pub batch: bool,
    /// Where the run goes; `reports/<dataset>-<k>-imported`, if left out.
    pub out: Option<&'a Path>,
    /// Whether another import that is there is replaced.
    pub fresh: bool,
}

/// What an import left behind.
pub struct Imported {
    /// Its folder.
    pub folder: PathBuf,
    /// What is wrong with each result that was left out.
    pub left_out: Vec<String>,
    /// What it found.
    pub summary: Option<Summary>,
    /// Its circumstances.
    pub manifest: Manifest,
}

/// Reads results and writes them as a run, with its report. Everything is checked before anything is written.
///
/// # Errors
/// [`Failure::Input`] with what is wrong where, if nothing can be read, [`Failure::Run`] where nothing can be written.
pub fn import(wanted: &Wanted<'_>, folders: &[PathBuf], memory: u64) -> Result<Imported, Failure> {
    let started = clock::timestamp();
    let (folder, k) = locate(wanted)?;
    let name = format!("{}-{k}-imported", wanted.dataset);
    let out = wanted.out.map_or_else(|| Path::new("reports").join(&name), Path::to_owned);
    only_new(&out, wanted.fresh)?;
    let (found, named) = dataset(wanted, folders, memory)?;
    if k > found.dataset.train.rows() {
        let rows = found.dataset.train.rows();
        return Err(Failure::Input(format!("{}: {k} results of a dataset of {rows} vectors", folder.display())));
    }
    let base = Base::new(found.dataset.train.clone(), found.dataset.distance);
    let Listed { places, mut odd, links } = list(&folder)?;
    let (places, mode, others) = choose_mode(places, wanted.batch, &folder, &odd)?;
    let judge = Judge::new(&base, &found.dataset, k);
    // Once to find what is wrong with any of them, before anything is written; all at once they may not fit into memory.
    let sound = sound(&folder, places, |place| Stored::read(&folder, place, mode, &found.dataset, k), &mut odd)?;

    let out = OutputFolder::open(&out, &[Kind::Import])?;
    out.tidy();
    let names = [folder::MANIFEST, excerpt::FILE].into_iter().chain(report::FILES).map(str::to_owned);
    out.refuse(|_| true, &names.collect::<Vec<_>>())?;
    let mut tally = Tally::default();
    let mut records = Vec::new();
    let results = sound.len();
    for (place, point) in sound {
        let stored = Stored { point, ..Stored::read(&folder, &place, mode, &found.dataset, k)? };
        tally.add(&stored, &judge);
        records.push(write(&out, &stored, &judge, (wanted.dataset, &found.sha256), mode)?);
    }

    let dataset = &found.dataset;
    let shown = folder.display();
    let mut notes = vec![format!(
        "imported from {shown} (results: {results}); they were timed elsewhere, on a machine and with threads that they do not \
         name; queries per second are those of the best repeat, the one that such results hold; a query's whole time stands \
         under its candidates, and evaluations were not counted"
    )];
    notes.extend(others);
    notes.extend((!odd.is_empty()).then(|| format!("results left out, as they cannot be read: {}", odd.len())));
    notes.extend((links > 0).then(|| format!("links to folders, which are not followed: {links}")));
    notes.extend(judge.notes.clone());
    notes.extend(tally.notes(k));
    notes.extend(ground_truth::verify(&base, dataset, 0).map(|doubt| doubt.to_string()));
    notes.extend(dataset.doubts());
    let unknown = || "unknown".to_owned();
    let manifest = Manifest {
        swath: env!("CARGO_PKG_VERSION").into(),
        revision: env!("SWATH_REVISION").into(),
        rustc: env!("SWATH_RUSTC").into(),
        started,
        config_path: None,
        config_from_here: None,
        resumed: Vec::new(),
        finished: clock::timestamp(),
        experiment: ExperimentRecord::new(&json!({
            "name": name,
            "dataset": named,
            "k": k,
            "queries": null,
            "seed": 0,
            "mode": mode,
            "threads": "unknown",
            "repeats": tally.runs.map_or_else(|| "unknown".into(), |runs| runs.to_string()),
            "imported": shown.to_string(),
        }))
        .map_err(|error| Failure::Run(format!("the manifest cannot be written: {error}")))?,
        config: format!(
            "# no experiment of swath, but: swath import {} --dataset {} --count {k}{}\n",
            escape::shell(wanted.folder.as_os_str()),
            escape::shell(wanted.dataset.as_ref()),
            if mode == Mode::Batch { " --batch" } else { "" }
        ),
        dataset: DatasetRecord {
            name: wanted.dataset.to_owned(),
            sha256: found.sha256.clone(),
            distance: dataset.distance.name().into(),
            rows: dataset.train.rows(),
            queries: dataset.test.rows(),
            dim: dataset.train.dim(),
            neighbors: dataset.neighbors.count,
            links: dataset.links.as_ref().map(|links| links.edges.len()),
            subtopics: dataset.subtopics.is_some(),
        },
        machine: Machine { cpu: "unknown (imported)".into(), cores: 0, memory: 0, os: unknown(), arch: unknown() },
        graphs: Vec::new(),
        trials: records,
        metrics: judge.metrics.iter().map(|metric| metric.name().to_owned()).collect(),
        coarse: judge.coarse.clone(),
        diagnosis: Some(diagnose(&base, &dataset.test, 0, false)),
        untimed: [0.0; 2],
        notes,
    };
    results::write_manifest(&out, &manifest)?;
    remove_other_trials(&out, &manifest);
    excerpt(&out, dataset, k)?;
    let (summary, manifest, _) = report_into(&out, None)?;
    out.settle();
    Ok(Imported { folder: out.path().to_owned(), left_out: odd, summary, manifest })
}

/// Keeps what the report shows of single queries, as a run does.
fn excerpt(out: &OutputFolder, dataset: &Dataset, k: usize) -> Result<(), Failure> {
    let (_, results) = results::read(out.path())?;
    let returned: Vec<&[i32]> = results.trials.iter().map(|trial| trial.returned.as_slice()).collect();
    let queries: Vec<usize> = (0..dataset.test.rows()).collect();
    let count = ReportSpec::default().queries as usize;
    let answers = Answers { queries: &queries, seed: 0, k, returned: &returned };
    let excerpt = Excerpt::new(dataset, answers, count, |_| false);
    Ok(excerpt.write(out)?)
}

/// The folder of the dataset's results at the k that is wanted, or the only one.
fn locate(wanted: &Wanted<'_>) -> Result<(PathBuf, usize), Failure> {
    let Wanted { folder, dataset, .. } = wanted;
    if !is_plain(dataset) {
        let message = format!("`{dataset}` is no name of a dataset");
        return Err(Failure::Input(message + "\n  give the name that its folder below `results` has"));
    }
    let results = folder.join("results");
    let Some(datasets) = folders_in(&results) else {
        let message = format!("{} has no folder `results`, as those of ann-benchmarks have", folder.display());
        return Err(Failure::Input(message + "\n  give the folder that has `results` and, where it is there, `data`"));
    };
    let here = results.join(dataset);
    let Some(found) = folders_in(&here) else {
        let message = format!("{} has no results of `{dataset}`", results.display());
        return Err(Failure::Input(format!("{message}\n  it has {}", list_of(&datasets))));
    };
    let mut counts: Vec<usize> = found.iter().filter_map(|name| name.parse().ok()).filter(|&k| k > 0).collect();
    counts.sort_unstable();
    let names: Vec<String> = counts.iter().map(usize::to_string).collect();
    match (wanted.count, counts.as_slice()) {
        (Some(count), _) if counts.contains(&count) => Ok((here.join(count.to_string()), count)),
        (None, &[count]) => Ok((here.join(count.to_string()), count)),
        (Some(count), _) => {
            let message = format!("{} has no results of {count} neighbours", here.display());
            Err(Failure::Input(format!("{message}\n  it has {}", list_of(&names))))
        }
        (None, []) => {
            Err(Failure::Input(format!("{} has no folder that is named by a number of results", here.display())))
        }
        (None, _) => {
            let message = format!("{} has results of several numbers of neighbours", here.display());
            Err(Failure::Input(format!("{message}\n  choose one with --count: {}", list_of(&names))))
        }
    }
}

/// Names of the folders in a folder, sorted; `None` where it is none.
fn folders_in(folder: &Path) -> Option<Vec<String>> {
    let entries = read_dir(folder).ok()?.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Some(names)
}

fn list_of(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// The dataset that the results are of, and what it is called.
fn dataset(wanted: &Wanted<'_>, folders: &[PathBuf], memory: u64) -> Result<(LoadedDataset, String), Failure> {
    let beside = wanted.folder.join("data").join(format!("{}.hdf5", wanted.dataset));
    if beside.is_file() {
        // Without a separator it would be taken for a name.
        let named = Path::new(".").join(&beside);
        return Ok((LoadedDataset::read(&beside, memory)?, named.display().to_string()));
    }
    let path = catalogue::resolve(wanted.dataset, Path::new(""), folders).map_err(|missing| {
        let looked = format!("{} is not there, either", beside.display());
        Failure::Input([vec![missing.to_string(), looked], missing_dataset::help(&missing)].concat().join("\n  "))
    })?;
    Ok((LoadedDataset::read(&path, memory)?, wanted.dataset.to_owned()))
}

/// Where a result is.
struct Place {
    /// Its file, as a path in the folder of results.
    file: PathBuf,
    /// The group of the file that holds it, with a `/` behind it. VIBE keeps a group for each setting of an index's queries
    /// in one file; ann-benchmarks has a file for each, and here is nothing.
    group: String,
    attributes: HashMap<String, Attribute>,
}

impl Place {
    /// The results in a file.
    fn all(folder: &Path, file: &Path) -> Result<Vec<Self>, Failure> {
        let path = folder.join(file);
        let hdf5 = open(&path)?;
        let failed = |error: Hdf5Error| wrong(&path, &error);
        let has_result = |group: &str| -> Result<bool, Failure> {
            Ok(hdf5.names(group).map_err(failed)?.iter().any(|name| name == "neighbors"))
        };
        let at = |group: String, attributes| Self { file: file.to_owned(), group, attributes };
        if has_result("/")? {
            return Ok(vec![at(String::new(), hdf5.attributes().map_err(failed)?)]);
        }
        let mut places = Vec::new();
        for group in hdf5.groups().map_err(failed)? {
            if has_result(&group)? {
                let attributes = hdf5.attributes_of_group(&group).map_err(failed)?;
                places.push(at(format!("{group}/"), attributes));
            }
        }
        if places.is_empty() {
            return Err(wrong(&path, &"it has no `neighbors`, neither itself nor in a group: it is no result"));
        }
        Ok(places)
    }

    /// What tells it from others whose labels are the same.
    fn name(&self) -> String {
        if self.group.is_empty() { stem(&self.file) } else { self.group.trim_end_matches('/').to_owned() }
    }

    /// Whether it is of mode batch; old files, and those of VIBE on a GPU, say so in the name of their folder.
    fn is_batch(&self) -> bool {
        let folder = self.file.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let said = ["batch_mode", "gpu_mode"].map(|name| self.attributes.get(name).and_then(Attribute::number));
        let named = || folder.ends_with("-batch") || folder.ends_with("-gpu");
        let said: Vec<f64> = said.into_iter().flatten().collect();
        if said.is_empty() { named() } else { said.iter().any(|value| *value != 0.0) }
    }
}

/// What there is below a folder.
#[derive(Default)]
struct Listed {
    /// The results, by their files' names.
    places: Vec<Place>,
    /// What is wrong with what cannot be read.
    odd: Vec<String>,
    /// Links to folders; where they lead need not end.
    links: usize,
}

/// Looks for results below a folder.
fn list(folder: &Path) -> Result<Listed, Failure> {
    let mut listed = Listed::default();
    let mut files = Vec::new();
    let mut open = vec![(PathBuf::new(), DEPTH)];
    while let Some((inside, depth)) = open.pop() {
        let here = folder.join(&inside);
        let entries = match read_dir(&here).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                listed.odd.push(format!("cannot read {}: {error}", here.display()));
                continue;
            }
        };
        for entry in entries {
            let inside = inside.join(entry.file_name());
            let path = entry.path();
            // Of a link its own type.
            let is_folder = entry.file_type().is_ok_and(|of| of.is_dir());
            if is_folder && depth > 0 {
                open.push((inside, depth - 1));
            } else if path.is_dir() && !is_folder {
                listed.links += 1;
            } else if path.is_file() && path.extension().is_some_and(|extension| extension == "hdf5") {
                files.push(inside);
            }
        }
    }
    files.sort();
    for file in files {
        match Place::all(folder, &file) {
            Ok(places) => listed.places.extend(places),
            Err(what) => listed.odd.push(what.to_string()),
        }
    }
    if listed.places.is_empty() { Err(nothing(folder, &listed.odd)) } else { Ok(listed) }
}

/// Those results that can be read, each with a point that none before it has. What is wrong with the others is added to `odd`.
fn sound(
    folder: &Path,
    places: Vec<Place>,
    read: impl Fn(&Place) -> Result<Stored, Failure>,
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

/// What is wrong with results, a line each below a message.
fn below(odd: &[String]) -> String {
    odd.iter().fold(String::new(), |text, what| text + "\n  " + &escape::terminal(what))
}

/// That there is nothing to read.
fn nothing(folder: &Path, odd: &[String]) -> Failure {
    let what = if odd.is_empty() { "holds no result, a file in .hdf5" } else { "holds no result that can be read" };
    Failure::Input(format!("{} {what}{}", folder.display(), below(odd)))
}

/// The results of one mode, and how many others there are: the two are never compared.
fn choose_mode(
    places: Vec<Place>,
    batch: bool,
    folder: &Path,
    odd: &[String],
) -> Result<(Vec<Place>, Mode, Option<String>), Failure> {
    let (batches, single): (Vec<Place>, Vec<Place>) = places.into_iter().partition(Place::is_batch);
    let mode = if batch || single.is_empty() { Mode::Batch } else { Mode::Single };
    let (kept, others, how) = match mode {
        Mode::Batch => (batches, single, "left out, which are in mode single; without --batch they are taken"),
        Mode::Single => (single, batches, "left out, which are in mode batch; --batch takes them"),
    };
    if kept.is_empty() {
        let message = format!("{} holds no result in mode batch{}", folder.display(), below(odd));
        return Err(Failure::Input(message));
    }
    let note = (!others.is_empty()).then(|| format!("results {how}: {}", others.len()));
    Ok((kept, mode, note))
}

/// A distance by the name that swath has for it: VIBE has others.
fn known_distance(name: &str) -> &str {
    match name {
        "cosine" | "normalized" => "angular",
        "l2" => "euclidean",
        "ip" => "dot",
        other => other,
    }
}

fn open(path: &Path) -> Result<Hdf5File, Failure> {
    Hdf5File::open(path, MEMORY).map_err(|error| match error {
        Hdf5Error::Io { .. } | Hdf5Error::NotHdf5 { .. } | Hdf5Error::CutShort { .. } => {
            Failure::Input(error.to_string())
        }
        other => wrong(path, &other),
    })
}

fn wrong(path: &Path, what: &dyn std::fmt::Display) -> Failure {
    Failure::Input(format!("{}: {what}", path.display()))
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A result, checked.
struct Stored {
    /// Its file, and its group there.
    file: PathBuf,
    group: String,
    retriever: String,
    point: String,
    params: String,
    build_seconds: Option<f64>,
    index_bytes: Option<u64>,
    runs: Option<i64>,
    best: f64,
    times: Vec<f32>,
    /// Of each query the returned ids, each once, with the distances that the file has for them, if it has any.
    returned: Vec<Vec<(u32, Option<f32>)>>,
    /// How many returned ids stood there a second time.
    repeated: usize,
}

impl Stored {
    fn read(folder: &Path, place: &Place, mode: Mode, dataset: &Dataset, k: usize) -> Result<Self, Failure> {
        let Place { file, group, attributes } = place;
        let path = folder.join(file);
        let hdf5 = open(&path)?;
        let failed = |error: Hdf5Error| wrong(&path, &error);
        let inside = |name: &str| format!("{group}{name}");
        let text = |name: &str| attributes.get(name).and_then(Attribute::text).map(str::to_owned);
        let number = |name: &str| attributes.get(name).and_then(Attribute::number).filter(|value| value.is_finite());
        if let Some(distance) = text("distance")
            && known_distance(&distance.to_lowercase()) != dataset.distance.name()
        {
            let what = format!("it is of distance {distance}, but the dataset is {}", dataset.distance);
            return Err(wrong(&path, &what));
        }
        let m = dataset.test.rows();
        let shape = |name: &str, expected: &[usize]| {
            let found = hdf5.shape(&inside(name)).map_err(failed)?;
            if found.iter().map(|&n| n as usize).eq(expected.iter().copied()) {
                return Ok(());
            }
            let words = |shape: Vec<String>| shape.join(" x ");
            let (found, expected) = (found.iter().map(u64::to_string), expected.iter().map(usize::to_string));
            let (found, expected) = (words(found.collect()), words(expected.collect()));
            let what = format!(
                "the shape of `{group}{name}` is {found}, expected {expected}: a row for each of the {m} queries"
            );
            Err(wrong(&path, &what))
        };
        shape("neighbors", &[m, k])?;
        shape("times", &[m])?;
        let ids = hdf5.integers(&inside("neighbors")).map_err(failed)?;
        let times = hdf5.f32s(&inside("times")).map_err(failed)?;
        if let Some(query) = times.iter().position(|&time| !(time.is_finite() && time >= 0.0)) {
            return Err(wrong(&path, &format!("`{group}times`, row {query}: {} is no time", times[query])));
        }
        let names = hdf5.names(if group.is_empty() { "/" } else { group.trim_end_matches('/') }).map_err(failed)?;
        let distances = if names.iter().any(|name| name == "distances") {
            shape("distances", &[m, k])?;
            Some(hdf5.f32s(&inside("distances")).map_err(failed)?)
        } else {
            None
        };
        let rows = dataset.train.rows();
        let (mut returned, mut repeated) = (Vec::with_capacity(m), 0);
        for (query, row) in ids.chunks_exact(k).enumerate() {
            let mut list: Vec<(u32, Option<f32>)> = Vec::with_capacity(k);
            for (i, &id) in row.iter().enumerate() {
                let distance = distances.as_ref().map(|distances| distances[query * k + i]);
                // ann-benchmarks pads with -1 and infinity.
                if id == i64::from(MISSING) || distance == Some(f32::INFINITY) {
                    continue;
                }
                let known = usize::try_from(id).ok().filter(|&id| id < rows);
                let Some(id) = known else {
                    let what =
                        format!("`{group}neighbors`, row {query}, column {i}: there is no vector {id} among {rows}");
                    return Err(wrong(&path, &what));
                };
                if list.iter().any(|&(other, _)| other as usize == id) {
                    repeated += 1;
                } else {
                    list.push((id as u32, distance));
                }
            }
            returned.push(list);
        }
        let mean = times.iter().map(|&time| f64::from(time)).sum::<f64>() / m as f64;
        let folder_name = file.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let suffixes: &[&str] = if mode == Mode::Batch { &["-batch", "-gpu"] } else { &[] };
        let bare = suffixes.iter().find_map(|suffix| folder_name.strip_suffix(suffix));
        let algo = text("algo").unwrap_or_else(|| bare.unwrap_or(&folder_name).to_owned());
        let name = text("name").unwrap_or_else(|| place.name());
        let bytes = number("index_size").map(|kilobytes| (kilobytes * 1e3).max(0.0).round() as u64);
        Ok(Self {
            point: text("swath_point").unwrap_or_else(|| point(&algo, &name)),
            retriever: text("swath_retriever").unwrap_or(algo),
            params: text("swath_params").unwrap_or_else(|| json!({ "ann-benchmarks": { "name": name } }).to_string()),
            build_seconds: number("build_time").filter(|&seconds| seconds >= 0.0),
            index_bytes: bytes,
            runs: attributes.get("run_count").and_then(Attribute::integer),
            best: number("best_search_time").filter(|&best| best > 0.0).unwrap_or(mean),
            times,
            returned,
            repeated,
            file: file.clone(),
            group: group.clone(),
        })
    }

    /// A hash of all that shapes its result here.
    fn id(&self, sha256: &str, k: usize) -> String {
        let ids: Vec<Vec<u32>> = self.returned.iter().map(|list| list.iter().map(|&(id, _)| id).collect()).collect();
        let shape = json!({
            "imported": self.file,
            "group": self.group,
            "ids": ids,
            "k": k,
            "dataset": sha256,
            "version": env!("CARGO_PKG_VERSION"),
        });
        sha256::hex(&Sha256::digest(shape.to_string())[..8])
    }
}

/// What a label says beside the algorithm's name: `hnswlib (M=12)` says `M=12`.
fn point(algo: &str, name: &str) -> String {
    let same = name.get(..algo.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(algo));
    let rest = if same { name[algo.len()..].trim() } else { name.trim() };
    let inside = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    // `(a) (b)` is not one pair of brackets.
    inside.filter(|inside| !inside.contains(['(', ')'])).unwrap_or(rest).to_owned()
}

/// What results are judged by.
struct Judge<'a> {
    base: &'a Base,
    dataset: &'a Dataset,
    truths: Vec<Truth>,
    k: usize,
    metrics: Vec<MetricName>,
    /// What its recalls count as found.
    within: Vec<RecallWithin>,
    /// Recalls whose slack is not small.
    coarse: Vec<Coarse>,
    /// That, and metrics left out.
    notes: Vec<String>,
}

/// One query as it is judged.
struct Judged {
    distances: Vec<f32>,
    metrics: Vec<f64>,
}

impl<'a> Judge<'a> {
    fn new(base: &'a Base, dataset: &'a Dataset, k: usize) -> Self {
        let setting = MetricSetting {
            k,
            largest_pool: k,
            stored_neighbors: dataset.neighbors.count,
            subtopics: dataset.subtopics.is_some(),
            qrels: dataset.qrels.is_some(),
        };
        let (mut metrics, mut notes) = (Vec::new(), Vec::new());
        for metric in MetricName::usual(setting.qrels) {
            let reason = if metric.params().looks_inside() {
                Some("it looks at the stages behind the results, of which these say nothing".to_owned())
            } else {
                metric.possible(&setting).err().map(|impossible| impossible.message)
            };
            match reason {
                None => metrics.push(metric),
                Some(reason) => notes.push(format!("metric `{}` is left out: {reason}", metric.name())),
            }
        }
        let queries: Vec<usize> = (0..dataset.test.rows()).collect();
        let coarse = Coarse::find(&metrics, Sizes { k, pool: k }, &queries, &dataset.neighbors);
        Coarse::put_relative_beside(&coarse, &mut metrics);
        notes.splice(0..0, coarse.iter().map(Coarse::caution));
        let truths = queries.iter().map(|&query| Truth::of(dataset, query)).collect();
        let within = RecallWithin::all(&metrics, k, &queries, &dataset.neighbors);
        Self { base, dataset, truths, k, metrics, within, coarse, notes }
    }

    fn query(&self, query: usize, returned: &[(u32, Option<f32>)]) -> Judged {
        let ids: Vec<u32> = returned.iter().map(|&(id, _)| id).collect();
        let asked = Asked {
            base: self.base,
            query: Query::row(&self.dataset.test, query),
            returned: &ids,
            k: self.k,
            found: (&[], 0),
            pool: &Pool::default(),
            truth: &self.truths[query],
            evaluations: [0; 3],
            seen: Seen::default(),
        };
        Judged {
            metrics: self.metrics.iter().map(|metric| metric.value(&asked).unwrap_or(f64::NAN)).collect(),
            distances: ids.iter().map(|&id| stored(self.base.distance_to(asked.query, id))).collect(),
        }
    }

    fn outcome(&self, stored: &Stored, mode: Mode) -> Outcome {
        let queries = stored.returned.par_iter().enumerate();
        let judged: Vec<Judged> = queries.map(|(query, returned)| self.query(query, returned)).collect();
        let mut outcome = Outcome {
            metrics: (0..self.metrics.len()).map(|i| judged.iter().map(|one| one.metrics[i]).collect()).collect(),
            build_seconds: stored.build_seconds.unwrap_or(f64::NAN),
            index_bytes: stored.index_bytes.unwrap_or(0),
            ..Outcome::default()
        };
        for (returned, one) in stored.returned.iter().zip(judged) {
            let padding = self.k - returned.len();
            outcome.returned.extend(returned.iter().map(|&(id, _)| id as i32));
            outcome.returned.extend(std::iter::repeat_n(MISSING, padding));
            outcome.distances.extend(one.distances);
            outcome.distances.extend(std::iter::repeat_n(f32::INFINITY, padding));
        }
        let seconds = stored.times.iter().map(|&time| f64::from(time));
        outcome.repeats.push(match mode {
            Mode::Single => Times::Single(seconds.map(|time| [time; 3]).collect()),
            Mode::Batch => Times::Batch(stored.times.len(), seconds.sum()),
        });
        outcome
    }
}

/// Writes one as a trial.
fn write(
    out: &OutputFolder,
    stored: &Stored,
    judge: &Judge<'_>,
    (dataset, sha256): (&str, &str),
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
        query_ids: &(0..judge.dataset.test.rows()).collect::<Vec<_>>(),
        metrics: &judge.metrics,
        best_search_seconds: stored.best,
        rows: judge.dataset.train.rows(),
        within: &judge.within,
    };
    let outcome = judge.outcome(stored, mode);
    let written: Result<(), ResultsError> =
        out.write_by(&folder::trial_name(&id), |path| results::write_outcome(path, &header, &outcome));
    written?;
    Ok(TrialRecord { trial: id, retriever: stored.retriever.clone(), point: stored.point.clone(), failed: None })
}

/// That an import can go into a folder, and replaces another only if it is to.
fn only_new(out: &Path, fresh: bool) -> Result<(), Failure> {
    output_folder::check(out, &[Kind::Import])?;
    if fresh || !out.join(folder::MANIFEST).exists() {
        return Ok(());
    }
    let message = format!("{} holds an import already", out.display());
    Err(Failure::Input(message + "\n  --fresh replaces it; --out names another folder"))
}

/// What should be said of all results together.
#[derive(Default)]
struct Tally {
    /// Timed repeats, if all say the same.
    runs: Option<i64>,
    results: usize,
    repeated: usize,
    /// Results with lists of fewer than k, the most such lists of one, and the shortest of all.
    short: (usize, usize, usize),
    /// Results of which no time is above 0.
    timeless: usize,
    /// How many results lack each of these.
    lack: [(usize, &'static str); 2],
    /// Results with distances that are wrong, and the worst of those.
    off: usize,
    worst: Option<Off>,
}

/// A stored distance that is not that of the vectors.
struct Off {
    by: f64,
    label: String,
    query: usize,
    stored: f32,
    recomputed: f64,
}

impl Tally {
    fn add(&mut self, stored: &Stored, judge: &Judge<'_>) {
        self.runs = if self.results == 0 { stored.runs } else { self.runs.filter(|_| self.runs == stored.runs) };
        self.results += 1;
        self.repeated += stored.repeated;
        self.timeless += usize::from(stored.best <= 0.0);
        let short = || stored.returned.iter().map(Vec::len).filter(|&length| length < judge.k);
        if let Some(shortest) = short().min() {
            let (results, most, least) = self.short;
            let least = if results == 0 { shortest } else { least.min(shortest) };
            self.short = (results + 1, most.max(short().count()), least);
        }
        let missing = [(stored.build_seconds.is_none(), "build_time"), (stored.index_bytes.is_none(), "index_size")];
        for (count, (is_missing, name)) in self.lack.iter_mut().zip(missing) {
            *count = (count.0 + usize::from(is_missing), name);
        }
        let off = |(query, list): (usize, &Vec<(u32, Option<f32>)>)| {
            let of = Query::row(&judge.dataset.test, query);
            let each = list.iter().filter_map(|&(id, stored)| Some((stored?, judge.base.distance_to(of, id))));
            let by = |(stored, recomputed): (f32, f64)| {
                let by = (f64::from(stored) - recomputed).abs();
                let is_off = by.is_nan() || by > SLACK.0 + SLACK.1 * recomputed;
                is_off.then(|| (if by.is_nan() { f64::INFINITY } else { by }, query, stored, recomputed))
            };
            each.filter_map(by).max_by(|a, b| a.0.total_cmp(&b.0))
        };
        let worst = stored.returned.iter().enumerate().filter_map(off).max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((by, query, distance, recomputed)) = worst else { return };
        self.off += 1;
        if self.worst.as_ref().is_none_or(|worst| by > worst.by) {
            let label = crate::record::label(&stored.retriever, &stored.point);
            self.worst = Some(Off { by, label, query, stored: distance, recomputed });
        }
    }

    fn notes(&self, k: usize) -> Vec<String> {
        let (mut notes, results) = (Vec::new(), self.results);
        for (count, name) in self.lack.iter().filter(|(count, _)| *count > 0) {
            let shown = if *name == "index_size" { "shown as 0" } else { "left empty" };
            notes.push(format!("{count} of {results} results do not say their `{name}`: it is {shown}"));
        }
        if self.timeless > 0 {
            notes.push(format!(
                "{} of {results} results took no time, as they say: they have no queries per second",
                self.timeless
            ));
        }
        if let (short @ 1.., most, least) = self.short {
            notes.push(format!(
                "{short} of {results} results have lists of fewer than {k}, for up to {most} queries, the shortest of {least}: \
                 what is missing counts as not found"
            ));
        }
        if self.repeated > 0 {
            notes.push(format!("{} returned ids stood in their list before: each counts once", self.repeated));
        }
        if let Some(Off { label, query, stored, recomputed, .. }) = &self.worst {
            notes.push(format!(
                "the distances that {} of {results} results store differ by more than {} from those of the vectors (most \
                 for {label}, query {query}: stored {stored:.6}, recomputed {recomputed:.6}); the recomputed ones are used",
                self.off, SLACK.0
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::point;

    #[test]
    fn a_point_is_what_a_label_adds_to_the_name() {
        assert_eq!(point("annoy", "Annoy(n_trees=100, search_k=-1)"), "n_trees=100, search_k=-1");
        assert_eq!(point("mmr", "mmr (lambda=0.3)"), "lambda=0.3");
        assert_eq!(point("hnswlib", "hnswlib ({'M': 12}) (ef 10)"), "({'M': 12}) (ef 10)");
        assert_eq!(point("faiss-ivf", "FaissIVF(n_list=32)"), "FaissIVF(n_list=32)");
        assert_eq!((point("top-k", "top-k"), point("aaa", "a")), (String::new(), "a".into()));
    }
}
