//! Where a graph's edges come from, as an experiment writes it: a name, or a name with its weight.

use crate::params::Positive;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StrDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Where edges come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeSource {
    /// From each base vector to its nearest others (directed), weighted by the kernel; on euclidean data by `rbf` as wide
    /// as the vector's own median distance to them. A weight of 0 is no edge.
    Knn,
    /// The edges of `knn` between vectors of which each is among the other's nearest.
    KnnMutual,
    /// The edges of `knn`, both ways. Where each of two vectors is among the other's nearest, either edge keeps its weight.
    KnnSymmetric,
    /// The dataset's links, each weighted by its relation (parallel links add up).
    Links,
    /// The control of `links`: within each relation the targets are permuted, so that every vector keeps its numbers of
    /// links out and in, and loses what they mean.
    LinksShuffled,
}

impl EdgeSource {
    /// Whether it is made of the dataset's links.
    pub fn is_links(self) -> bool {
        matches!(self, Self::Links | Self::LinksShuffled)
    }
}

/// A source with its weight among others: `links`, which weighs 1, or `{ links: 2 }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedSource {
    /// The source.
    pub source: EdgeSource,
    /// Its weight; only ratios matter.
    pub weight: Positive,
}

impl From<EdgeSource> for WeightedSource {
    fn from(source: EdgeSource) -> Self {
        Self { source, weight: crate::params::constant!(Positive, 1.0) }
    }
}

impl Serialize for WeightedSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.weight.get() == 1.0 {
            return self.source.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.source, &self.weight)?;
        map.end()
    }
}

/// Reads the one entry of `{ links: 2 }`.
fn entry<'de, A: MapAccess<'de>>(mut map: A, wanted: &dyn serde::de::Expected) -> Result<WeightedSource, A::Error> {
    let Some(source) = map.next_key()? else { return Err(A::Error::invalid_length(0, wanted)) };
    let weight = map.next_value()?;
    match map.next_key::<EdgeSource>()? {
        None => Ok(WeightedSource { source, weight }),
        Some(_) => Err(A::Error::custom(format!("found several sources in one mapping, expected {wanted}"))),
    }
}

impl<'de> Deserialize<'de> for WeightedSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = WeightedSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a source of edges, such as `links`, or one with its weight, such as `{ links: 2 }`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<WeightedSource, E> {
                EdgeSource::deserialize(StrDeserializer::new(name)).map(WeightedSource::from)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WeightedSource, A::Error> {
                entry(map, &self)
            }
        }

        deserializer.deserialize_any(Read)
    }
}

impl JsonSchema for WeightedSource {
    fn schema_name() -> Cow<'static, str> {
        "WeightedSource".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<EdgeSource>();
        let weight = generator.subschema_for::<Positive>();
        json_schema!({
            "description": "A source of edges, or one with its weight among the others.",
            "anyOf": [
                name,
                {
                    "type": "object",
                    "propertyNames": name,
                    "additionalProperties": weight,
                    "minProperties": 1,
                    "maxProperties": 1
                }
            ]
        })
    }
}

/// Reads a list of sources, at least one, each once; one alone may stand without brackets.
///
/// # Errors
/// The deserializer's, where the list is empty, and where one source stands there twice.
pub(crate) fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WeightedSource>, D::Error> {
    struct Read;

    impl<'de> Visitor<'de> for Read {
        type Value = Vec<WeightedSource>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("at least one source of edges, such as `knn` or `links`")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut sources: Vec<WeightedSource> = Vec::new();
            while let Some(next) = list.next_element::<WeightedSource>()? {
                if sources.iter().any(|seen| seen.source == next.source) {
                    return Err(A::Error::custom(
                        "this source of edges is listed twice; to give it more weight, write the weight, such as \
                         `{ links: 2 }`",
                    ));
                }
                sources.push(next);
            }
            if sources.is_empty() { Err(A::Error::invalid_length(0, &self)) } else { Ok(sources) }
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Ok(vec![entry(map, &self)?])
        }
    }

    deserializer.deserialize_seq(Read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_weighs_one_and_a_mapping_says_its_weight() {
        let read = |text| serde_json::from_str::<WeightedSource>(text);
        assert_eq!(read("\"knn-mutual\"").expect("a name"), EdgeSource::KnnMutual.into());
        let heavy = read("{\"links\": 2}").expect("a weight");
        assert_eq!((heavy.source, heavy.weight.get()), (EdgeSource::Links, 2.0));
        for text in ["\"knn\"", "{\"links-shuffled\":2.5}"] {
            assert_eq!(serde_json::to_string(&read(text).expect("read")).expect("written"), text);
        }
        for wrong in ["\"nn\"", "{}", "{\"links\":0}", "{\"links\":1,\"knn\":1}", "3", "[\"knn\"]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let list = |text: &str| at_least_one(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(list("[\"knn\",\"links\"]").expect("a list").len(), 2);
        for wrong in ["[]", "[\"knn\",\"knn\"]", "[\"knn\",{\"knn\":2}]"] {
            assert!(list(wrong).is_err(), "{wrong}");
        }
    }
}
