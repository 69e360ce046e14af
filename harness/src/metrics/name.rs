//! How a metric is named: `recall`, `recall@5`, `vendi(q=2)`, `coverage(kernel=rbf)@5`.

use super::{About, Answer, Family, MetricParams, MetricSetting, Usual, Within};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use swath_algorithms::{Distance, Unfit};
use swath_datasets::Stored;

/// A metric with its parameters and its cut, by its name. Names are few, so each metric is made once and kept.
#[derive(Clone, Copy)]
pub struct MetricName(&'static Named);

struct Named {
    label: String,
    params: MetricParams,
    cut: Option<usize>,
}

/// The longest name of a metric in bytes: files are called by it.
const LONGEST: usize = 120;

/// All metrics that were ever named, by name.
static NAMES: Mutex<BTreeMap<String, &'static Named>> = Mutex::new(BTreeMap::new());

impl MetricName {
    fn new(params: MetricParams, cut: Option<usize>) -> Self {
        let mut label = params.name().to_owned();
        let changed = changed(&params);
        if !changed.is_empty() {
            label = format!("{label}({})", changed.join(", "));
        }
        if let Some(cut) = cut {
            label = format!("{label}@{cut}");
        }
        let mut names = NAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(named) = names.get(&label) {
            return Self(named);
        }
        let named = &*Box::leak(Box::new(Named { label: label.clone(), params, cut }));
        names.insert(label, named);
        Self(named)
    }

    /// The metric with that name, as [`MetricName::name`] gives it.
    pub fn find(name: &str) -> Option<Self> {
        read(name).ok()
    }

    /// All registered metrics, with default parameters and without a cut.
    pub fn all() -> impl Iterator<Item = Self> {
        MetricParams::all().into_iter().map(|params| Self::new(params, None))
    }

    /// The metrics that are measured if an experiment names none, on a dataset with or without judgements of relevance, of
    /// subtopics, and groups: recall, then the headline metrics of these judgements, then the others.
    pub fn usual(qrels: bool, subtopics: bool, groups: bool) -> Vec<Self> {
        let is_usual = |metric: &Self| match metric.about().usual {
            Usual::Always => true,
            Usual::WithQrels => qrels,
            Usual::WithSubtopics => subtopics,
            Usual::WithGroups => groups,
            Usual::Never => false,
        };
        let mut usual: Vec<Self> = Self::all().filter(is_usual).collect();
        usual.sort_by_key(|metric| match metric.name() {
            "recall" => 0,
            _ if metric.is_judged() && metric.headline_rank().is_some() => 1,
            _ => 2,
        });
        usual
    }

    /// The place of the metric that speaks for what people judged, among those that were measured; `None` if nothing was that
    /// people judged. 1. a headline metric, by its rank; 2. one with a cut or parameters of its own; 3. the first other that more
    /// is better of. How many results were judged is no such metric.
    pub fn of_judgements(metrics: &[Self]) -> Option<usize> {
        let rank = |(at, metric): (usize, &Self)| {
            let is_quality = metric.is_judged() && metric.kind() != "judged" && metric.higher_is_better();
            let rank = metric.about().headline;
            is_quality.then(|| (metric.headline_rank().is_none(), rank.is_none(), rank, at))
        };
        metrics.iter().enumerate().filter_map(rank).min().map(|(.., at)| at)
    }

    /// Whether it is measured by what people judged: relevance or subtopics.
    pub fn is_judged(self) -> bool {
        matches!(self.family(), Family::Judged | Family::Subtopics)
    }

    /// Its name in YAML, CSV, plots and result files.
    pub fn name(self) -> &'static str {
        &self.0.label
    }

    /// Its name as part of a file name: letters, digits, dots and hyphens.
    pub fn file_name(self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        self.0.label.replace(')', "").chars().map(plain).collect()
    }

    /// The name of the metric alone, without parameters and cut.
    pub fn kind(self) -> &'static str {
        self.0.params.name()
    }

    /// Its parameters.
    pub fn params(self) -> &'static MetricParams {
        &self.0.params
    }

    /// What it is.
    pub fn about(self) -> About {
        self.0.params.about()
    }

    /// What it is on data of a distance; `None` stands for data of any.
    pub fn about_on(self, distance: Option<Distance>) -> About {
        distance.map_or_else(|| self.about(), |distance| self.0.params.about_on(distance))
    }

    /// Whether its values are in the unit of the dataset's vectors; if the distance is not known, whether they may be.
    pub fn has_unit_on(self, distance: Option<Distance>) -> bool {
        distance.map_or_else(
            || Distance::ALL.into_iter().any(|distance| self.0.params.has_unit_on(distance)),
            |distance| self.0.params.has_unit_on(distance),
        )
    }

    /// Whether larger values are better.
    pub fn higher_is_better(self) -> bool {
        self.about().higher_is_better
    }

    /// What it is about.
    pub fn family(self) -> Family {
        self.about().family
    }

    /// Its rank among the metrics that may speak for an experiment, from 1. `None` for one that may not, or that has a cut
    /// or parameters of its own.
    pub fn headline_rank(self) -> Option<u8> {
        self.about().headline.filter(|_| self.name() == self.kind())
    }

    /// The number of first results that it looks at; `None` for all.
    pub fn cut(self) -> Option<usize> {
        self.0.cut
    }

    /// The same metric of the first `cut` results.
    #[must_use]
    pub fn at(self, cut: Option<usize>) -> Self {
        Self::new(self.0.params.clone(), cut)
    }

    /// Checks whether it can be computed in such a setting.
    ///
    /// # Errors
    /// Why it cannot, and what can be done.
    pub fn possible(self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        if self.name().len() > LONGEST || Self::find(self.name()) != Some(self) {
            let message = "its parameters cannot be part of a name, which tables and files need";
            return Err(Unfit::new(message, "use short names of letters, digits and hyphens"));
        }
        self.0.params.kernel().check(setting.kind)?;
        let Some(cut) = self.0.cut else { return self.0.params.possible(setting) };
        if !self.0.params.takes_cut() {
            let message = "it does not judge a list of results, so it takes no cut";
            return Err(Unfit::new(message, format!("write `{}` without a cut", self.kind())));
        }
        if cut > setting.k {
            let message = format!("it looks at the first {cut} results, but k is {}", setting.k);
            return Err(Unfit::new(message, format!("cut at {} at most, or use a larger k", setting.k)));
        }
        self.0.params.possible(&MetricSetting { k: cut, ..*setting })
    }

    /// Whether it can have this value for `k` results: within its bounds up to rounding, or NaN, which stands for
    /// undefined.
    pub fn can_be(self, value: f64, k: usize) -> bool {
        let (least, most) = self.0.params.bounds(self.cut().map_or(k, |cut| cut.min(k)));
        let rounding = |bound: f64| 1e-4 * bound.abs().max(1.0);
        value.is_nan() || value.is_finite() && value >= least - rounding(least) && value <= most + rounding(most)
    }

    /// The distance within which results of a query count as found. Its true neighbours are at these ascending
    /// distances, stored as `stored`. `None` if the metric is no share of results within a distance, or is not defined
    /// for this query.
    pub fn within(self, distances: &[f64], stored: Stored, k: usize) -> Option<Within> {
        let count = self.cut().map_or(k, |cut| cut.min(k));
        Within::new(distances, stored, count, |distance| self.0.params.reach(distance))
    }

    /// Its value for one query; `None` if it is not defined for this query.
    pub fn value(self, asked: &super::AnsweredQuery<'_>) -> Option<f64> {
        let answer: Answer<'_> = asked.answer(self.0.cut);
        // 0 has no sign.
        asked.seen.defined(|| self.0.params.value(&answer)).map(|value| value + 0.0)
    }
}

