//! One result of ann-benchmarks, read and checked.

use super::place::{Place, open, wrong};
use crate::config::Failure;
use crate::record::{MISSING, Mode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use swath_datasets::Dataset;
use swath_datasets::hdf5_file::{Attribute, Hdf5File};
use swath_datasets::sha256;

/// Possible sizes of an index in kilobytes: up to 1 EB.
const KILOBYTES: RangeInclusive<f64> = 0.0..=1e15;

/// Possible times in seconds: up to 30,000 years.
const SECONDS: RangeInclusive<f64> = 0.0..=1e12;

/// A returned id, with its stored distance if the file has distances.
pub type Returned = (u32, Option<f32>);

/// A result that was read and checked.
pub struct StoredResult {
    /// Its file, relative to the folder of results.
    file: PathBuf,
    /// Its group in that file.
    group: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points.
    pub point: String,
    /// All parameters, as JSON.
    pub params: String,
    /// Seconds to build the index, if the file has them.
    pub build_seconds: Option<f64>,
    /// Size of the index, if the file has it.
    pub index_bytes: Option<u64>,
    /// Timed repeats, if the file has their number.
    pub runs: Option<i64>,
    /// Seconds per query in the best repeat.
    pub best: f64,
    /// Seconds of each query.
    pub times: Vec<f32>,
    /// The returned ids of each query, each id once.
    pub returned: Vec<Vec<Returned>>,
    /// The number of returned ids that repeat an id of the same list.
    pub repeated: usize,
    /// The attributes that are left out, since their values cannot be.
    pub impossible: Vec<&'static str>,
}

impl StoredResult {
    /// Reads a result of this mode: k ids and a time for each query of the dataset.
    ///
    /// # Errors
    /// [`Failure::Input`]: the error in the file, and its place.
    pub fn read(folder: &Path, place: &Place, mode: Mode, dataset: &Dataset, k: usize) -> Result<Self, Failure> {
        let Place { file, group, attributes } = place;
        let reader = Reader { path: folder.join(file), hdf5: open(&folder.join(file))?, group, dataset, k };
        let text = |name: &str| attributes.get(name).and_then(Attribute::text).map(str::to_owned);
        let number = |name: &str| attributes.get(name).and_then(Attribute::number).filter(|value| value.is_finite());
        if let Some(distance) = text("distance")
            && known_distance(&distance.to_lowercase()) != dataset.distance.name()
        {
            let what = format!("its distance is {distance}, but the dataset's is {}", dataset.distance);
            return Err(reader.wrong(&what));
        }
        let (ids, times) = (reader.ids()?, reader.times()?);
        let distances = reader.distances()?;
        let (returned, repeated) = reader.returned(&ids, distances.as_deref())?;
        let mean = times.iter().map(|&time| f64::from(time)).sum::<f64>() / dataset.test.len() as f64;
        let folder_name = file.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let suffixes: &[&str] = if mode == Mode::Batch { &["-batch", "-gpu"] } else { &[] };
        let bare = suffixes.iter().find_map(|suffix| folder_name.strip_suffix(suffix));
        let algo = text("algo").unwrap_or_else(|| bare.unwrap_or(&folder_name).to_owned());
        let name = text("name").unwrap_or_else(|| place.name());
        let mut impossible = Vec::new();
        let mut possible = |name: &'static str, range: &RangeInclusive<f64>| {
            let value = number(name)?;
            if range.contains(&value) {
                return Some(value);
            }
            impossible.push(name);
            None
        };
        let kilobytes = possible("index_size", &KILOBYTES);
        let build_seconds = possible("build_time", &SECONDS);
        let best = possible("best_search_time", &SECONDS).filter(|&best| best > 0.0);
        Ok(Self {
            point: text("swath_point").unwrap_or_else(|| point(&algo, &name)),
            retriever: text("swath_retriever").unwrap_or(algo),
            params: text("swath_params").unwrap_or_else(|| json!({ "ann-benchmarks": { "name": name } }).to_string()),
            build_seconds,
            index_bytes: kilobytes.map(|kilobytes| (kilobytes * 1e3).round() as u64),
            runs: attributes.get("run_count").and_then(Attribute::integer),
            best: best.unwrap_or(mean),
            times,
            returned,
            repeated,
            impossible,
            file: file.clone(),
            group: group.clone(),
        })
    }

    /// The trial's id: a hash of everything that determines the imported result.
    pub fn id(&self, sha256: &str, k: usize) -> String {
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

/// Reads the arrays of one result.
struct Reader<'a> {
    path: PathBuf,
    hdf5: Hdf5File,
    group: &'a str,
    dataset: &'a Dataset,
    k: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &dyn std::fmt::Display) -> Failure {
        wrong(&self.path, what)
    }

    /// The name of an array in its file.
    fn inside(&self, name: &str) -> String {
        format!("{}{name}", self.group)
    }

    /// Checks the shape of an array.
    fn has_shape(&self, name: &str, expected: &[usize]) -> Result<(), Failure> {
        let found = self.hdf5.shape(&self.inside(name)).map_err(|error| self.wrong(&error))?;
        if found.iter().map(|&n| n as usize).eq(expected.iter().copied()) {
            return Ok(());
        }
        let words = |shape: Vec<String>| shape.join(" x ");
        let (found, expected) = (found.iter().map(u64::to_string), expected.iter().map(usize::to_string));
        let (found, expected) = (words(found.collect()), words(expected.collect()));
        Err(self.wrong(&format!(
            "the shape of `{}{name}` is {found}, expected {expected}: a row for each of the {} queries",
            self.group,
            self.dataset.test.len()
        )))
    }

    fn ids(&self) -> Result<Vec<i64>, Failure> {
        self.has_shape("neighbors", &[self.dataset.test.len(), self.k])?;
        self.has_shape("times", &[self.dataset.test.len()])?;
        self.hdf5.integers(&self.inside("neighbors")).map_err(|error| self.wrong(&error))
    }

    fn times(&self) -> Result<Vec<f32>, Failure> {
        let times = self.hdf5.f32s(&self.inside("times")).map_err(|error| self.wrong(&error))?;
        match times.iter().position(|&time| !(time.is_finite() && time >= 0.0)) {
            Some(query) => {
                Err(self.wrong(&format!("`{}times`, row {query}: {} is not a time", self.group, times[query])))
            }
            None => Ok(times),
        }
    }

    /// The stored distances, if the result has any.
    fn distances(&self) -> Result<Option<Vec<f32>>, Failure> {
        let group = if self.group.is_empty() { "/" } else { self.group.trim_end_matches('/') };
        let names = self.hdf5.names(group).map_err(|error| self.wrong(&error))?;
        if names.iter().all(|name| name != "distances") {
            return Ok(None);
        }
        self.has_shape("distances", &[self.dataset.test.len(), self.k])?;
        self.hdf5.f32s(&self.inside("distances")).map(Some).map_err(|error| self.wrong(&error))
    }

    /// The ids of each query without padding and repetitions, and the number of repetitions.
    fn returned(&self, ids: &[i64], distances: Option<&[f32]>) -> Result<(Vec<Vec<Returned>>, usize), Failure> {
        let (rows, k) = (self.dataset.train.len(), self.k);
        let (mut returned, mut repeated) = (Vec::with_capacity(self.dataset.test.len()), 0);
        for (query, row) in ids.chunks_exact(k).enumerate() {
            let mut list: Vec<Returned> = Vec::with_capacity(k);
            for (i, &id) in row.iter().enumerate() {
                let distance = distances.map(|distances| distances[query * k + i]);
                // ann-benchmarks pads with -1 and infinity.
                if id == i64::from(MISSING) || distance == Some(f32::INFINITY) {
                    continue;
                }
                let known = usize::try_from(id).ok().filter(|&id| id < rows);
                let Some(id) = known else {
                    return Err(self.wrong(&format!(
                        "`{}neighbors`, row {query}, column {i}: the id is {id}, expected 0 to {}",
                        self.group,
                        rows.saturating_sub(1)
                    )));
                };
                if list.iter().any(|&(other, _)| other as usize == id) {
                    repeated += 1;
                } else {
                    list.push((id as u32, distance));
                }
            }
            returned.push(list);
        }
        Ok((returned, repeated))
    }
}

