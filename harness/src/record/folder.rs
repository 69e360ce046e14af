//! Names of the files in an output folder.

use std::path::{Path, PathBuf};

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// The folder of trials' files.
pub const TRIALS: &str = "trials";

/// The name of a trial's file in the folder of its experiment.
pub fn trial_name(id: &str) -> String {
    format!("{TRIALS}/{id}.hdf5")
}

/// The path of a trial's file in the folder of its experiment.
pub fn trial_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(trial_name(id))
}

/// The folder of a run that is not finished.
pub const UNFINISHED: &str = "unfinished";

/// The file in it that describes the run.
pub const UNFINISHED_RUN: &str = "run.json";

/// Whether a folder holds a run that was stopped before its end.
pub fn is_unfinished(run: &Path) -> bool {
    run.join(UNFINISHED).join(UNFINISHED_RUN).is_file()
}

/// The file in a sweep's folder that lists the cells.
pub const SWEEP: &str = "sweep.json";

/// Whether a folder is that of a sweep.
pub fn is_sweep(folder: &Path) -> bool {
    folder.join(SWEEP).is_file()
}
