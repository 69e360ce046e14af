//! Values of attributes.

use super::as_text;
use super::heap::Heap;
use super::number;
use crate::dataset::Stored;
use hdf5::messages::attribute::AttributeMessage;
use hdf5::{Datatype, StringSize, VarLenKind};
use std::fmt;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
}

impl Attribute {
    /// The text, if it is text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
        }
    }
}

/// An attribute's value, if it is a single text or number.
pub(super) fn attribute(found: &AttributeMessage, heap: &mut Heap<'_>) -> Option<Attribute> {
    if found.dataspace.num_elements().ok()? != 1 {
        return None;
    }
    match &found.datatype {
        Datatype::String { size: StringSize::Fixed(_), padding, .. } => {
            Some(Attribute::Text(as_text(&found.raw_data, *padding)))
        }
        Datatype::String { padding, .. } | Datatype::VarLen { kind: VarLenKind::String, padding, .. } => {
            Some(Attribute::Text(as_text(&heap.bytes(&found.raw_data).ok()?, *padding)))
        }
        datatype => {
            let number = number::plain(datatype).filter(|number| number.bytes() == found.raw_data.len())?;
            match number.stored() {
                Stored::Integer => number.integers(&found.raw_data).ok()?.first().copied().map(Attribute::Integer),
                _ => number.f64s(&found.raw_data).first().copied().map(Attribute::Float),
            }
        }
    }
}
