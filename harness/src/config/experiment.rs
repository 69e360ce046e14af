//! An experiment as YAML writes it: typed, every default filled in.

use super::check::CheckSpec;
use super::defaults::constant;
use super::limits::Limits;
use super::read::Grid;
use super::retriever::Retriever;
use crate::config::figures::FigureSpec;
use crate::metrics::MetricName;
use crate::plot::Size;
use crate::record::Mode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer as _, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use swath_algorithms::params::{Count, Part};
use swath_datasets::{FileSet, Generated};

/// A swath experiment: a dataset, retrievers with their parameter grids, and metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name of the experiment, and of the folder under reports/ that holds its results.
    pub name: Name,
    /// A name that `swath datasets list` knows, or a path to an ann-benchmarks HDF5 file (seen from this file's folder), or
    /// files of vectors, judgements and so on, or vectors to draw.
    #[serde(default, skip_serializing_if = "DatasetSource::is_missing")]
    pub dataset: DatasetSource,
    /// Several datasets, in place of `dataset`: the experiment runs on each, and one page compares the retrievers across them.
    #[serde(default, deserialize_with = "not_empty", skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<DatasetSource>,
    /// Results per query.
    #[serde(default = "ten")]
    pub k: Count,
    /// Size of the seeded sample of queries; all of the dataset's, if left out.
    #[serde(default)]
    pub queries: Option<Count>,
    /// Seed of every random choice.
    #[serde(default)]
    pub seed: u64,
    /// `single` measures latency, one query at a time; `batch` measures throughput, all queries at once.
    #[serde(default)]
    pub mode: Mode,
    /// Threads that answer timed queries; building may use all cores. In mode single each thread answers one query at a
    /// time.
    #[serde(default = "one")]
    pub threads: Count,
    /// Times that every query is timed; results must agree across repeats.
    #[serde(default = "three")]
    pub repeats: Count,
    /// Metrics to compute; all that the dataset supports, if left out. Of several datasets each measures those that it supports.
    #[serde(default)]
    pub metrics: Option<Vec<MetricName>>,
    /// Name of the retriever whose first trial the others are compared with; if left out, the first that is plain top-k over
    /// exact candidates, else the first.
    #[serde(default)]
    pub reference: Option<Name>,
    /// Chooses each retriever's parameters on some of the queries and reports them on the others; nothing is chosen, if
    /// left out.
    #[serde(default)]
    pub split: Option<Split>,
    /// Runs the experiment at several sizes, each combination into a folder of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Limits of time and memory for a build and the trials that share it.
    #[serde(default)]
    pub limits: Limits,
    /// When `swath check` reports a regression.
    #[serde(default)]
    pub check: CheckSpec,
    /// What the report shows.
    #[serde(default)]
    pub report: ReportSpec,
    /// Whether it is the run on one of several datasets, so that metrics which this one cannot have are left out.
    #[serde(skip)]
    pub is_one_of_several: bool,
    /// The retrievers to compare. In a retriever's parameters a list is a grid axis: one trial for each combination.
    #[schemars(length(min = 1))]
    pub retrievers: Vec<Grid<Retriever>>,
}

/// Reads a list of datasets, which has some.
fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DatasetSource>, D::Error> {
    let datasets = Vec::deserialize(deserializer)?;
    if datasets.is_empty() {
        let message = "the list of datasets is empty; name one at least with `dataset: ...`, or several with `datasets: [..., ...]`";
        return Err(D::Error::custom(message));
    }
    Ok(datasets)
}

/// Where a dataset comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DatasetSource {
    /// A name or a path.
    File(String),
    /// Files that are named one by one.
    Files(Box<FileSet>),
    /// Drawn.
    Generated(Generated),
}

impl Default for DatasetSource {
    fn default() -> Self {
        Self::File(String::new())
    }
}

impl DatasetSource {
    /// Whether the experiment does not say it.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(name) if name.is_empty())
    }

    /// Its name: that of its file without the ending.
    pub fn name(&self) -> String {
        match self {
            Self::File(named) => {
                let name =
                    Path::new(named).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                let endings = [".hdf5", ".h5"];
                let plain = endings.iter().find_map(|ending| name.strip_suffix(ending)).map(str::to_owned);
                plain.unwrap_or(name)
            }
            Self::Files(files) => files.name(),
            Self::Generated(generated) => generated.name(),
        }
    }

    /// Keys that say nothing of which of the two a map is: drawn or of files.
    const SHARED: [&str; 3] = ["queries", "distance", "dimension"];
}

