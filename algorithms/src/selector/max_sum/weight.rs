//! The weight of distances against relevance: a number, or one that the pool gives.

use super::{Request, Spreads};
use crate::params::{NonNegative, ONE_VALUE};
use crate::scratch::Scratch;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Weight of each pair's distance against an item's relevance: a number from 0 to 1,000,000, or `adaptive`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PairWeight {
    /// This number.
    Fixed(NonNegative),
    /// Such that relevance weighs as much as similarity, in a pool: `mean rel / ((k - 1) / 2 * mean s)`, s = 1 - distance, the second mean
    /// over all pairs of different items and at least 1e-6; 0 where k is 1 or the mean relevance is 0 or less.
    ///
    /// Our reading of the abstract of AdaGReS (arXiv 2512.25052).
    Adaptive,
}

const ADAPTIVE: &str = "adaptive";

impl PairWeight {
    /// The weight on this pool.
    pub(super) fn of(self, request: &Request<'_>, spreads: &Spreads<'_>, scratch: &Scratch) -> f64 {
        let (m, k) = (request.pool.items.len(), request.count());
        match self {
            Self::Fixed(weight) => weight.get(),
            Self::Adaptive if k < 2 => 0.0,
            Self::Adaptive => {
                let relevance = (0..m).map(|i| request.score(i)).sum::<f64>() / m as f64;
                if relevance <= 0.0 {
                    return 0.0;
                }
                let mut total = 0.0;
                spreads.pairs(scratch, |_, _, distance| total += 1.0 - distance);
                let similarity = total / (m * (m - 1) / 2) as f64;
                relevance / ((k - 1) as f64 / 2.0 * similarity.max(1e-6))
            }
        }
    }
}

impl From<NonNegative> for PairWeight {
    fn from(weight: NonNegative) -> Self {
        Self::Fixed(weight)
    }
}

impl Serialize for PairWeight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(weight) => weight.serialize(serializer),
            Self::Adaptive => serializer.serialize_str(ADAPTIVE),
        }
    }
}

impl<'de> Deserialize<'de> for PairWeight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = PairWeight;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}, or `{ADAPTIVE}`", NonNegative::ALLOWED)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<PairWeight, D::Error> {
                one.deserialize_any(self)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<PairWeight, E> {
                let weight = NonNegative::new(value as f64);
                weight.map(PairWeight::Fixed).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<PairWeight, E> {
                match u64::try_from(value) {
                    Ok(value) => self.visit_u64(value),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
                }
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<PairWeight, E> {
                let weight = NonNegative::new(value);
                weight.map(PairWeight::Fixed).map_err(|_| E::invalid_value(Unexpected::Float(value), &self))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<PairWeight, E> {
                if value == ADAPTIVE {
                    return Ok(PairWeight::Adaptive);
                }
                Err(E::invalid_value(Unexpected::Str(value), &self))
            }
        }

        deserializer.deserialize_newtype_struct(ONE_VALUE, Read)
    }
}

impl JsonSchema for PairWeight {
    fn schema_name() -> Cow<'static, str> {
        "PairWeight".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [NonNegative::json_schema(generator), { "const": ADAPTIVE }] })
    }
}
