//! The types that files store numbers as, and their conversion to Rust's types.

use crate::dataset::Stored;
use std::fmt;

/// A type of numbers in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// A byte that is 0 or 1.
    Bool,
    /// Half precision, 16 bits.
    Half,
    /// The upper half of single precision, 16 bits.
    Bfloat16,
    /// Single precision, 32 bits.
    Single,
    /// Double precision, 64 bits.
    Double,
    /// A signed whole number of this many bytes: 1, 2, 4 or 8.
    Signed(u8),
    /// An unsigned whole number of this many bytes.
    Unsigned(u8),
}

/// The type of numbers as a file stores them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberType {
    pub form: NumberForm,
    pub big_endian: bool,
}

/// Numbers that are not whole, or exceed `i64`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NotWhole {
    /// The place of the first, and its value.
    pub at: usize,
    pub found: String,
    /// How many there are.
    pub count: usize,
}

/// NumPy's name of the type.
impl fmt::Display for NumberForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Half => f.write_str("float16"),
            Self::Bfloat16 => f.write_str("bfloat16"),
            Self::Single => f.write_str("float32"),
            Self::Double => f.write_str("float64"),
            Self::Signed(bytes) => write!(f, "int{}", 8 * bytes),
            Self::Unsigned(bytes) => write!(f, "uint{}", 8 * bytes),
        }
    }
}

impl NumberType {
    /// Numbers whose lowest byte comes first.
    pub(crate) fn little_endian(form: NumberForm) -> Self {
        Self { form, big_endian: false }
    }

    /// Bytes of one number.
    pub(crate) fn bytes(self) -> usize {
        usize::from(self.form.bytes())
    }

    /// The precision of distances that are stored as this type.
    pub(crate) fn stored(self) -> Stored {
        self.form.stored()
    }

    /// Appends the numbers as `f32`, rounded to nearest; a number beyond its range becomes infinite.
    pub(crate) fn append_f32s(self, bytes: &[u8], numbers: &mut Vec<f32>) {
        if self.form == NumberForm::Single {
            self.append(bytes, numbers, f32::from_le_bytes);
        } else {
            self.append_from_f64(bytes, numbers, |number| number as f32);
        }
    }

    /// The numbers as `f64`; whole ones beyond 2^53 are rounded.
    pub(crate) fn f64s(self, bytes: &[u8]) -> Vec<f64> {
        let mut numbers = Vec::new();
        self.append_f64s(bytes, &mut numbers);
        numbers
    }

    /// Appends the numbers as `f64`; whole ones beyond 2^53 are rounded.
    pub(crate) fn append_f64s(self, bytes: &[u8], numbers: &mut Vec<f64>) {
        self.append_from_f64(bytes, numbers, |number| number);
    }

    /// Appends the numbers as whole numbers.
    ///
    /// # Errors
    /// [`NotWhole`]
    pub(crate) fn append_integers(self, bytes: &[u8], numbers: &mut Vec<i64>) -> Result<(), NotWhole> {
        match self.form {
            NumberForm::Signed(1) => self.append(bytes, numbers, |bytes| i8::from_le_bytes(bytes).into()),
            NumberForm::Signed(2) => self.append(bytes, numbers, |bytes| i16::from_le_bytes(bytes).into()),
            NumberForm::Signed(4) => self.append(bytes, numbers, |bytes| i32::from_le_bytes(bytes).into()),
            NumberForm::Signed(_) => self.append(bytes, numbers, i64::from_le_bytes),
            NumberForm::Bool | NumberForm::Unsigned(1) => {
                self.append(bytes, numbers, |bytes| u8::from_le_bytes(bytes).into());
            }
            NumberForm::Unsigned(2) => self.append(bytes, numbers, |bytes| u16::from_le_bytes(bytes).into()),
            NumberForm::Unsigned(4) => self.append(bytes, numbers, |bytes| u32::from_le_bytes(bytes).into()),
            NumberForm::Unsigned(_) => {
                let start = numbers.len();
                self.append(bytes, numbers, i64::from_le_bytes);
                // A number beyond i64 has become negative.
                let beyond = |number: &i64| (*number < 0).then(|| number.cast_unsigned().to_string());
                return not_whole(numbers[start..].iter().map(beyond));
            }
            NumberForm::Half | NumberForm::Bfloat16 | NumberForm::Single | NumberForm::Double => {
                let floats = self.f64s(bytes);
                not_whole(floats.iter().map(|&number| whole(number).is_none().then(|| number.to_string())))?;
                numbers.extend(floats.into_iter().filter_map(whole));
            }
        }
        Ok(())
    }

    /// The numbers as whole numbers.
    ///
    /// # Errors
    /// [`NotWhole`]
    pub(crate) fn integers(self, bytes: &[u8]) -> Result<Vec<i64>, NotWhole> {
        let mut numbers = Vec::new();
        self.append_integers(bytes, &mut numbers).map(|()| numbers)
    }