/// The number of a parameter in names: in scientific notation only if it would be long otherwise. All zeros of the
/// smallest number above 0 would make a file name longer than file systems allow.
pub fn number_text(number: &Number) -> String {
    const LONGEST: usize = 24;
    let Some(value) = number.as_f64() else { return number.to_string() };
    let text = value.to_string();
    if text.len() > LONGEST { format!("{value:e}") } else { text }
}

/// The parameters that differ from their defaults, as `q=2`.
fn changed(params: &MetricParams) -> Vec<String> {
    let of = |params: &MetricParams| json!(params)[params.name()].as_object().cloned().unwrap_or_default();
    let default = MetricParams::all().into_iter().find(|other| other.name() == params.name());
    let default = default.map(|default| of(&default)).unwrap_or_default();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number_text(number),
        other => other.to_string(),
    };
    let given = of(params).into_iter().filter(|(key, value)| default.get(key) != Some(value));
    given.map(|(key, value)| format!("{key}={}", text(&value))).collect()
}

/// Splits a name at its cut: `recall@5` is `recall` and 5.
fn part(name: &str) -> Result<(&str, Option<usize>), String> {
    let Some((name, cut)) = name.rsplit_once('@') else { return Ok((name, None)) };
    let number = cut.parse().ok().filter(|&cut| (1..1 << 31).contains(&cut));
    let wrong = || format!("found `@{cut}`, expected a number of results, at least 1; write a cut as in `recall@5`");
    Ok((name, Some(number.ok_or_else(wrong)?)))
}

