//! Programs outside swath: what names one, and its parameters. Starting programs is not the business of this crate: what they answer is
//! handed in.

use crate::params::{Count, ONE_VALUE};
use crate::unfit::Unfit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The parameters of a program, by name. swath passes them on as they are.
pub type Settings = BTreeMap<String, Setting>;

/// The value of a program's parameter: a number, a text, `true` or `false`, or a list or a mapping of these.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Setting(Value);

/// A program with the parameters of its index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program<'a> {
    /// The command and its arguments.
    pub command: &'a [String],
    /// Parameters of its index.
    pub build: &'a Settings,
    /// Threads with which it may build; all, if `None`.
    pub build_threads: Option<Count>,
    /// Parameters of its searches.
    pub search: &'a Settings,
}

impl Setting {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    const ALLOWED: &str = "a number, a text, `true` or `false`, or a list or a mapping of these";
}

impl Program<'_> {
    /// A text that only the same program with the same parameters has: those share an index. They have search parameters of the same
    /// names: one that another trial set, and this one does not name, would stay as it is.
    pub fn key(&self) -> String {
        let Self { command, build, build_threads, search } = self;
        let search: Vec<&String> = search.keys().collect();
        json!({ "command": command, "build": build, "build_threads": build_threads, "search": search }).to_string()
    }

    /// Checks that it can be a program.
    ///
    /// # Errors
    /// It names no command.
    pub fn check(&self) -> Result<(), Unfit> {
        match self.command.first() {
            Some(first) if !first.is_empty() => Ok(()),
            _ => Err(Unfit::new("it names no command", "write `{ external: { command: [python3, mine.py] } }`")),
        }
    }
}

/// What a program found, for every query: ids of base points, each once, and the similarity evaluations that it counted. Clones share
/// them.
#[derive(Clone, Debug, Default)]
pub struct Found(Arc<[(Vec<u32>, u64)]>);

impl Found {
    /// In the order of queries.
    pub fn new(queries: impl IntoIterator<Item = (Vec<u32>, u64)>) -> Self {
        Self(queries.into_iter().collect())
    }

    /// The ids for a query; none if it has none.
    pub fn of(&self, query: usize) -> &[u32] {
        self.0.get(query).map_or(&[], |(ids, _)| ids)
    }

    /// The evaluations for a query.
    pub fn evaluations(&self, query: usize) -> u64 {
        self.0.get(query).map_or(0, |&(_, evaluations)| evaluations)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Setting::ALLOWED)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<Setting, D::Error> {
                one.deserialize_any(self)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Setting, E> {
                Ok(Setting(value.into()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Setting, E> {
                whole(value <= MOST, value)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Setting, E> {
                whole(value.unsigned_abs() <= MOST, value)
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Setting, E> {
                let number = Number::from_f64(value);
                number
                    .map(|number| Setting(number.into()))
                    .ok_or_else(|| E::custom(format!("{value} is no number in JSON")))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Setting, E> {
                Ok(Setting(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Setting, A::Error> {
                let mut list = Vec::new();
                while let Some(Setting(item)) = items.next_element()? {
                    list.push(item);
                }
                Ok(Setting(list.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Setting, A::Error> {
                let mut map = Map::new();
                while let Some((name, Setting(value))) = entries.next_entry::<String, Setting>()? {
                    map.insert(name, value);
                }
                Ok(Setting(map.into()))
            }
        }

        deserializer.deserialize_newtype_struct(ONE_VALUE, Read)
    }
}

/// The largest whole number that every reader of JSON takes as it is.
const MOST: u64 = (1 << 53) - 1;

fn whole<E: Error>(is_exact: bool, value: impl Into<Value> + fmt::Display) -> Result<Setting, E> {
    if is_exact {
        Ok(Setting(value.into()))
    } else {
        Err(E::custom(format!("{value} is beyond 2^53, where JSON is not exact")))
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string", "boolean", "array", "object"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_what_json_can_carry_without_loss() {
        let read = |text: &str| serde_json::from_str::<Setting>(text).map(|setting| setting.value().to_string());
        for text in ["1", "-3", "0.5", "true", "\"l2\"", "[1,2.5,\"a\"]", "{\"M\":8}", "9007199254740991"] {
            assert_eq!(read(text).expect("a setting"), text);
        }
        for text in ["null", "9007199254740993", "[null]", "{\"a\":null}"] {
            assert!(read(text).is_err(), "{text}");
        }
        let infinite =
            Setting::deserialize(serde::de::value::F64Deserializer::<serde::de::value::Error>::new(f64::NAN));
        assert!(infinite.is_err());
    }

    #[test]
    fn programs_share_an_index_if_command_and_build_agree() {
        let read = |text: &str| serde_json::from_str::<Settings>(text).expect("settings");
        let (command, other) = (["./mine".to_owned()], ["./theirs".to_owned()]);
        let (eight, nine) = (read("{\"M\": 8}"), read("{\"M\": 9}"));
        let same = read("{\"M\": 8}");
        let key = |command, build| Program { command, build, build_threads: None, search: &eight }.key();
        assert_eq!(key(&command, &eight), key(&command, &same));
        assert_ne!(key(&command, &eight), key(&command, &nine));
        assert_ne!(key(&command, &eight), key(&other, &eight));
        let none = Settings::new();
        let without = Program { command: &command, build: &eight, build_threads: None, search: &none };
        assert_ne!(key(&command, &eight), without.key(), "a parameter that is not named would stay");
        assert!(Program { command: &[], build: &eight, build_threads: None, search: &eight }.check().is_err());
    }
}
