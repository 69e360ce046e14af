//! From the tree of a YAML file to typed values, with errors that know their place, and with grids.
//!
//! A type that derives `serde::Deserialize` reads from a [`Node`] as it would from any format. Inside a
//! [`Grid`] a list where the type wants one value is an axis: the type is read once for every combination.

use super::problem::Place;
use super::problem::{Path, Problem, Step, suggest};
use super::source::{Key, Node, Value};
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Unexpected, Visitor};
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

/// Reads a value of type `T` from the tree of a text.
///
/// # Errors
/// The first thing wrong, with its path and place.
pub fn read<T: DeserializeOwned>(root: &Node, text: &str) -> Result<T, Problem> {
    T::deserialize(Reader { node: root, axes: None, text }).map_err(|error| Problem {
        message: error.message,
        path: Path(error.path.into_iter().rev().collect()),
        place: error.place,
        help: error.help,
    })
}

/// All points of a grid: `T` read once for each combination of the axes, the last axis varying fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T>(pub Vec<T>);

/// The most points one grid may have.
pub const MAX_POINTS: usize = 10_000;

/// By this name a [`Reader`] knows that a grid is wanted.
const GRID: &str = "swath::Grid";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Grid<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Points<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Points<T> {
            type Value = Grid<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a grid of points")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Grid<T>, A::Error> {
                let mut points = Vec::new();
                while let Some(point) = access.next_element()? {
                    points.push(point);
                }
                Ok(Grid(points))
            }
        }

        deserializer.deserialize_newtype_struct(GRID, Points(PhantomData))
    }
}

/// Which element of each axis is taken, in the order in which the type comes upon them.
#[derive(Default)]
struct Axes {
    /// (chosen, length) of each.
    chosen: Vec<(usize, usize)>,
    met: usize,
}

impl Axes {
    fn choose(&mut self, length: usize) -> usize {
        if self.met == self.chosen.len() {
            self.chosen.push((0, length));
        }
        self.met += 1;
        self.chosen[self.met - 1].0
    }

    /// Goes on to the next combination; false after the last.
    fn advance(&mut self) -> bool {
        self.met = 0;
        while let Some((chosen, length)) = self.chosen.pop() {
            if chosen + 1 < length {
                self.chosen.push((chosen + 1, length));
                return true;
            }
        }
        false
    }
}

/// A serde error that remembers what would be right, and where it happened.
#[derive(Debug)]
pub(super) struct ReadError {
    message: String,
    help: Vec<String>,
    place: Option<Place>,
    path: Vec<Step>,
}

impl ReadError {
    fn new(message: String, help: Vec<String>) -> Self {
        Self { message, help, place: None, path: Vec::new() }
    }

    fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    fn within(mut self, step: impl Into<Step>) -> Self {
        self.path.push(step.into());
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

fn found(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        // Shortest: `1e308`, not 309 digits.
        Unexpected::Float(value) => format!("`{value:?}`"),
        Unexpected::Str(value) => format!("the text `{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map | Unexpected::StructVariant => "a mapping".into(),
        other => other.to_string(),
    }
}

fn expected(expected: &dyn de::Expected) -> String {
    let text = expected.to_string();
    // What serde's own types say, in the words of a reader of YAML.
    match text.as_str() {
        "u8" => "a whole number, at least 0 and below 2^8".into(),
        "u16" => "a whole number, at least 0 and below 2^16".into(),
        "u32" => "a whole number, at least 0 and below 2^32".into(),
        "u64" | "usize" => "a whole number, at least 0 and below 2^64".into(),
        "a string" => "text".into(),
        "a boolean" => "`true` or `false`".into(),
        "a sequence" => "a list".into(),
        "a map" => "a mapping".into(),
        _ if text.starts_with("struct ") => "a mapping".into(),
        _ => text,
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // By convention what is wrong stands before a semicolon, what would be right behind it.
        let message = message.to_string();
        let (wrong, right) =
            message.split_once("; ").map_or((message.as_str(), None), |(a, b)| (a, Some(b.to_owned())));
        Self::new(wrong.to_owned(), right.into_iter().collect())
    }

    fn invalid_type(unexpected: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::new(format!("found {}, expected {}", found(&unexpected), expected(wanted)), Vec::new())
    }

    fn invalid_value(unexpected: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, wanted)
    }

    fn invalid_length(length: usize, wanted: &dyn de::Expected) -> Self {
        let found = if length == 0 { "an empty list".to_owned() } else { format!("{length} values") };
        Self::new(format!("found {found}, expected {}", expected(wanted)), Vec::new())
    }

    fn unknown_variant(variant: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(format!("there is no `{variant}`"), suggest(variant, allowed))
    }

    fn unknown_field(field: &str, allowed: &'static [&'static str]) -> Self {
        let mut help = suggest(field, allowed);
        if allowed.is_empty() {
            help.push("there are no parameters here".into());
        }
        Self::new(format!("there is no field `{field}` here"), help)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the field `{field}` is missing"), vec![format!("add `{field}: ...` here")])
    }
}

