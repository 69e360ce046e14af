//! The types that an array's numbers are stored as, and their conversion to Rust's types.

use crate::dataset::Stored;
use hdf5::{ByteOrder, Datatype};

/// The type that a number is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberType {
    form: NumberForm,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberForm {
    Half,
    Bfloat16,
    Single,
    Double,
    /// A signed whole number of this many bytes.
    Signed(u8),
    /// An unsigned whole number of this many bytes.
    Unsigned(u8),
}

/// The properties of a floating-point type, as HDF5 describes them. Places and sizes are in bits.
#[derive(Clone, Copy, PartialEq)]
struct FloatLayout {
    sign_at: u8,
    offset: u16,
    precision: u16,
    exponent_at: u8,
    exponent_size: u8,
    mantissa_at: u8,
    mantissa_size: u8,
    exponent_bias: u32,
}

impl FloatLayout {
    /// A type whose bits are, from the lowest: mantissa, exponent, sign.
    const fn usual(exponent: u8, mantissa: u8) -> Self {
        Self {
            sign_at: mantissa + exponent,
            offset: 0,
            precision: mantissa as u16 + exponent as u16 + 1,
            exponent_at: mantissa,
            exponent_size: exponent,
            mantissa_at: 0,
            mantissa_size: mantissa,
            exponent_bias: (1 << (exponent - 1)) - 1,
        }
    }
}

/// The floating-point types that are read.
const FLOATS: [(NumberForm, FloatLayout); 4] = [
    (NumberForm::Half, FloatLayout::usual(5, 10)),
    (NumberForm::Bfloat16, FloatLayout::usual(8, 7)),
    (NumberForm::Single, FloatLayout::usual(8, 23)),
    (NumberForm::Double, FloatLayout::usual(11, 52)),
];

/// HDF5's classes of types, in words.
const CLASSES: [&str; 12] = [
    "whole numbers",
    "floating-point numbers",
    "times",
    "text",
    "bit fields",
    "opaque bytes",
    "compound values",
    "references",
    "an enumeration, as h5py stores booleans",
    "values of variable length",
    "arrays",
    "complex numbers",
];

/// What the datatype message of an array holds, in words.
pub(super) fn words(message: &[u8]) -> String {
    let class = usize::from(message.first().copied().unwrap_or(0) & 0x0f);
    CLASSES.get(class).map_or_else(|| format!("values of HDF5's class {class}"), |&words| words.to_owned())
}

