//! The files of unfinished trials, in the folder of the run.

use super::run_file::DISCARDED;
use crate::record::folder::{TRIALS, UNFINISHED, UNFINISHED_RUN, trial_name};
use crate::record::output_folder::OutputFolder;
use crate::record::passes;
use swath_datasets::whole_file;

/// The beginning of their names.
pub(super) const PREFIX: &str = "unfinished/";

/// The name of an unfinished trial's file.
pub(super) fn trial_file(id: &str) -> String {
    format!("{PREFIX}{}", trial_name(id))
}

/// The name of the file of its timed passes.
pub(super) fn passes_file(id: &str) -> String {
    format!("{PREFIX}{TRIALS}/{id}.{}", passes::EXTENSION)
}

/// The ids of the unfinished trials that have files.
pub(super) fn trials(out: &OutputFolder) -> Vec<String> {
    let id = |name: &String| {
        let id = name.strip_prefix(PREFIX)?.strip_prefix(TRIALS)?.strip_prefix('/')?.strip_suffix(".hdf5")?;
        out.path().join(name).is_file().then(|| id.to_owned())
    };
    out.listed(PREFIX).iter().filter_map(id).collect()
}

/// Removes the files of a trial.
pub(super) fn remove(out: &OutputFolder, id: &str) {
    out.remove(&passes_file(id));
    out.remove(&trial_file(id));
}

/// Removes all files of unfinished trials, and no file that is not swath's.
pub(super) fn remove_all(out: &OutputFolder) {
    // `run.json` stays until the end and says that files which are left behind are never resumed.
    let run = format!("{PREFIX}{UNFINISHED_RUN}");
    let path = out.path().join(&run);
    if path.is_file() && whole_file::write_whole(&path, DISCARDED).is_err() {
        // The disk may be full.
        out.remove(&run);
    }
    out.listed(PREFIX).iter().filter(|name| **name != run).for_each(|name| out.remove(name));
    out.remove(&run);
    out.remove_empty(&format!("{PREFIX}{TRIALS}"));
    out.remove_empty(UNFINISHED);
}
