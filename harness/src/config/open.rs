//! Opens an experiment's file.

use super::{ExperimentFile, Failure, YamlSource, parse};
use std::path::Path;
use swath_datasets::bounded;

/// Reads an experiment.
///
/// # Errors
/// [`Failure::Input`] and [`Failure::Invalid`].
pub fn open(file: &Path) -> Result<ExperimentFile, Failure> {
    let text = bounded::read_text(file, bounded::TEXT).map_err(|error| unreadable(file, &error))?;
    Ok(parse(YamlSource::parse(file.to_owned(), text)?)?)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "; give the path of a YAML experiment, or write one with `swath init DATASET`",
        std::io::ErrorKind::InvalidData => "; an experiment is UTF-8 text",
        std::io::ErrorKind::IsADirectory => "; give a file inside it",
        _ => "",
    };
    Failure::Input(format!("cannot read {}: {error}{hint}", file.display()))
}
