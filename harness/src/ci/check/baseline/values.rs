//! The values of a baseline: an HDF5 file with a value for each measure and query.

use super::possible;
use super::text::{is_written_as, number};
use crate::ci::check::{MeasureValues, Snapshot};
use std::path::Path;
use swath_datasets::bounded;
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, Hdf5Writer, Values};
use swath_datasets::sha256;

/// The attribute that says when the values were saved.
const SAVED: &str = "saved";

/// At most this many bytes of values are read.
const MEMORY: u64 = 4 << 30;

/// Reads the values of each query into `state`; the error says what is wrong with the file.
pub fn read_values(path: &Path, bound: Option<&str>, state: &mut Snapshot) -> Result<(), String> {
    let remedy =
        "restore both files of the baseline; or remove this file, and write both again with `swath baseline update`";
    if let Some(bound) = bound {
        let found = sha256::of_file(path).map_err(|error| error.to_string())?;
        if found != bound {
            return Err(format!(
                "these are not the values of this baseline: their SHA-256 is {found:.12}..., but the YAML file says \
                 {bound:.12}...; {remedy}"
            ));
        }
    } else {
        bounded::open(path).map_err(|error| error.to_string())?;
    }
    let file = Hdf5File::open(path, MEMORY).map_err(|error| error.to_string())?;
    let attributes = file.attributes().map_err(|error| error.to_string())?;
    match attributes.get(SAVED).and_then(Attribute::text) {
        Some(saved) if saved == state.saved => {}
        Some(_) => return Err(format!("these are the values of another baseline; {remedy}")),
        None => {
            return Err(
                "this file does not hold the values of a baseline; move it elsewhere, or name another baseline".into(),
            );
        }
    }
    // All values are read before any is used: if one is wrong, the file may belong to another baseline.
    let mut read = Vec::new();
    for (i, trial) in state.trials.iter().enumerate() {
        for measured in &trial.measures {
            let at = |what: String| format!("{} of {}: {what}; {remedy}", measured.name, trial.label);
            let values = file.f32s(&name(i, &measured.name)).map_err(|error| error.to_string())?;
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            if values.len() != state.setting.queries {
                return Err(at(format!("there are {} values for {} queries", values.len(), state.setting.queries)));
            }
            for (query, &value) in values.iter().enumerate() {
                possible(&measured.name, value, state.setting.k).map_err(|what| at(format!("row {query} {what}")))?;
            }
            let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            let mean = crate::statistics::bootstrap::mean(&present);
            if !is_written_as(mean, measured.mean) {
                return Err(at(format!(
                    "the values have the mean {mean:.6}, but the YAML file says {}",
                    number(measured.mean)
                )));
            }
            read.push(values);
        }
        let group = format!("trial-{i}");
        let kept = if trial.measures.is_empty() {
            Vec::new()
        } else {
            file.names(&group).map_err(|error| error.to_string())?
        };
        if let Some(lost) = kept.iter().find(|kept| trial.measures.iter().all(|measured| measured.name != **kept)) {
            return Err(format!(
                "there are values of {lost} of {}, but the YAML file does not have this measure; {remedy}",
                trial.label
            ));
        }
    }
    let groups = file.names("/").map_err(|error| error.to_string())?.len();
    let measured = state.trials.iter().filter(|trial| !trial.measures.is_empty()).count();
    if groups != measured {
        return Err(format!("there are values of {groups} trials, but the YAML file has {measured}; {remedy}"));
    }
    let measures = state.trials.iter_mut().flat_map(|trial| &mut trial.measures);
    measures.zip(read).for_each(|(measured, values)| measured.values = values);
    Ok(())
}

/// The name of the array of a measure's values.
fn name(trial: usize, measure: &str) -> String {
    format!("trial-{trial}/{measure}")
}

/// Whether a file holds the values of a baseline, whichever it is.
pub fn is_values(path: &Path) -> bool {
    let attributes = Hdf5File::open(path, MEMORY).and_then(|file| file.attributes());
    attributes.is_ok_and(|attributes| attributes.contains_key(SAVED))
}

/// The content of the file of a baseline's values.
pub fn values(state: &Snapshot) -> Result<Vec<u8>, Hdf5Error> {
    let kept: Vec<(usize, &MeasureValues, Vec<f32>)> = (state.trials.iter().enumerate())
        .flat_map(|(i, trial)| trial.measures.iter().map(move |measured| (i, measured)))
        .map(|(i, measured)| (i, measured, measured.values.iter().map(|&value| value as f32).collect()))
        .collect();
    let mut file = Hdf5Writer::new();
    file.text(SAVED, &state.saved);
    for (i, measured, values) in &kept {
        file.array(&name(*i, &measured.name), &[values.len()], Values::F32(values));
    }
    // The bytes are hashed before the file gets its name.
    let folder = tempfile::tempdir().map_err(|source| Hdf5Error::Io { path: std::env::temp_dir(), source })?;
    let path = folder.path().join("values");
    file.write(&path)?;
    bounded::read(&path, MEMORY).map_err(|source| Hdf5Error::Io { path, source })
}