/// Reads from a node; `axes` inside a grid.
#[derive(Clone, Copy)]
pub(super) struct Reader<'n> {
    node: &'n Node,
    axes: Option<&'n RefCell<Axes>>,
    text: &'n str,
}

impl<'n> Reader<'n> {
    fn on(self, node: &'n Node) -> Self {
        Self { node, ..self }
    }

    /// Inside a grid, where the type wants one value and there is a list: the element this combination takes.
    fn one(self) -> Result<Self, ReadError> {
        match (self.axes, &self.node.value) {
            (Some(_), Value::List(items)) if items.is_empty() => {
                let help = vec!["give it at least one value, or leave the field out for its default".into()];
                Err(ReadError::new("an empty list is a grid axis without a value".into(), help).at(self.node.place))
            }
            (Some(axes), Value::List(items)) => {
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

    /// A whole number, however it is written: `10000`, `1e4`, `5.0`.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let one = self.one()?;
        let Value::Float(value) = one.node.value else { return one.as_it_is(visitor) };
        let written = self.text.get(one.node.place.start..one.node.place.end).unwrap_or_default();
        let result = match Written::of(written, value) {
            Written::Whole(value @ 0..) => visitor.visit_u64(value.unsigned_abs()),
            Written::Whole(value) => visitor.visit_i64(value),
            Written::Octal => {
                let digits = written.trim_start_matches(['+', '-']).trim_start_matches('0');
                let eight = if digits.contains(['8', '9']) {
                    String::new()
                } else {
                    format!(", or `0o{digits}` to count by eights")
                };
                let message =
                    format!("`{written}` begins with 0, which some readers of YAML take for a number to the base 8");
                Err(ReadError::new(message, vec![format!("write `{digits}`{eight}")]))
            }
            Written::Inexact => {
                let message =
                    format!("`{written}` is above 2^53, where a number that is written like this is not exact");
                Err(ReadError::new(message, vec!["write all its digits".into()]))
            }
            Written::Other => Err(de::Error::invalid_type(Unexpected::Other(&format!("`{written}`")), &visitor)),
        };
        result.map_err(|error: ReadError| error.at(one.node.place))
    }

    fn as_it_is<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Negative(value) => visitor.visit_i64(*value),
            Value::Unsigned(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_str(value),
            Value::List(items) => visitor.visit_seq(List { reader: self, items, index: 0 }),
            Value::Map(entries) => visitor.visit_map(Map { reader: self, entries, next: None }),
        };
        result.map_err(|error: ReadError| error.at(self.node.place))
    }

    fn points<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let axes = RefCell::new(Axes::default());
        visitor.visit_seq(Combinations {
            reader: Reader { axes: Some(&axes), ..self },
            axes: &axes,
            points: 0,
            more: true,
        })
    }
}

/// How a number is written that is none of 64 bits.
enum Written {
    /// With a point or a power of ten, and whole.
    Whole(i64),
    /// The same, beyond what an `f64` tells apart.
    Inexact,
    /// With a 0 before other digits.
    Octal,
    /// It is not whole, or has too many digits.
    Other,
}