/// The entries of a map of which the first few were read before.
struct Replayed<A> {
    before: std::vec::IntoIter<(String, serde_json::Value)>,
    value: Option<serde_json::Value>,
    /// A key whose value is not read yet.
    key: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Replayed<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if let Some((key, value)) = self.before.next() {
            self.value = Some(value);
            return seed.deserialize(key.into_deserializer()).map(Some);
        }
        match self.key.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value).map_err(A::Error::custom),
            None => self.rest.next_value_seed(seed),
        }
    }
}

impl<'de> Deserialize<'de> for DatasetSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = DatasetSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name or path of a dataset, `{ vectors: FILE, queries: FILE, distance: angular }`, or \
                     `{ generate: gaussian, n: 20000, dimension: 128 }`",
                )
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<DatasetSource, E> {
                Ok(DatasetSource::File(name.to_owned()))
            }

            /// The first key that only one of the two has decides.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DatasetSource, A::Error> {
                let mut before = Vec::new();
                let mut key = map.next_key::<String>()?;
                while let Some(shared) = key.take_if(|key| DatasetSource::SHARED.contains(&key.as_str())) {
                    before.push((shared, map.next_value()?));
                    key = map.next_key()?;
                }
                let is_drawn = key.as_deref().is_some_and(|key| ["generate", "n", "seed"].contains(&key));
                let map = Replayed { before: before.into_iter(), value: None, key, rest: map };
                let map = MapAccessDeserializer::new(map);
                if is_drawn {
                    return Generated::deserialize(map).map(DatasetSource::Generated);
                }
                FileSet::deserialize(map).map(|files| DatasetSource::Files(Box::new(files)))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

impl JsonSchema for DatasetSource {
    fn schema_name() -> Cow<'static, str> {
        "DatasetSource".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (files, generated) = (generator.subschema_for::<FileSet>(), generator.subschema_for::<Generated>());
        json_schema!({ "anyOf": [{ "type": "string" }, files, generated] })
    }
}

/// What a report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportSpec {
    /// Sizes in which figures are written: `column` (always, since the page shows them), `page`, `slide`.
    pub sizes: Vec<Size>,
    /// The figures; all that the results allow, if left out.
    pub figures: Option<Vec<FigureSpec>>,
    /// Number of queries that the page shows one by one, a seeded sample.
    pub queries: u32,
}

impl Default for ReportSpec {
    fn default() -> Self {
        Self { sizes: vec![Size::Column], figures: None, queries: 30 }
    }
}

/// The sizes at which an experiment runs: one cell for each combination.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sweep {
    /// Numbers of base vectors: of drawn ones the first n, of a file's the first n in a seeded order.
    pub n: Vec<Count>,
    /// Dimensions, for drawn vectors only.
    pub dimension: Vec<Count>,
    /// Results per query.
    pub k: Vec<Count>,
}

/// Chooses parameters on some of the queries and reports them on the others: either `tune` or `across` says which.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The share of the queries, seeded, on which each retriever's best point is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Part>,
    /// For several datasets, in place of `tune`: for each dataset, each retriever's best point is chosen on all the other
    /// datasets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub across: bool,
    /// The metric by which points are chosen; if left out, the first of `subtopic-recall`, `alpha-ndcg` and `ndcg-qrels` that is measured, else the first of the metrics.
    #[serde(default)]
    pub by: Option<MetricName>,
}

/// A plain folder name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    const ALLOWED: &str = "a plain name, as files and folders bear it: 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or a digit";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fine = (1..=64).contains(&name.len())
            && name.chars().all(plain)
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !name.ends_with('.');
        if fine { Ok(Self(name)) } else { Err(D::Error::invalid_value(Unexpected::Str(&name), &Self::ALLOWED)) }
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$" })
    }
}

impl<T: Serialize> Serialize for Grid<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Grid<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

fn one() -> Count {
    constant(1)
}

fn three() -> Count {
    constant(3)
}

fn ten() -> Count {
    constant(10)
}