/// swath's name for a distance; VIBE has other names for some.
fn known_distance(name: &str) -> &str {
    match name {
        "cosine" | "normalized" => "angular",
        "l2" => "euclidean",
        "ip" => "dot",
        other => other,
    }
}

/// The part of a label that follows the algorithm's name: `M=12` of `hnswlib (M=12)`.
fn point(algo: &str, name: &str) -> String {
    let same = name.get(..algo.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(algo));
    let rest = if same { name[algo.len()..].trim() } else { name.trim() };
    let inside = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    // `(a) (b)` is not one pair of brackets.
    inside.filter(|inside| !inside.contains(['(', ')'])).unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::point;

    #[test]
    fn a_point_is_the_part_of_a_label_after_the_name() {
        assert_eq!(point("annoy", "Annoy(n_trees=100, search_k=-1)"), "n_trees=100, search_k=-1");
        assert_eq!(point("mmr", "mmr (lambda=0.3)"), "lambda=0.3");
        assert_eq!(point("hnswlib", "hnswlib ({'M': 12}) (ef 10)"), "({'M': 12}) (ef 10)");
        assert_eq!(point("faiss-ivf", "FaissIVF(n_list=32)"), "FaissIVF(n_list=32)");
        assert_eq!((point("top-k", "top-k"), point("aaa", "a")), (String::new(), "a".into()));
    }
}