/// Why a name cannot be read.
enum Unread {
    /// There is no such metric.
    Unknown(String),
    Other(String),
}

fn read(text: &str) -> Result<MetricName, Unread> {
    let (name, cut) = part(text).map_err(Unread::Other)?;
    let (kind, given) = match name.split_once('(') {
        None => (name, ""),
        Some((kind, given)) => {
            let open =
                || Unread::Other(format!("`{text}` has a bracket that is not closed; write `{kind}(name=value)`"));
            (kind, given.strip_suffix(')').ok_or_else(open)?)
        }
    };
    let mut parameters = Map::new();
    for entry in given.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let wrong = || Unread::Other(format!("`{entry}` gives no value; write `{kind}(name=value)`"));
        let (key, value) = entry.split_once('=').ok_or_else(wrong)?;
        let value = serde_json::from_str(value.trim()).unwrap_or_else(|_| value.trim().into());
        parameters.insert(key.trim().to_owned(), value);
    }
    if !MetricParams::NAMES.contains(&kind) {
        return Err(Unread::Unknown(kind.to_owned()));
    }
    let params = MetricParams::read(kind, Value::Object(parameters));
    let params = params.map_err(|error| Unread::Other(format!("`{text}`: {error}")))?;
    Ok(MetricName::new(params, cut))
}

impl fmt::Debug for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for MetricName {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Serialize for MetricName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for MetricName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = MetricName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a metric, such as `recall`, `recall@5` or `{ vendi: { q: 2 } }`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<MetricName, E> {
                read(text).map_err(|unread| match unread {
                    Unread::Unknown(name) => E::unknown_variant(&name, MetricParams::NAMES),
                    Unread::Other(message) => E::custom(message),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MetricName, A::Error> {
                let Some(key) = map.next_key::<String>()? else { return Err(A::Error::invalid_length(0, &self)) };
                let (name, cut) = part(&key).map_err(A::Error::custom)?;
                if !MetricParams::NAMES.contains(&name) {
                    return Err(A::Error::unknown_variant(name, MetricParams::NAMES));
                }
                let params = map.next_value_seed(ParameterList(name))?;
                match map.next_key::<String>()? {
                    None => Ok(MetricName::new(params, cut)),
                    Some(_) => {
                        Err(A::Error::custom("found several metrics in one mapping; make each an element of the list"))
                    }
                }
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// Reads the parameters of the metric of this name.
struct ParameterList<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for ParameterList<'_> {
    type Value = MetricParams;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<MetricParams, D::Error> {
        MetricParams::read(self.0, deserializer)
    }
}

impl JsonSchema for MetricName {
    fn schema_name() -> Cow<'static, str> {
        "MetricName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = MetricParams::NAMES.join("|");
        let with_parameters = MetricParams::all().into_iter().map(|params| {
            let mut schema = params.schema().to_value();
            if let Some(object) = schema.as_object_mut() {
                object.remove("$schema");
            }
            (format!("^{}(@[1-9][0-9]*)?$", params.name()), schema)
        });
        json_schema!({
            "description": "A metric, see `swath metrics`; `recall@5` looks at the first 5 results alone.",
            "anyOf": [
                { "type": "string", "enum": MetricParams::NAMES },
                { "type": "string", "pattern": format!("^({names})(\\([^)]*\\))?(@[1-9][0-9]*)?$") },
                {
                    "type": "object",
                    "patternProperties": with_parameters.collect::<Map<_, _>>(),
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1
                }
            ]
        })
    }
}
