//! Writes datasets as ann-benchmarks stores them, with swath's additions.

use crate::dataset::{Dataset, Subtopics};
use crate::format::DatasetError;
use crate::hdf5_file::{Hdf5Writer, Values};
use std::path::Path;
use swath_algorithms::Vectors;

/// Writes a dataset; [`read`](crate::format::read) returns an equal one. Distances are rounded to `f32`, as in ann-benchmarks,
/// unless one exceeds its range. Equal datasets give equal bytes. The file appears under its name only when it is complete.
///
/// # Errors
/// [`DatasetError::Invalid`] if [`Dataset::check`] fails, [`DatasetError::Io`].
pub fn write(path: &Path, dataset: &Dataset) -> Result<(), DatasetError> {
    dataset.check().map_err(|flaw| DatasetError::Invalid { path: path.to_owned(), flaw })?;
    let flat = |vectors: &Vectors| (0..vectors.rows()).flat_map(|i| vectors.row(i)).copied().collect::<Vec<f32>>();
    let (train, test) = (flat(&dataset.train), flat(&dataset.test));
    let (n, m, dim, count) = (dataset.train.rows(), dataset.test.rows(), dataset.train.dim(), dataset.neighbors.count);
    // NO_ID becomes -1.
    let ids: Vec<i32> = dataset.neighbors.ids.iter().map(|&id| id as i32).collect();
    let distances: Vec<f32> = dataset.neighbors.distances.iter().map(|&d| d as f32).collect();
    let edges: Vec<i32> = dataset.links.iter().flat_map(|l| l.edges.iter().flatten()).map(|&id| id as i32).collect();
    let relation: Vec<i8> = dataset.links.iter().flat_map(|l| &l.relation).map(|&r| r as i8).collect();
    let by_query = |pairs: &Option<Subtopics>| -> Option<Vec<i32>> {
        let row = |q, &(item, number): &(u32, u32)| [q as i32, item as i32, number as i32];
        pairs.as_ref().map(|pairs| (0..m).flat_map(|q| pairs.of(q).iter().flat_map(move |pair| row(q, pair))).collect())
    };
    let (subtopics, qrels) = (by_query(&dataset.subtopics), by_query(&dataset.qrels));
    let texts = |names: &'_ Option<Vec<String>>| names.clone().unwrap_or_default();
    let (train_names, test_names) = (texts(&dataset.train_names), texts(&dataset.test_names));
    let (train_names, test_names): (Vec<&str>, Vec<&str>) =
        (train_names.iter().map(String::as_str).collect(), test_names.iter().map(String::as_str).collect());

    let mut file = Hdf5Writer::new();
    file.text("type", "dense").text("distance", dataset.distance.name()).text("point_type", "float");
    file.integer("dimension", dim as i64);
    file.array("train", &[n, dim], Values::F32(&train)).array("test", &[m, dim], Values::F32(&test));
    file.array("neighbors", &[m, count], Values::I32(&ids));
    let fits =
        distances.iter().zip(&dataset.neighbors.distances).all(|(d, exact)| d.is_finite() || exact.is_infinite());
    let distances = if fits { Values::F32(&distances) } else { Values::F64(&dataset.neighbors.distances) };
    file.array("distances", &[m, count], distances);
    if let Some(links) = &dataset.links {
        file.array("links", &[links.edges.len(), 2], Values::I32(&edges));
        if !links.relations.is_empty() {
            file.array_text("relations", &links.relations.join(","));
            file.array("link_relations", &[relation.len()], Values::I8(&relation));
        }
    }
    for (name, rows) in [("subtopics", &subtopics), ("qrels", &qrels)] {
        if let Some(rows) = rows {
            file.array(name, &[rows.len() / 3, 3], Values::I32(rows));
        }
    }
    if dataset.train_names.is_some() {
        file.array("train_names", &[n], Values::Text(&train_names));
    }
    if dataset.test_names.is_some() {
        file.array("test_names", &[m], Values::Text(&test_names));
    }
    Ok(file.write(path)?)
}
