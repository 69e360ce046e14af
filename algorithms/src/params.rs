//! Numbers that cannot be out of range: checked once, when they are read.
//!
//! A parameter struct is made of these, so its validation, its JSON Schema and its help all come from
//! the type.
//!
//! Every range ends where an objective would overflow, or where one of its parts would be lost in the rounding of
//! another: weights reach from a millionth to a million, which leaves the weaker part more than half of the 53 bits of
//! an `f64`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The name of the newtype by which a parameter that is a number or a word asks for one value: where a list is a grid axis, a reader
/// gives it an element. Its `visit_newtype_struct` then reads whatever is there.
pub const ONE_VALUE: &str = "swath::OneValue";

/// A type that a number in a file can become.
trait FromNumber: Sized {
    fn from_unsigned(value: u64) -> Option<Self>;
    fn from_float(value: f64) -> Option<Self>;
}

impl FromNumber for f64 {
    fn from_unsigned(value: u64) -> Option<Self> {
        Some(value as Self)
    }

    fn from_float(value: f64) -> Option<Self> {
        Some(value)
    }
}

impl FromNumber for u32 {
    fn from_unsigned(value: u64) -> Option<Self> {
        Self::try_from(value).ok()
    }

    fn from_float(_: f64) -> Option<Self> {
        None
    }
}

/// A value outside what a parameter allows.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{found} is not {allowed}")]
pub struct OutOfRange {
    /// The value given, as text.
    pub found: String,
    /// What would have been right.
    pub allowed: &'static str,
}

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident($inner:ty), $allowed:literal, $test:expr, $deserialize:ident, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// What values are allowed, in words.
            pub const ALLOWED: &'static str = $allowed;

            #[doc = concat!("Checks that `value` is ", $allowed, ".")]
            ///
            /// # Errors
            /// [`OutOfRange`] when it is not.
            pub fn new(value: $inner) -> Result<Self, OutOfRange> {
                let test: fn($inner) -> bool = $test;
                if test(value) {
                    // 0 has no sign.
                    Ok(Self(value + <$inner>::default()))
                } else {
                    Err(OutOfRange { found: format!("{value:?}"), allowed: $allowed })
                }
            }

            /// The number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;

                impl Visitor<'_> for Read {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($allowed)
                    }

                    fn visit_u64<E: Error>(self, value: u64) -> Result<$name, E> {
                        let found = || E::invalid_value(Unexpected::Unsigned(value), &self);
                        <$inner as FromNumber>::from_unsigned(value).and_then(|v| $name::new(v).ok()).ok_or_else(found)
                    }

                    fn visit_i64<E: Error>(self, value: i64) -> Result<$name, E> {
                        match u64::try_from(value) {
                            Ok(value) => self.visit_u64(value),
                            Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
                        }
                    }

                    fn visit_f64<E: Error>(self, value: f64) -> Result<$name, E> {
                        let found = || E::invalid_value(Unexpected::Float(value), &self);
                        <$inner as FromNumber>::from_float(value).and_then(|v| $name::new(v).ok()).ok_or_else(found)
                    }
                }

                deserializer.$deserialize(Read)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

