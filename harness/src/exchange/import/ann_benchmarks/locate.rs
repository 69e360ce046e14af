//! Finds the results and the dataset in a folder of ann-benchmarks.

use crate::config::Failure;
use crate::exchange::import::{Refusal, Wanted};
use crate::exchange::is_plain;
use crate::plan::{LoadedDataset, missing_dataset};
use std::fs::read_dir;
use std::path::{Path, PathBuf};
use swath_datasets::{Capacity, catalogue};

/// The folder of results, by which a folder of ann-benchmarks is recognised.
pub const RESULTS: &str = "results";

/// Finds the folder of the dataset's results, and k: the wanted k, or the only one.
pub fn locate(wanted: &Wanted<'_>) -> Result<(PathBuf, usize), Refusal> {
    let Wanted { folder, dataset, .. } = wanted;
    if !is_plain(dataset) {
        let message = format!("`{dataset}` is not the name of a dataset");
        return Err(Failure::Input(message + "\n  give the name of its folder below `results`").into());
    }
    let results = folder.join(RESULTS);
    let datasets = folders_in(&results).unwrap_or_default();
    let here = results.join(dataset);
    let Some(found) = folders_in(&here) else {
        let message = format!("{} has no results for `{dataset}`", results.display());
        return Err(Failure::Input(format!("{message}\n  it has {}", list_of(&datasets))).into());
    };
    let mut counts: Vec<usize> = found.iter().filter_map(|name| name.parse().ok()).filter(|&k| k > 0).collect();
    counts.sort_unstable();
    let names: Vec<String> = counts.iter().map(usize::to_string).collect();
    match (wanted.count, counts.as_slice()) {
        (Some(count), _) if counts.contains(&count) => Ok((here.join(count.to_string()), count)),
        (None, &[count]) => Ok((here.join(count.to_string()), count)),
        (Some(count), _) => {
            let message = format!("{} has no results with {count} neighbours per query", here.display());
            Err(Failure::Input(format!("{message}\n  it has {}", list_of(&names))).into())
        }
        (None, []) => Err(Failure::Input(format!(
            "{} has no folder whose name is a number of neighbours per query",
            here.display()
        ))
        .into()),
        (None, _) => Err(Refusal::SeveralCounts { folder: here, counts }),
    }
}

/// Names of the folders in a folder, sorted; `None` if it is not a folder.
fn folders_in(folder: &Path) -> Option<Vec<String>> {
    let entries = read_dir(folder).ok()?.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Some(names)
}

fn list_of(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Reads the dataset of the results: the file beside them, or the dataset with this name in `folders`. Also returns the name
/// or path by which an experiment would refer to it.
pub fn dataset(wanted: &Wanted<'_>, folders: &[PathBuf], memory: u64) -> Result<(LoadedDataset, String), Failure> {
    let capacity = Capacity::with_scratch(memory, None);
    let beside = wanted.folder.join("data").join(format!("{}.hdf5", wanted.dataset));
    if beside.is_file() {
        // Without a separator, the path would be taken for a name.
        let named = Path::new(".").join(&beside);
        return Ok((LoadedDataset::read(&beside.into(), &capacity)?, named.display().to_string()));
    }
    let path = catalogue::resolve(wanted.dataset, Path::new(""), folders).map_err(|missing| {
        let looked = format!("{} does not exist, either", beside.display());
        Failure::Input([vec![missing.to_string(), looked], missing_dataset::help(&missing)].concat().join("\n  "))
    })?;
    Ok((LoadedDataset::read(&path, &capacity)?, wanted.dataset.to_owned()))
}
