//! The trials of a run, a line each.

use super::{Example, Exported, Exporter, FinishedRun, Written, unwritten};
use crate::config::Failure;
use std::path::{Path, PathBuf};
use swath_datasets::whole_file::{make_folder, write_whole};

/// The exporter.
pub struct Labels;

impl Exporter for Labels {
    fn name(&self) -> &'static str {
        "labels"
    }

    fn about(&self) -> &'static str {
        "Write the names of its trials as DIR/labels.txt (a recipe's example)"
    }

    fn example(&self) -> Example {
        Example { folder: "names", holds: "names/labels.txt" }
    }

    fn export(&self, run: &FinishedRun, target: &Path, _: &[PathBuf], _: u64) -> Result<Exported, Failure> {
        let path = target.join("labels.txt");
        let text: String = run.manifest.trials.iter().map(|trial| trial.label() + "\n").collect();
        let written = make_folder(target).and_then(|()| write_whole(&path, text.as_bytes()));
        written.map_err(|error| unwritten(&path, &error))?;
        Ok(Exported { written: vec![Written { what: "labels".into(), path }], ..Exported::default() })
    }
}
