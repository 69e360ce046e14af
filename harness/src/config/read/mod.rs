//! From the tree of a YAML file to typed values, with errors that know their place, and with grids.
//!
//! A type that derives `serde::Deserialize` reads from a [`YamlNode`] as it would from any format. Inside a
//! [`Grid`] a list where the type wants one value is an axis: the type is read once for every combination.

mod access;
mod error;
mod grid;
mod number;

pub use grid::{Grid, MAX_POINTS};

use super::problem::{Problem, TextRange, suggest};
use super::source::{YamlKey, YamlNode, YamlValue};
use access::{ChosenVariant, Elements, Entries};
use error::ReadError;
use grid::{Axes, Combinations, GRID};
use number::NumberText;
use serde::de::{self, DeserializeOwned, Deserializer, Unexpected, Visitor};
use std::cell::RefCell;
use swath_algorithms::params::ONE_VALUE;

/// Reads a value of type `T` from the tree of a text.
///
/// # Errors
/// The first thing wrong, with its path and place.
pub fn read<T: DeserializeOwned>(root: &YamlNode, text: &str) -> Result<T, Problem> {
    T::deserialize(Reader { node: root, axes: None, text }).map_err(Problem::from)
}

/// Reads from a node. Inside a grid it has `axes`.
#[derive(Clone, Copy)]
pub(super) struct Reader<'n> {
    node: &'n YamlNode,
    axes: Option<&'n RefCell<Axes>>,
    text: &'n str,
}

impl<'n> Reader<'n> {
    fn place(self) -> TextRange {
        self.node.place
    }

    fn on(self, node: &'n YamlNode) -> Self {
        Self { node, ..self }
    }

    /// Inside a grid, if the type wants one value and there is a list: the element that this combination takes.
    fn one(self) -> Result<Self, ReadError> {
        match (self.axes, &self.node.value) {
            (Some(_), YamlValue::List(items)) if items.is_empty() => {
                let help = vec!["give it at least one value, or leave the field out for its default".into()];
                Err(ReadError::new("an empty list is a grid axis without a value".into(), help).at(self.node.place))
            }
            (Some(axes), YamlValue::List(items)) => {
                let chosen = axes.borrow_mut().choose(items.len());
                Ok(self.on(&items[chosen]))
            }
            _ => Ok(self),
        }
    }

    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let one = self.one()?;
        one.as_it_is(visitor)
    }

    /// A whole number in any form: `10000`, `1e4`, `5.0`.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let one = self.one()?;
        let YamlValue::Float(value) = one.node.value else { return one.as_it_is(visitor) };
        let written = self.text.get(one.node.place.start..one.node.place.end).unwrap_or_default();
        let result = match NumberText::of(written, value) {
            NumberText::Whole(value @ 0..) => visitor.visit_u64(value.unsigned_abs()),
            NumberText::Whole(value) => visitor.visit_i64(value),
            NumberText::Octal => {
                let digits = written.trim_start_matches(['+', '-']).trim_start_matches('0');
                let eight = if digits.contains(['8', '9']) {
                    String::new()
                } else {
                    format!(", or `0o{digits}` for an octal number")
                };
                let message = format!("`{written}` begins with 0, which some YAML readers take for an octal number");
                Err(ReadError::new(message, vec![format!("write `{digits}`{eight}")]))
            }
            NumberText::Inexact => {
                let message =
                    format!("`{written}` is above 2^53, where a number that is written like this is not exact");
                Err(ReadError::new(message, vec!["write all its digits".into()]))
            }
            NumberText::Other => Err(de::Error::invalid_type(Unexpected::Other(&format!("`{written}`")), &visitor)),
        };
        result.map_err(|error: ReadError| error.at(one.node.place))
    }

    fn as_it_is<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.value {
            YamlValue::Null => visitor.visit_unit(),
            YamlValue::Bool(value) => visitor.visit_bool(*value),
            YamlValue::Negative(value) => visitor.visit_i64(*value),
            YamlValue::Unsigned(value) => visitor.visit_u64(*value),
            YamlValue::Float(value) => visitor.visit_f64(*value),
            YamlValue::Text(value) => visitor.visit_str(value),
            YamlValue::List(items) => visitor.visit_seq(Elements::new(self, items)),
            YamlValue::Map(entries) => visitor.visit_map(Entries::new(self, entries)),
        };
        result.map_err(|error: ReadError| error.at(self.node.place))
    }

    fn points<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let axes = RefCell::new(Axes::default());
        visitor.visit_seq(Combinations::new(Reader { axes: Some(&axes), ..self }, &axes))
    }
}

macro_rules! read_scalars {
    ($read:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.$read(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    read_scalars! {
        scalar: deserialize_bool deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    read_scalars! {
        whole: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.as_it_is(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.value {
            YamlValue::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// A list of lists, inside a grid, is an axis of lists; one value alone is a list of one.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let is_list = |node: &YamlNode| matches!(node.value, YamlValue::List(_));
        let one = match &self.node.value {
            YamlValue::List(items) if self.axes.is_some() && !items.is_empty() && items.iter().all(is_list) => {
                self.one()?
            }
            _ => self,
        };
        match &one.node.value {
            YamlValue::Null | YamlValue::List(_) | YamlValue::Map(_) => one.as_it_is(visitor),
            _ => visitor.visit_seq(Elements::new(one, std::slice::from_ref(one.node))),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.as_it_is(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let one = self.one()?;
        let result = match one.node.value {
            YamlValue::Map(_) => one.as_it_is(visitor),
            // A name with nothing behind it (`mmr:`) means all defaults; a list is never a struct.
            YamlValue::Null => visitor.visit_map(Entries::new(one, &[])),
            YamlValue::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => one.as_it_is(visitor).map_err(|mut error: ReadError| {
                error.help.extend(fields.first().map(|field| format!("name what it is, as in `{{ {field}: ... }}`")));
                error
            }),
        };
        result.map_err(|error: ReadError| error.at(one.node.place))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match name {
            GRID => self.points(visitor),
            ONE_VALUE => {
                let one = self.one()?;
                visitor.visit_newtype_struct(one).map_err(|error: ReadError| error.at(one.node.place))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    /// `top-k` or `{ mmr: { lambda: 0.5 } }`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let one = self.one()?;
        let result = match &one.node.value {
            YamlValue::Text(name) => {
                visitor.visit_enum(ChosenVariant { reader: one, name, place: one.node.place, content: None })
            }
            YamlValue::Map(entries) if entries.len() == 1 => {
                let (YamlKey { name, place }, content) = &entries[0];
                visitor.visit_enum(ChosenVariant { reader: one, name, place: *place, content: Some(content) })
            }
            other => {
                let found = match other {
                    YamlValue::Map(entries) => format!("a mapping of {} keys", entries.len()),
                    YamlValue::List(_) => "a list".into(),
                    YamlValue::Null => "nothing".into(),
                    YamlValue::Bool(value) => format!("`{value}`"),
                    YamlValue::Negative(value) => format!("`{value}`"),
                    YamlValue::Unsigned(value) => format!("`{value}`"),
                    YamlValue::Float(value) => format!("`{value}`"),
                    YamlValue::Text(value) => format!("`{value}`"),
                };
                let message = format!("found {found}, expected a name, or one name with its parameters");
                Err(ReadError::new(message, suggest("", names)))
            }
        };
        result.map_err(|error: ReadError| error.at(one.node.place))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.as_it_is(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.as_it_is(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }
}
