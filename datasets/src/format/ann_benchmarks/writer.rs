//! Writes datasets as ann-benchmarks stores them, with swath's additions.

use crate::aspects::{self, Aspects};
use crate::dataset::{Dataset, Groups, Subtopics};
use crate::format::DatasetError;
use crate::hdf5_file::{Hdf5Writer, Values};
use crate::texts::Labels;
use crate::whole_file;
use std::io;
use std::path::Path;
use swath_algorithms::Points;
use swath_algorithms::points::PointType;

/// The attribute that says how a dataset was made, a line for each step.
pub(super) const HISTORY: &str = "history";

/// The values of points as files store them.
enum PointValues<'a> {
    Dense(&'a str, [usize; 2], Vec<f32>),
    Bits(&'a str, [usize; 2], Vec<u8>),
    /// Members of all sets, and sizes.
    Sets(&'a str, Vec<i32>, Vec<i32>),
    Sparse(&'a str, SparseValues),
}

/// Compressed rows.
struct SparseValues {
    offsets: Vec<i64>,
    columns: Vec<i32>,
    values: Vec<f32>,
    shape: [i64; 2],
}

impl<'a> PointValues<'a> {
    /// The values of `points`, which the file calls `name`.
    fn of(name: &'a str, points: &Points) -> Self {
        let shape = [points.len(), points.dim()];
        match points {
            Points::Dense(vectors) => {
                Self::Dense(name, shape, (0..vectors.rows()).flat_map(|i| vectors.row(i)).copied().collect())
            }
            Points::Bits(bits) => {
                let row = |i| (0..bits.dim()).map(move |j| u8::from(bits.row(i).bit(j)));
                Self::Bits(name, shape, (0..bits.rows()).flat_map(row).collect())
            }
            Points::Sets(sets) => {
                let sizes = (0..sets.rows()).map(|i| sets.row(i).len() as i32).collect();
                Self::Sets(name, sets.members().iter().map(|&member| member as i32).collect(), sizes)
            }
            Points::Sparse(vectors) => {
                let sparse = SparseValues {
                    offsets: vectors.offsets().iter().map(|&offset| offset as i64).collect(),
                    columns: vectors.columns().iter().map(|&column| column as i32).collect(),
                    values: vectors.values().to_vec(),
                    shape: shape.map(|n| n as i64),
                };
                Self::Sparse(name, sparse)
            }
        }
    }

    /// Adds them as ann-benchmarks stores them: bits as booleans, sets one after another with their sizes. Sparse vectors,
    /// which it does not have, become a group with the arrays of SciPy's compressed rows.
    fn add_to<'v>(&'v self, file: &mut Hdf5Writer<'v>) {
        match self {
            Self::Dense(name, shape, values) => file.array(name, shape, Values::F32(values)),
            Self::Bits(name, shape, values) => file.array(name, shape, Values::Bits(values)),
            Self::Sets(name, members, sizes) => file.array(name, &[members.len()], Values::I32(members)).array(
                &format!("size_{name}"),
                &[sizes.len()],
                Values::I32(sizes),
            ),
            Self::Sparse(name, SparseValues { offsets, columns, values, shape }) => file
                .array(&format!("{name}/indptr"), &[offsets.len()], Values::I64(offsets))
                .array(&format!("{name}/indices"), &[columns.len()], Values::I32(columns))
                .array(&format!("{name}/data"), &[values.len()], Values::F32(values))
                .array(&format!("{name}/shape"), &[2], Values::I64(shape)),
        };
    }
}

/// Groups as files store them: numbers, or the label of each base vector's group.
enum GroupValues<'a> {
    Numbers(&'a [i32]),
    Labels(Vec<&'a str>),
}

impl<'a> GroupValues<'a> {
    fn of(groups: &'a Groups) -> Self {
        let label = |group: &i32| usize::try_from(*group).map_or("", |group| groups.labels[group].as_str());
        if groups.labels.is_empty() {
            Self::Numbers(&groups.of)
        } else {
            Self::Labels(groups.of.iter().map(label).collect())
        }
    }
}

/// The labels of an array, each kind with the name of its own array.
fn labels<'a>(array: &'static str, labels: &'a Labels) -> impl Iterator<Item = (String, Vec<&'a str>)> {
    let kinds = Labels::KINDS.into_iter().zip(labels.kinds());
    kinds.filter_map(move |(kind, texts)| Some((format!("{array}_{kind}"), texts.as_ref()?.iter().collect())))
}

/// Writes a dataset; [`read`](crate::format::read) returns an equal one. Distances are rounded to `f32`, as in ann-benchmarks,
/// unless one exceeds its range. Equal datasets give equal bytes. The file appears under its name only when it is complete.
///
/// # Errors
/// [`DatasetError::Invalid`] if [`Dataset::check`] fails, [`DatasetError::Io`].
pub fn write(path: &Path, dataset: &Dataset) -> Result<(), DatasetError> {
    write_by(path, dataset, whole_file::write_whole)
}

/// As [`write()`], but replaces no file, not even one that appears meanwhile.
///
/// # Errors
/// As [`write()`]; [`DatasetError::Io`] of the kind [`ErrorKind::AlreadyExists`](io::ErrorKind::AlreadyExists) if the file exists.
pub fn write_new(path: &Path, dataset: &Dataset) -> Result<(), DatasetError> {
    write_by(path, dataset, whole_file::write_new)
}

fn write_by(
    path: &Path,
    dataset: &Dataset,
    put: impl FnOnce(&Path, &[u8]) -> io::Result<()>,
) -> Result<(), DatasetError> {
    dataset.check().map_err(|flaw| DatasetError::Invalid { path: path.to_owned(), flaw })?;
    let (train, test) = (PointValues::of("train", &dataset.train), PointValues::of("test", &dataset.test));
    let (n, m, count) = (dataset.train.len(), dataset.test.len(), dataset.neighbors.count);
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
    let aspects = dataset.aspects.as_ref().map(Aspects::rows);
    let groups: Vec<GroupValues<'_>> = dataset.groups.iter().map(GroupValues::of).collect();
    let labels: Vec<(String, Vec<&str>)> =
        labels("train", &dataset.train_labels).chain(labels("test", &dataset.test_labels)).collect();

    let mut file = Hdf5Writer::new();
    let (form, of) = match dataset.train.kind() {
        PointType::Dense => ("dense", "float"),
        PointType::Bits => ("dense", "bit"),
        PointType::Sets => ("sparse", "bit"),
        PointType::Sparse => ("sparse", "float"),
    };
    file.text("type", form).text("distance", dataset.distance.name()).text("point_type", of);
    file.integer("dimension", dataset.train.dim() as i64);
    if !dataset.history.is_empty() {
        file.text(HISTORY, &dataset.history.join("\n"));
    }
    train.add_to(&mut file);
    test.add_to(&mut file);
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
    if let Some(rows) = &aspects {
        let width = 1 + dataset.test.dim();
        file.array(aspects::NAME, &[rows.len() / width, width], Values::F32(rows));
    }
    for (kind, values) in dataset.groups.iter().zip(&groups) {
        let name = if kind.name.is_empty() { "groups".to_owned() } else { format!("groups/{}", kind.name) };
        match values {
            GroupValues::Numbers(numbers) => file.array(&name, &[n], Values::I32(numbers)),
            GroupValues::Labels(labels) => file.array(&name, &[n], Values::Text(labels)),
        };
    }
    for (name, texts) in &labels {
        file.array(name, &[texts.len()], Values::Text(texts));
    }
    Ok(file.write_by(path, put)?)
}