bounded!(
    /// A number in `[0, 1]`.
    Fraction(f64), "a number from 0 to 1", |v| (0.0..=1.0).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 0, "maximum": 1 }
);
bounded!(
    /// A number in `[0, 1)` whose odds, `v / (1 - v)`, are a million at most: in `[0, 0.999999]`.
    PartialFraction(f64), "a number from 0 to 0.999999", |v| (0.0..=0.999_999).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 0, "maximum": 0.999_999 }
);
bounded!(
    /// A part of a whole, neither none nor all: a number in `(0, 1)`.
    Part(f64), "a number above 0, below 1", |v| v > 0.0 && v < 1.0, deserialize_f64,
    { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }
);
bounded!(
    /// A weight that may be 0: a number in `[0, 10^6]`.
    NonNegative(f64), "a number from 0 to 1,000,000", |v| (0.0..=1e6).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 0, "maximum": 1_000_000 }
);
bounded!(
    /// A number in `[10^-6, 1]`.
    PositiveFraction(f64), "a number from 0.000001 to 1", |v| (1e-6..=1.0).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 1e-6, "maximum": 1 }
);
bounded!(
    /// A weight, a temperature: a number in `[10^-6, 10^6]`.
    Positive(f64), "a number from 0.000001 to 1,000,000", |v| (1e-6..=1e6).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 1e-6, "maximum": 1_000_000 }
);
bounded!(
    /// How many times longer something may be: a number in `[1, 10]`.
    Stretch(f64), "a number from 1 to 10", |v| (1.0..=10.0).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 1, "maximum": 10 }
);
bounded!(
    /// The probability that a walk ends at a step: a number in `[0.001, 1]`. A walk's cost is proportional to its
    /// inverse, which the lower bound limits.
    Restart(f64), "a number from 0.001 to 1", |v| (1e-3..=1.0).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 0.001, "maximum": 1 }
);
bounded!(
    /// A time of diffusion: a number in `[10^-6, 100]`.
    Time(f64), "a number from 0.000001 to 100", |v| (1e-6..=100.0).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 1e-6, "maximum": 100 }
);
bounded!(
    /// A precision: a number in `[1e-12, 0.1]`.
    Precision(f64), "a number from 1e-12 to 0.1", |v| (1e-12..=0.1).contains(&v), deserialize_f64,
    { "type": "number", "minimum": 1e-12, "maximum": 0.1 }
);
bounded!(
    /// A whole number from 1 to 2^31 - 1.
    Count(u32), "a whole number, at least 1 and below 2^31", |v| (1..1 << 31).contains(&v),
    deserialize_u64,
    { "type": "integer", "minimum": 1, "maximum": 2_147_483_647 }
);

impl Count {
    /// The number, as a size.
    pub const fn size(self) -> usize {
        self.0 as usize
    }
}

/// A default of a parameter struct: a literal that must be in range. Tests make every default.
macro_rules! constant {
    ($kind:ident, $value:expr) => {
        match crate::params::$kind::new($value) {
            Ok(value) => value,
            Err(_) => unreachable!("a default outside its own range"),
        }
    };
}
pub(crate) use constant;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_where_the_words_say() {
        assert!(Fraction::new(0.0).is_ok() && Fraction::new(1.0).is_ok());
        assert!(Fraction::new(-1e-9).is_err() && Fraction::new(1.0 + 1e-9).is_err());
        assert!(PositiveFraction::new(0.0).is_err() && PositiveFraction::new(1.0).is_ok());
        assert!(PositiveFraction::new(1e-6).is_ok() && PositiveFraction::new(9e-7).is_err());
        assert!(Positive::new(0.0).is_err() && Positive::new(9e-7).is_err() && Positive::new(1e-6).is_ok());
        assert!(Positive::new(1e6).is_ok() && Positive::new(1.1e6).is_err() && Positive::new(f64::INFINITY).is_err());
        assert!(NonNegative::new(1e6).is_ok() && NonNegative::new(1.1e6).is_err() && NonNegative::new(1e308).is_err());
        assert!(Restart::new(9e-4).is_err() && Restart::new(1e-3).is_ok() && Restart::new(1.1).is_err());
        assert!(Stretch::new(0.999).is_err() && Stretch::new(1.0).is_ok() && Stretch::new(10.1).is_err());
        assert!(
            NonNegative::new(0.0).is_ok() && NonNegative::new(-0.1).is_err() && NonNegative::new(f64::NAN).is_err()
        );
        assert!(PartialFraction::new(0.0).is_ok() && PartialFraction::new(0.999_999).is_ok());
        assert!(PartialFraction::new(0.999_999_1).is_err() && PartialFraction::new(1.0).is_err());
        assert!(Time::new(9e-7).is_err() && Time::new(100.0).is_ok() && Time::new(100.1).is_err());
        assert!(Precision::new(1e-13).is_err() && Precision::new(0.1).is_ok());
        assert!(Count::new(0).is_err() && Count::new(1).is_ok() && Count::new(1 << 31).is_err());
        for nan in [Fraction::new(f64::NAN).is_ok(), Positive::new(f64::NAN).is_ok()] {
            assert!(!nan);
        }
    }

    #[test]
    fn reading_names_what_is_allowed() {
        let error = serde_json::from_str::<Fraction>("1.5").expect_err("out of range").to_string();
        assert!(error.contains("1.5") && error.contains("a number from 0 to 1"), "{error}");
        assert_eq!(Fraction::new(1.5), Err(OutOfRange { found: "1.5".into(), allowed: Fraction::ALLOWED }));
    }
}
