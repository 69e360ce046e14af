//! Limits of a run's time and memory.

use super::defaults::constant;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use swath_algorithms::params::Count;

/// Limits for a build and the trials that share it. Beyond a limit only these trials end; the run continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Seconds for building an index and a graph, and for answering all queries once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Count>,
    /// Memory that a build with its trials may allocate, dataset included, such as `4 GiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// Seconds that programs outside may take, step by step.
    #[serde(skip_serializing_if = "ExternalLimits::are_usual")]
    pub external: ExternalLimits,
}

/// Seconds that a program outside may take for each step. Building is limited by `seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExternalLimits {
    /// Until its first line.
    pub hello: Count,
    /// For opening the dataset, and for setting parameters.
    pub open: Count,
    /// For a block of queries.
    pub pass: Count,
    /// Until it has ended by itself.
    pub end: Count,
}

impl ExternalLimits {
    fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for ExternalLimits {
    fn default() -> Self {
        Self { hello: constant(120), open: constant(60), pass: constant(600), end: constant(5) }
    }
}

/// A number of bytes, written as such or with a unit: `512 MiB`, `4GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Bytes(u64);

/// Units and how many bytes they are.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

impl Bytes {
    const ALLOWED: &str = "a size above 0, in bytes or with a unit, such as `512 MiB` or `4 GB`";

    /// The number of bytes.
    pub fn get(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, unit) =
            UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim(), *unit))).unwrap_or((text, 1));
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let bytes = number.parse::<f64>().ok().filter(|_| plain)? * unit as f64;
        (1.0..9e18).contains(&bytes).then_some(Self(bytes as u64))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Bytes::ALLOWED)
            }

            fn visit_u64<E: Error>(self, bytes: u64) -> Result<Bytes, E> {
                if bytes > 0 { Ok(Bytes(bytes)) } else { Err(E::invalid_value(Unexpected::Unsigned(bytes), &self)) }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                Bytes::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_u64(Read)
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 1 },
            { "type": "string", "pattern": "^ *[0-9.]+ *([TGMK]iB|[TGMk]?B)? *$" },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        let cases = [("512 MiB", 512 << 20), ("4GB", 4_000_000_000), ("1.5 KiB", 1536), ("7", 7), (" 2 B ", 2)];
        for (text, bytes) in cases {
            assert_eq!(Bytes::parse(text), Some(Bytes(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1 MiB", "1 mib", "1e3 MiB", "inf", "0", "1 2 MiB", "99999999 TiB"] {
            assert_eq!(Bytes::parse(text), None, "{text}");
        }
    }
}
