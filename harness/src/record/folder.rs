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

/// Why an experiment has cells, which are runs in folders of their own below one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Sizes of a sweep.
    Size,
    /// Datasets.
    Dataset,
}

impl CellKind {
    /// All kinds.
    const ALL: [Self; 2] = [Self::Size, Self::Dataset];

    /// The kind of the cells of a folder; `None` if it has none.
    pub fn of(folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| folder.join(kind.list()).is_file())
    }

    /// What such an experiment is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Size => "a sweep",
            Self::Dataset => "an experiment on several datasets",
        }
    }

    /// The file that lists the cells.
    pub fn list(self) -> &'static str {
        match self {
            Self::Size => "sweep.json",
            Self::Dataset => "datasets.json",
        }
    }

    /// The files of the report above the cells, without tables and figures.
    pub fn report(self) -> &'static [&'static str] {
        match self {
            Self::Size => &["scale.csv", "plots/captions.txt", "index.html"],
            Self::Dataset => &["datasets.csv", "across.csv", "ranks.csv", "plots/captions.txt", "index.html"],
        }
    }

    /// Whether a file or folder above the cells has this name, whatever its capitals.
    pub fn is_file_above(self, name: &str) -> bool {
        let others = [self.list(), "tables", UNFINISHED];
        let all = self.report().iter().filter_map(|file| file.split('/').next()).chain(others);
        all.into_iter().any(|taken| taken.eq_ignore_ascii_case(name))
    }
}
