//! Lists, mappings and named components, as serde reads them.

use super::Reader;
use super::error::ReadError;
use crate::config::problem::TextRange;
use crate::config::source::{YamlKey, YamlNode, YamlValue};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Unexpected, Visitor};

/// The elements of a list.
pub(super) struct Elements<'n> {
    reader: Reader<'n>,
    items: &'n [YamlNode],
    index: usize,
}

impl<'n> Elements<'n> {
    pub(super) fn new(reader: Reader<'n>, items: &'n [YamlNode]) -> Self {
        Self { reader, items, index: 0 }
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let Some(item) = self.items.get(self.index) else { return Ok(None) };
        self.index += 1;
        let value = seed.deserialize(self.reader.on(item));
        value.map(Some).map_err(|error| error.at(item.place).within(self.index - 1))
    }
}

/// The entries of a mapping.
pub(super) struct Entries<'n> {
    reader: Reader<'n>,
    /// Those that are not read yet.
    left: &'n [(YamlKey, YamlNode)],
    next: Option<&'n (YamlKey, YamlNode)>,
}

impl<'n> Entries<'n> {
    pub(super) fn new(reader: Reader<'n>, entries: &'n [(YamlKey, YamlNode)]) -> Self {
        Self { reader, left: entries, next: None }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let Some((entry, rest)) = self.left.split_first() else { return Ok(None) };
        (self.next, self.left) = (Some(entry), rest);
        let key = seed.deserialize(StrDeserializer::new(&entry.0.name));
        key.map(Some).map_err(|error: ReadError| error.at(entry.0.place))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let Some((key, value)) = self.next.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        // An empty value has no place: its key is shown.
        let place = if value.place.end > value.place.start { value.place } else { key.place };
        seed.deserialize(self.reader.on(value)).map_err(|error| error.at(place).within(key.name.as_str()))
    }
}

/// A component by its name, with its parameters if it has any.
pub(super) struct ChosenVariant<'n> {
    pub(super) reader: Reader<'n>,
    pub(super) name: &'n str,
    pub(super) place: TextRange,
    pub(super) content: Option<&'n YamlNode>,
}

impl<'de> de::EnumAccess<'de> for ChosenVariant<'_> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), ReadError> {
        let name =
            seed.deserialize(StrDeserializer::new(self.name)).map_err(|error: ReadError| error.at(self.place))?;
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for ChosenVariant<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        if self.content.is_none() {
            return Ok(());
        }
        let help = vec![format!("write `{}` alone, without a mapping behind it", self.name)];
        Err(ReadError::new(format!("`{}` takes no parameters", self.name), help).at(self.place))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadError> {
        let read = match self.content {
            Some(content) => seed.deserialize(self.reader.on(content)),
            None => seed.deserialize(NothingBehind { reader: self.reader, name: self.name, place: self.place }),
        };
        read.map_err(|error| error.at(self.place).within(self.name))
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

/// What a name that stands alone says of what belongs behind it: of parameters, that all have their defaults. A value that is none
/// of them is missing.
struct NothingBehind<'n> {
    reader: Reader<'n>,
    name: &'n str,
    place: TextRange,
}

impl NothingBehind<'_> {
    /// The refusal, with a value to write as an example.
    fn missing(&self, wanted: &dyn de::Expected, example: &str) -> ReadError {
        let message = format!("`{}` needs a value behind it: {wanted}", self.name);
        ReadError::new(message, vec![format!("write it with its value, as in `{{ {}: {example} }}`", self.name)])
            .at(self.place)
    }
}

impl<'de> Deserializer<'de> for NothingBehind<'_> {
    type Error = ReadError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let empty = YamlNode { place: self.place, value: YamlValue::Map(Vec::new()) };
        self.reader.on(&empty).deserialize_struct(name, fields, visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        Err(self.missing(&visitor, "5"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        Err(self.missing(&visitor, "..."))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}