    fn append_from_f64<T>(self, bytes: &[u8], numbers: &mut Vec<T>, from: impl Fn(f64) -> T) {
        let bfloat16 = |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16).into();
        match self.form {
            NumberForm::Half => self.append(bytes, numbers, |bytes| from(half(u16::from_le_bytes(bytes)))),
            NumberForm::Bfloat16 => self.append(bytes, numbers, |bytes| from(bfloat16(bytes))),
            NumberForm::Single => self.append(bytes, numbers, |bytes| from(f32::from_le_bytes(bytes).into())),
            NumberForm::Double => self.append(bytes, numbers, |bytes| from(f64::from_le_bytes(bytes))),
            NumberForm::Signed(1) => self.append(bytes, numbers, |bytes| from(i8::from_le_bytes(bytes).into())),
            NumberForm::Signed(2) => self.append(bytes, numbers, |bytes| from(i16::from_le_bytes(bytes).into())),
            NumberForm::Signed(4) => self.append(bytes, numbers, |bytes| from(i32::from_le_bytes(bytes).into())),
            NumberForm::Signed(_) => self.append(bytes, numbers, |bytes| from(i64::from_le_bytes(bytes) as f64)),
            NumberForm::Bool | NumberForm::Unsigned(1) => {
                self.append(bytes, numbers, |bytes| from(u8::from_le_bytes(bytes).into()));
            }
            NumberForm::Unsigned(2) => self.append(bytes, numbers, |bytes| from(u16::from_le_bytes(bytes).into())),
            NumberForm::Unsigned(4) => self.append(bytes, numbers, |bytes| from(u32::from_le_bytes(bytes).into())),
            NumberForm::Unsigned(_) => self.append(bytes, numbers, |bytes| from(u64::from_le_bytes(bytes) as f64)),
        }
    }

    /// Appends `from` of the bytes of each number, the lowest byte first.
    fn append<const N: usize, T>(self, bytes: &[u8], numbers: &mut Vec<T>, from: impl Fn([u8; N]) -> T) {
        let each = bytes.as_chunks::<N>().0.iter();
        if self.big_endian {
            numbers.extend(each.map(|bytes| {
                let mut bytes = *bytes;
                bytes.reverse();
                from(bytes)
            }));
        } else {
            numbers.extend(each.map(|bytes| from(*bytes)));
        }
    }
}

impl NumberForm {
    /// The precision of distances that are stored as this type.
    pub fn stored(self) -> Stored {
        match self {
            Self::Half => Stored::Float16,
            Self::Bfloat16 => Stored::Bfloat16,
            Self::Single => Stored::Float32,
            Self::Double => Stored::Float64,
            Self::Bool | Self::Signed(_) | Self::Unsigned(_) => Stored::Integer,
        }
    }

    /// Bytes of one number.
    pub(crate) fn bytes(self) -> u8 {
        match self {
            Self::Bool => 1,
            Self::Half | Self::Bfloat16 => 2,
            Self::Single => 4,
            Self::Double => 8,
            Self::Signed(bytes) | Self::Unsigned(bytes) => bytes,
        }
    }
}

/// A floating-point number as a whole one; `None` if it is not whole, or so large that `f64` does not have every whole number.
pub(crate) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// Finds the numbers that are not whole: those that have a text.
fn not_whole(mut texts: impl Iterator<Item = Option<String>>) -> Result<(), NotWhole> {
    let Some((at, found)) = (&mut texts).enumerate().find_map(|(at, text)| Some((at, text?))) else { return Ok(()) };
    Err(NotWhole { at, found, count: 1 + texts.flatten().count() })
}

/// A number in IEEE 754's half precision. Its bits have the same meaning in `f32`, except for the exponent's bias.
fn half(bits: u16) -> f64 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff) << 13);
    let size = if bits & 0x7c00 == 0x7c00 {
        // Infinite or NaN.
        rest | 0x7f80_0000
    } else {
        // Adds 127 - 15 to the exponent; a product with a power of 2 is exact.
        (f32::from_bits(rest) * f32::from_bits((127 + 112) << 23)).to_bits()
    };
    f32::from_bits(sign | size).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From IEEE 754-2008, binary16.
    #[test]
    fn half_precision_is_exact() {
        for (bits, number) in [
            (0x0000, 0.0),
            (0x0001, f64::exp2(-24.0)),
            (0x03ff, 1023.0 * f64::exp2(-24.0)),
            (0x0400, f64::exp2(-14.0)),
            (0x3555, 0.333_251_953_125),
            (0x3c00, 1.0),
            (0x3c01, 1.0 + f64::exp2(-10.0)),
            (0x7bff, 65_504.0),
            (0xc000, -2.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), number, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }

    #[test]
    fn a_fraction_is_not_read_as_a_whole_number() {
        let of = |form, big_endian| NumberType { form, big_endian };
        assert_eq!(of(NumberForm::Signed(2), true).integers(&[0xff, 0xfe]), Ok(vec![-2]));
        assert_eq!(
            of(NumberForm::Unsigned(8), false).integers(&[0xff; 8]),
            Err(NotWhole { at: 0, found: u64::MAX.to_string(), count: 1 })
        );
        let singles: Vec<u8> = [3.0_f32, -1.0, 2.5, f32::NAN].iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(of(NumberForm::Single, false).integers(&singles[..8]), Ok(vec![3, -1]));
        assert_eq!(
            of(NumberForm::Single, false).integers(&singles),
            Err(NotWhole { at: 2, found: "2.5".into(), count: 2 })
        );
    }
}
