//! The experiment of a run, as its manifest keeps it.

use super::{Mode, Parameters, Parting};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// The experiment of a run: every default filled in, every grid point written out.
///
/// It is checked once, when it is read. Its JSON is kept, and is written as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentRecord {
    fields: Fields,
    json: Value,
}

/// The fields whose types this room knows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Fields {
    name: String,
    k: usize,
    #[serde(default)]
    queries: Option<usize>,
    seed: u64,
    mode: Mode,
    threads: StatedCount,
    repeats: StatedCount,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    split: Option<Parting>,
    #[serde(default)]
    imported: Option<String>,
    #[serde(default)]
    retrievers: Vec<Vec<Value>>,
}

/// A count as an experiment states it. Imported results may have words in its place, such as `unknown`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "threads and repeats are a count or a word")]
pub enum StatedCount {
    /// A count.
    Count(u32),
    /// Words.
    Words(String),
}

impl StatedCount {
    /// The count; `None` for words.
    pub fn count(&self) -> Option<u32> {
        if let Self::Count(count) = self { Some(*count) } else { None }
    }
}

impl fmt::Display for StatedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl ExperimentRecord {
    /// The record of an experiment, or of the description that an import has in its place.
    ///
    /// # Errors
    /// A field that every experiment has is missing or wrong.
    pub fn new(experiment: &impl Serialize) -> Result<Self, serde_json::Error> {
        Self::from_json(serde_json::to_value(experiment)?)
    }

    fn from_json(json: Value) -> Result<Self, serde_json::Error> {
        Ok(Self { fields: Fields::deserialize(&json)?, json })
    }

    /// The experiment's name.
    pub fn name(&self) -> &str {
        &self.fields.name
    }

    /// Results per query.
    pub fn k(&self) -> usize {
        self.fields.k
    }

    /// Size of the sample of queries; `None` if all of the dataset's are asked.
    pub fn queries(&self) -> Option<usize> {
        self.fields.queries
    }

    /// Seed of every random choice.
    pub fn seed(&self) -> u64 {
        self.fields.seed
    }

    /// How queries are timed.
    pub fn mode(&self) -> Mode {
        self.fields.mode
    }

    /// Threads that answer timed queries.
    pub fn threads(&self) -> &StatedCount {
        &self.fields.threads
    }

    /// Number of timed repeats.
    pub fn repeats(&self) -> &StatedCount {
        &self.fields.repeats
    }

    /// The retriever that the experiment names as its reference, if it names one.
    pub fn reference(&self) -> Option<&str> {
        self.fields.reference.as_deref()
    }

    /// How queries are parted for choosing parameters, if they are.
    pub fn parting(&self) -> Option<&Parting> {
        self.fields.split.as_ref()
    }

    /// Whether the results were imported.
    pub fn is_imported(&self) -> bool {
        self.fields.imported.is_some()
    }

    /// The parameters of the trial at this position of the plan; `None` for imported results.
    pub fn parameters(&self, trial: usize) -> Option<Parameters> {
        self.fields.retrievers.iter().flatten().nth(trial).map(Parameters::of_point)
    }

    /// The first field in which another experiment differs, beside its dataset, k, the points of its retrievers (whose pools follow k),
    /// and how it is reported, checked and limited; `None` if there is none.
    pub fn differs_beside_size(&self, other: &Self) -> Option<&str> {
        const OTHER: [&str; 6] = ["dataset", "k", "retrievers", "report", "check", "limits"];
        let fields = self.json.as_object()?.iter().filter(|(name, _)| !OTHER.contains(&name.as_str()));
        fields.filter(|(name, value)| other.json.get(name) != Some(value)).map(|(name, _)| name.as_str()).next()
    }

    /// The source of its dataset, as a type of the caller's.
    ///
    /// # Errors
    /// The field is missing, or is no `T`.
    pub fn dataset<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.json["dataset"])
    }

    /// Its settings of the report; `None` in manifests of early versions, which have none.
    ///
    /// # Errors
    /// The field is no `T`.
    pub fn report<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.json.get("report").map(T::deserialize).transpose()
    }

    /// Its settings of `swath check`; `None` for imported results.
    ///
    /// # Errors
    /// The field is no `T`.
    pub fn check<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        Option::deserialize(&self.json["check"])
    }
}

impl Serialize for ExperimentRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExperimentRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Self::from_json(json).map_err(|error| D::Error::custom(format!("its experiment: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn experiment() -> Value {
        let point = |lambda: f64| {
            json!({ "name": "mmr", "candidates": { "exact": { "pool": 9 } }, "expand": null,
            "select": { "mmr": { "lambda": lambda } } })
        };
        json!({
            "name": "x", "dataset": "d", "k": 5, "queries": null, "seed": 7, "mode": "batch", "threads": 2, "repeats": 3,
            "retrievers": [
                [{ "name": "t", "candidates": { "exact": { "pool": 5 } }, "select": { "top-k": {} } }],
                [point(0.5), point(1.0)]
            ],
            "a field of a later version": [1],
        })
    }

    #[test]
    fn it_is_read_and_written_unchanged() {
        let text = experiment().to_string();
        let record: ExperimentRecord = serde_json::from_str(&text).expect("a record");
        assert_eq!(serde_json::to_string(&record).expect("JSON"), text);
        assert_eq!((record.name(), record.k(), record.queries(), record.seed()), ("x", 5, None, 7));
        assert_eq!((record.mode(), record.threads().count(), record.is_imported()), (Mode::Batch, Some(2), false));
        assert_eq!((record.reference(), record.parting()), (None, None));
        assert!(record.parameters(0).is_some_and(|parameters| parameters.is_top_k()));
        let last = record.parameters(2).map(|parameters| parameters.text().to_owned());
        assert_eq!(last.as_deref(), Some(r#"{"candidates":{"exact":{"pool":9}},"select":{"mmr":{"lambda":1.0}}}"#));
        assert_eq!(record.parameters(3), None);
        assert_eq!(record.dataset::<String>().expect("a name"), "d");
        assert_eq!((record.report::<u32>().expect("none"), record.check::<u32>().expect("none")), (None, None));
    }

    #[test]
    fn imported_results_have_words_for_counts_and_no_retrievers() {
        let import = json!({ "name": "x", "dataset": "d", "k": 5, "queries": null, "seed": 0, "mode": "single",
            "threads": "unknown", "repeats": "3", "imported": "results" });
        let record = ExperimentRecord::new(&import).expect("a record");
        assert_eq!((record.threads().count(), record.repeats().count()), (None, None));
        assert_eq!([record.threads(), record.repeats()].map(ToString::to_string), ["unknown", "3"]);
        assert!(record.is_imported() && record.parameters(0).is_none());
    }

    #[test]
    fn a_wrong_field_is_named_with_the_experiment() {
        for (field, value, expected) in [
            ("seed", json!("seven"), "its experiment: invalid type: string \"seven\", expected u64"),
            ("mode", json!("fast"), "its experiment: unknown variant `fast`, expected `single` or `batch`"),
            ("threads", json!([]), "its experiment: threads and repeats are a count or a word"),
        ] {
            let mut wrong = experiment();
            wrong[field] = value;
            let said = serde_json::from_value::<ExperimentRecord>(wrong).expect_err("wrong").to_string();
            assert_eq!(said, expected);
        }
    }
}