impl Written {
    fn of(text: &str, value: f64) -> Self {
        const EXACT: f64 = (1_u64 << 53) as f64;
        let digits = text.trim_start_matches(['+', '-']);
        let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        match () {
            () if is_plain && digits.starts_with('0') => Self::Octal,
            () if is_plain || value.fract() != 0.0 => Self::Other,
            () if value.abs() < EXACT => Self::Whole(value as i64),
            () => Self::Inexact,
        }
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
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// A list of lists, inside a grid, is an axis of lists; one value alone is a list of one.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let is_list = |node: &Node| matches!(node.value, Value::List(_));
        let one = match &self.node.value {
            Value::List(items) if self.axes.is_some() && !items.is_empty() && items.iter().all(is_list) => {
                self.one()?
            }
            _ => self,
        };
        match &one.node.value {
            Value::Null | Value::List(_) | Value::Map(_) => one.as_it_is(visitor),
            _ => visitor.visit_seq(List { reader: one, items: std::slice::from_ref(one.node), index: 0 }),
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
            Value::Map(_) => one.as_it_is(visitor),
            // A name with nothing behind it (`mmr:`) means all defaults; a list is never a struct.
            Value::Null => visitor.visit_map(Map { reader: one, entries: &[], next: None }),
            Value::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
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
        if name == GRID { self.points(visitor) } else { visitor.visit_newtype_struct(self) }
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
            Value::Text(name) => {
                visitor.visit_enum(Variant { reader: one, name, place: one.node.place, content: None })
            }
            Value::Map(entries) if entries.len() == 1 => {
                let (Key { name, place }, content) = &entries[0];
                visitor.visit_enum(Variant { reader: one, name, place: *place, content: Some(content) })
            }
            other => {
                let found = match other {
                    Value::Map(entries) => format!("a mapping of {} keys", entries.len()),
                    Value::List(_) => "a list".into(),
                    Value::Null => "nothing".into(),
                    Value::Bool(value) => format!("`{value}`"),
                    Value::Negative(value) => format!("`{value}`"),
                    Value::Unsigned(value) => format!("`{value}`"),
                    Value::Float(value) => format!("`{value}`"),
                    Value::Text(value) => format!("`{value}`"),
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

struct List<'n> {
    reader: Reader<'n>,
    items: &'n [Node],
    index: usize,
}

impl<'de> de::SeqAccess<'de> for List<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let Some(item) = self.items.get(self.index) else { return Ok(None) };
        self.index += 1;
        let value = seed.deserialize(self.reader.on(item));
        value.map(Some).map_err(|error| error.at(item.place).within(self.index - 1))
    }
}

struct Map<'n> {
    reader: Reader<'n>,
    entries: &'n [(Key, Node)],
    next: Option<&'n (Key, Node)>,
}

impl<'de> de::MapAccess<'de> for Map<'_> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let Some((entry, rest)) = self.entries.split_first() else { return Ok(None) };
        (self.next, self.entries) = (Some(entry), rest);
        let key = seed.deserialize(StrDeserializer::new(&entry.0.name));
        key.map(Some).map_err(|error: ReadError| error.at(entry.0.place))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let Some((key, value)) = self.next.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        // A value that is not there has no place: show its key.
        let place = if value.place.end > value.place.start { value.place } else { key.place };
        seed.deserialize(self.reader.on(value)).map_err(|error| error.at(place).within(key.name.as_str()))
    }
}

struct Variant<'n> {
    reader: Reader<'n>,
    name: &'n str,
    place: Place,
    content: Option<&'n Node>,
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), ReadError> {
        let name =
            seed.deserialize(StrDeserializer::new(self.name)).map_err(|error: ReadError| error.at(self.place))?;
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        if self.content.is_none() {
            return Ok(());
        }
        let help = vec![format!("write `{}` alone, without a mapping behind it", self.name)];
        Err(ReadError::new(format!("`{}` takes no parameters", self.name), help).at(self.place))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadError> {
        let empty = Node { place: self.place, value: Value::Map(Vec::new()) };
        let content = self.content.unwrap_or(&empty);
        let reader = Reader { node: content, ..self.reader };
        seed.deserialize(reader).map_err(|error| error.at(self.place).within(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        Err(de::Error::invalid_type(Unexpected::TupleVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, ReadError> {
        match self.content {
            Some(content) => self.reader.on(content).as_it_is(visitor),
            None => Err(de::Error::invalid_type(Unexpected::UnitVariant, &visitor)),
        }
    }
}

/// The points of a grid one after another.
struct Combinations<'n> {
    reader: Reader<'n>,
    axes: &'n RefCell<Axes>,
    points: usize,
    more: bool,
}

impl<'de> de::SeqAccess<'de> for Combinations<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        if !self.more {
            return Ok(None);
        }
        if self.points == MAX_POINTS {
            let help = vec!["split it into several retrievers or experiments".into()];
            return Err(
                ReadError::new(format!("this grid has more than {MAX_POINTS} points"), help).at(self.reader.node.place)
            );
        }
        self.points += 1;
        let point = seed.deserialize(self.reader)?;
        self.more = self.axes.borrow_mut().advance();
        Ok(Some(point))
    }
}