impl NumberType {
    /// The type in an array's datatype message (HDF5 File Format Specification, IV.A.2.d).
    ///
    /// # Errors
    /// Names the type that is there, if it is not a number that can be read.
    pub(super) fn of(message: &[u8]) -> Result<Self, String> {
        let cut = || "a datatype that is cut short".to_owned();
        let at = |i: usize| message.get(i).copied().ok_or_else(cut);
        let short = |i: usize| Ok::<_, String>(u16::from_le_bytes([at(i)?, at(i + 1)?]));
        let long = |i: usize| Ok::<_, String>(u32::from_le_bytes([at(i)?, at(i + 1)?, at(i + 2)?, at(i + 3)?]));
        let (class, flags, size) = (at(0)? & 0x0f, at(1)?, long(4)?);
        let big_endian = flags & 1 == 1;
        match class {
            0 => {
                let (offset, precision) = (short(8)?, short(10)?);
                let bytes = u8::try_from(size).ok().filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8));
                let whole = bytes.filter(|&bytes| offset == 0 && precision == 8 * u16::from(bytes));
                let Some(bytes) = whole else {
                    return Err(format!("whole numbers of {precision} bits in {size} bytes"));
                };
                let form = if flags & 8 == 0 { NumberForm::Unsigned(bytes) } else { NumberForm::Signed(bytes) };
                Ok(Self { form, big_endian })
            }
            1 => {
                let layout = FloatLayout {
                    sign_at: at(2)?,
                    offset: short(8)?,
                    precision: short(10)?,
                    exponent_at: at(12)?,
                    exponent_size: at(13)?,
                    mantissa_at: at(14)?,
                    mantissa_size: at(15)?,
                    exponent_bias: long(16)?,
                };
                // Bits 6 and 0 together are VAX's order; bits 4 and 5 say that the mantissa's first bit is 1 and not stored.
                let usual = flags & 0x70 == 0x20;
                let form = FLOATS.iter().find(|(_, known)| usual && *known == layout).map(|&(form, _)| form);
                let Some(form) = form.filter(|form| u32::from(form.bytes()) == size) else {
                    return Err(format!(
                        "floating-point numbers of {size} bytes with {} bits of exponent, biased by {}, and {} of mantissa",
                        layout.exponent_size, layout.exponent_bias, layout.mantissa_size
                    ));
                };
                Ok(Self { form, big_endian })
            }
            _ => Err(words(message)),
        }
    }

    /// The same for numbers that stand for bits: an enumeration, as h5py stores booleans, has the type of its values.
    pub(super) fn of_bits(message: &[u8]) -> Result<Self, String> {
        /// HDF5's class of enumerations; the type of the values follows the first 8 bytes.
        const ENUMERATION: u8 = 8;
        match message {
            [first, _, _, _, _, _, _, _, values @ ..] if first & 0x0f == ENUMERATION => Self::of(values),
            message => Self::of(message),
        }
    }

    /// Whether it is an unsigned number of 8 bits.
    pub(super) fn is_byte(self) -> bool {
        self.form == NumberForm::Unsigned(1)
    }

    /// The type that the reader has parsed; `None` if it is not a number. The reader does not tell where a float's exponent is:
    /// floats of 4 and 8 bytes are taken for IEEE 754's. An enumeration, as h5py stores booleans, has the type of its values.
    pub(super) fn plain(datatype: &Datatype) -> Option<Self> {
        let (form, order) = match datatype {
            Datatype::FixedPoint { size, signed: true, byte_order } => (NumberForm::Signed(*size), byte_order),
            Datatype::FixedPoint { size, signed: false, byte_order } => (NumberForm::Unsigned(*size), byte_order),
            Datatype::FloatingPoint { size: 4, byte_order } => (NumberForm::Single, byte_order),
            Datatype::FloatingPoint { size: 8, byte_order } => (NumberForm::Double, byte_order),
            Datatype::Enum { base, .. } => return Self::plain(base),
            _ => return None,
        };
        let is_known = matches!(form.bytes(), 1 | 2 | 4 | 8);
        is_known.then_some(Self { form, big_endian: *order == ByteOrder::BigEndian })
    }

    /// Bytes of one number.
    pub(super) fn bytes(self) -> usize {
        usize::from(self.form.bytes())
    }

    /// The precision of distances that are stored as this type.
    pub(super) fn stored(self) -> Stored {
        match self.form {
            NumberForm::Half => Stored::Float16,
            NumberForm::Bfloat16 => Stored::Bfloat16,
            NumberForm::Single => Stored::Float32,
            NumberForm::Double => Stored::Float64,
            NumberForm::Signed(_) | NumberForm::Unsigned(_) => Stored::Integer,
        }
    }

    /// Appends the numbers as `f32`, rounded to nearest; a number beyond its range becomes infinite.
    pub(super) fn f32s(self, bytes: &[u8], numbers: &mut Vec<f32>) {
        if self.form == NumberForm::Single {
            self.append(bytes, numbers, f32::from_le_bytes);
        } else {
            self.append_from_f64(bytes, numbers, |number| number as f32);
        }
    }

    /// The numbers as `f64`; whole ones beyond 2^53 are rounded.
    pub(super) fn f64s(self, bytes: &[u8]) -> Vec<f64> {
        let mut numbers = Vec::new();
        self.append_from_f64(bytes, &mut numbers, |number| number);
        numbers
    }

    /// The numbers as whole numbers.
    ///
    /// # Errors
    /// The place and the value of the first number that is not whole, or exceeds `i64`.
    pub(super) fn integers(self, bytes: &[u8]) -> Result<Vec<i64>, (usize, String)> {
        /// `f64` has every whole number up to this one.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let mut numbers = Vec::new();
        match self.form {
            NumberForm::Signed(1) => self.append(bytes, &mut numbers, |bytes| i8::from_le_bytes(bytes).into()),
            NumberForm::Signed(2) => self.append(bytes, &mut numbers, |bytes| i16::from_le_bytes(bytes).into()),
            NumberForm::Signed(4) => self.append(bytes, &mut numbers, |bytes| i32::from_le_bytes(bytes).into()),
            NumberForm::Signed(_) => self.append(bytes, &mut numbers, i64::from_le_bytes),
            NumberForm::Unsigned(1) => self.append(bytes, &mut numbers, |bytes| u8::from_le_bytes(bytes).into()),
            NumberForm::Unsigned(2) => self.append(bytes, &mut numbers, |bytes| u16::from_le_bytes(bytes).into()),
            NumberForm::Unsigned(4) => self.append(bytes, &mut numbers, |bytes| u32::from_le_bytes(bytes).into()),
            NumberForm::Unsigned(_) => {
                self.append(bytes, &mut numbers, i64::from_le_bytes);
                // A number beyond i64 has become negative.
                if let Some(at) = numbers.iter().position(|&number| number < 0) {
                    return Err((at, numbers[at].cast_unsigned().to_string()));
                }
            }
            NumberForm::Half | NumberForm::Bfloat16 | NumberForm::Single | NumberForm::Double => {
                let floats = self.f64s(bytes);
                let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() <= EXACT;
                if let Some(at) = floats.iter().position(|number| !is_whole(number)) {
                    return Err((at, floats[at].to_string()));
                }
                numbers.extend(floats.into_iter().map(|number| number as i64));
            }
        }
        Ok(numbers)
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
            NumberForm::Unsigned(1) => self.append(bytes, numbers, |bytes| from(u8::from_le_bytes(bytes).into())),
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
    fn bytes(self) -> u8 {
        match self {
            Self::Half | Self::Bfloat16 => 2,
            Self::Single => 4,
            Self::Double => 8,
            Self::Signed(bytes) | Self::Unsigned(bytes) => bytes,
        }
    }
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

    fn float(layout: FloatLayout, size: u8, flags: u8) -> Vec<u8> {
        let mut message = vec![0x11, flags, layout.sign_at, 0, size, 0, 0, 0];
        message.extend(layout.offset.to_le_bytes().into_iter().chain(layout.precision.to_le_bytes()));
        message.extend([layout.exponent_at, layout.exponent_size, layout.mantissa_at, layout.mantissa_size]);
        message.extend(layout.exponent_bias.to_le_bytes());
        message
    }

    #[test]
    fn only_the_usual_forms_are_numbers() {
        let brain = NumberType::of(&float(FLOATS[1].1, 2, 0x20)).expect("bfloat16");
        assert_eq!(brain.f64s(&[0x80, 0x3f, 0x49, 0xc0]), [1.0, -3.140_625]);
        assert_eq!(
            NumberType::of(&float(FLOATS[0].1, 2, 0x21)).expect("big-endian").f64s(&[0x3c, 0x01]),
            [1.000_976_562_5]
        );
        // IBM's bias, the order of a VAX, a mantissa whose first bit is stored, a size that does not fit.
        let biased = float(FloatLayout { exponent_bias: 64, ..FLOATS[2].1 }, 4, 0x20);
        assert_eq!(
            NumberType::of(&biased).expect_err("biased"),
            "floating-point numbers of 4 bytes with 8 bits of exponent, biased by 64, and 23 of mantissa"
        );
        for (flags, size) in [(0x61, 4), (0x00, 4), (0x20, 8)] {
            assert!(NumberType::of(&float(FLOATS[2].1, size, flags)).is_err(), "{flags:#x}, {size}");
        }
        assert_eq!(
            NumberType::of(&[0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 12, 0]),
            Err("whole numbers of 12 bits in 4 bytes".into())
        );
        assert_eq!(NumberType::of(&[0x18, 0, 0, 0, 1, 0, 0, 0]), Err("an enumeration, as h5py stores booleans".into()));
        assert!(NumberType::of(&[0x10, 8]).is_err());
    }

    #[test]
    fn a_fraction_is_not_read_as_a_whole_number() {
        let of = |form, big_endian| NumberType { form, big_endian };
        assert_eq!(of(NumberForm::Signed(2), true).integers(&[0xff, 0xfe]), Ok(vec![-2]));
        assert_eq!(of(NumberForm::Unsigned(8), false).integers(&[0xff; 8]), Err((0, u64::MAX.to_string())));
        let singles: Vec<u8> = [3.0_f32, -1.0, 2.5].iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(of(NumberForm::Single, false).integers(&singles[..8]), Ok(vec![3, -1]));
        assert_eq!(of(NumberForm::Single, false).integers(&singles), Err((2, "2.5".into())));
    }
}
