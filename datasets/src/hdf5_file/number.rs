//! How an array's numbers are stored, and what they are in Rust's types.

use crate::dataset::Stored;
use hdf5::{ByteOrder, Datatype};

/// How one number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    form: Form,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Half,
    Bfloat16,
    Single,
    Double,
    /// A signed whole number of so many bytes.
    Signed(u8),
    /// An unsigned whole number of so many bytes.
    Unsigned(u8),
}

/// The properties of a floating-point type as HDF5 describes them: sign's place, offset, precision, exponent's place and
/// size, mantissa's place and size, exponent's bias.
type Layout = (u8, u16, u16, u8, u8, u8, u8, u32);

/// The floating-point types that are read.
const FLOATS: [(Form, Layout); 4] = [
    (Form::Half, (15, 0, 16, 10, 5, 0, 10, 15)),
    (Form::Bfloat16, (15, 0, 16, 7, 8, 0, 7, 127)),
    (Form::Single, (31, 0, 32, 23, 8, 0, 23, 127)),
    (Form::Double, (63, 0, 64, 52, 11, 0, 52, 1023)),
];

/// The names of HDF5's classes of types.
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

impl Number {
    /// From an array's datatype message, byte for byte (HDF5 File Format Specification, IV.A.2.d).
    ///
    /// # Errors
    /// What it is instead, in words.
    pub(super) fn of(message: &[u8]) -> Result<Self, String> {
        let cut = || "a datatype that is cut short".to_owned();
        let at = |i: usize| message.get(i).copied().ok_or_else(cut);
        let short = |i: usize| Ok::<_, String>(u16::from_le_bytes([at(i)?, at(i + 1)?]));
        let long = |i: usize| Ok::<_, String>(u32::from_le_bytes([at(i)?, at(i + 1)?, at(i + 2)?, at(i + 3)?]));
        let (class, flags, sign, size) = (at(0)? & 0x0f, at(1)?, at(2)?, long(4)?);
        let big_endian = flags & 1 == 1;
        match class {
            0 => {
                let (offset, precision) = (short(8)?, short(10)?);
                let bytes = u8::try_from(size).ok().filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8));
                let whole = bytes.filter(|&bytes| offset == 0 && precision == 8 * u16::from(bytes));
                let Some(bytes) = whole else {
                    return Err(format!("whole numbers of {precision} bits in {size} bytes"));
                };
                let form = if flags & 8 == 0 { Form::Unsigned(bytes) } else { Form::Signed(bytes) };
                Ok(Self { form, big_endian })
            }
            1 => {
                let layout = (sign, short(8)?, short(10)?, at(12)?, at(13)?, at(14)?, at(15)?, long(16)?);
                // Bit 6 beside bit 0 is VAX's order; bits 4 and 5 say that the mantissa's first bit is 1 and not stored.
                let usual = flags & 0x70 == 0x20;
                let form = FLOATS.iter().find(|(_, known)| usual && *known == layout).map(|&(form, _)| form);
                let Some(form) = form.filter(|form| u32::from(form.bytes()) == size) else {
                    let (.., exponent, _, mantissa, bias) = layout;
                    return Err(format!(
                        "floating-point numbers of {size} bytes with {exponent} bits of exponent, biased by {bias}, and \
                         {mantissa} of mantissa"
                    ));
                };
                Ok(Self { form, big_endian })
            }
            _ => Err(words(message)),
        }
    }

    /// From a type as the reader tells it, which says nothing of where a float's exponent is: those of 4 and 8 bytes are taken
    /// for the usual ones. An enumeration, as h5py stores booleans, is what its values are.
    pub(super) fn plain(datatype: &Datatype) -> Option<Self> {
        let (form, order) = match datatype {
            Datatype::FixedPoint { size, signed: true, byte_order } => (Form::Signed(*size), byte_order),
            Datatype::FixedPoint { size, signed: false, byte_order } => (Form::Unsigned(*size), byte_order),
            Datatype::FloatingPoint { size: 4, byte_order } => (Form::Single, byte_order),
            Datatype::FloatingPoint { size: 8, byte_order } => (Form::Double, byte_order),
            Datatype::Enum { base, .. } => return Self::plain(base),
            _ => return None,
        };
        let is_known = matches!(form.bytes(), 1 | 2 | 4 | 8);
        is_known.then_some(Self { form, big_endian: *order == ByteOrder::BigEndian })
    }

    /// Bytes of one.
    pub(super) fn bytes(self) -> usize {
        usize::from(self.form.bytes())
    }

    /// What distances that are stored so were rounded to.
    pub(super) fn stored(self) -> Stored {
        match self.form {
            Form::Half => Stored::Float16,
            Form::Bfloat16 => Stored::Bfloat16,
            Form::Single => Stored::Float32,
            Form::Double => Stored::Float64,
            Form::Signed(_) | Form::Unsigned(_) => Stored::Integer,
        }
    }

    /// Appends the numbers as `f32`, rounded to nearest; what exceeds its range becomes infinite.
    pub(super) fn f32s(self, bytes: &[u8], numbers: &mut Vec<f32>) {
        if self.form == Form::Single {
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

    /// The numbers as whole ones.
    ///
    /// # Errors
    /// The place of the first that is none, or exceeds `i64`, and what stands there.
    pub(super) fn integers(self, bytes: &[u8]) -> Result<Vec<i64>, (usize, String)> {
        /// Up to this every whole number is one of `f64`'s.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let mut numbers = Vec::new();
        match self.form {
            Form::Signed(1) => self.append(bytes, &mut numbers, |bytes| i8::from_le_bytes(bytes).into()),
            Form::Signed(2) => self.append(bytes, &mut numbers, |bytes| i16::from_le_bytes(bytes).into()),
            Form::Signed(4) => self.append(bytes, &mut numbers, |bytes| i32::from_le_bytes(bytes).into()),
            Form::Signed(_) => self.append(bytes, &mut numbers, i64::from_le_bytes),
            Form::Unsigned(1) => self.append(bytes, &mut numbers, |bytes| u8::from_le_bytes(bytes).into()),
            Form::Unsigned(2) => self.append(bytes, &mut numbers, |bytes| u16::from_le_bytes(bytes).into()),
            Form::Unsigned(4) => self.append(bytes, &mut numbers, |bytes| u32::from_le_bytes(bytes).into()),
            Form::Unsigned(_) => {
                self.append(bytes, &mut numbers, i64::from_le_bytes);
                // What exceeds i64 has become negative.
                if let Some(at) = numbers.iter().position(|&number| number < 0) {
                    return Err((at, numbers[at].cast_unsigned().to_string()));
                }
            }
            Form::Half | Form::Bfloat16 | Form::Single | Form::Double => {
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
            Form::Half => self.append(bytes, numbers, |bytes| from(half(u16::from_le_bytes(bytes)))),
            Form::Bfloat16 => self.append(bytes, numbers, |bytes| from(bfloat16(bytes))),
            Form::Single => self.append(bytes, numbers, |bytes| from(f32::from_le_bytes(bytes).into())),
            Form::Double => self.append(bytes, numbers, |bytes| from(f64::from_le_bytes(bytes))),
            Form::Signed(1) => self.append(bytes, numbers, |bytes| from(i8::from_le_bytes(bytes).into())),
            Form::Signed(2) => self.append(bytes, numbers, |bytes| from(i16::from_le_bytes(bytes).into())),
            Form::Signed(4) => self.append(bytes, numbers, |bytes| from(i32::from_le_bytes(bytes).into())),
            Form::Signed(_) => self.append(bytes, numbers, |bytes| from(i64::from_le_bytes(bytes) as f64)),
            Form::Unsigned(1) => self.append(bytes, numbers, |bytes| from(u8::from_le_bytes(bytes).into())),
            Form::Unsigned(2) => self.append(bytes, numbers, |bytes| from(u16::from_le_bytes(bytes).into())),
            Form::Unsigned(4) => self.append(bytes, numbers, |bytes| from(u32::from_le_bytes(bytes).into())),
            Form::Unsigned(_) => self.append(bytes, numbers, |bytes| from(u64::from_le_bytes(bytes) as f64)),
        }
    }

    /// Appends what `from` makes of the bytes of each number, the lowest first.
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

impl Form {
    fn bytes(self) -> u8 {
        match self {
            Self::Half | Self::Bfloat16 => 2,
            Self::Single => 4,
            Self::Double => 8,
            Self::Signed(bytes) | Self::Unsigned(bytes) => bytes,
        }
    }
}

/// A number in IEEE 754's half precision. Its bits mean in `f32` what they mean here, but for the exponent's bias.
fn half(bits: u16) -> f64 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff) << 13);
    let size = if bits & 0x7c00 == 0x7c00 {
        // Infinite, or no number.
        rest | 0x7f80_0000
    } else {
        // 127 - 15, exactly: a power of two.
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

    fn float(layout: Layout, size: u8, flags: u8) -> Vec<u8> {
        let (sign, offset, precision, at, exponent, from, mantissa, bias) = layout;
        let mut message = vec![0x11, flags, sign, 0, size, 0, 0, 0];
        message.extend(offset.to_le_bytes().into_iter().chain(precision.to_le_bytes()));
        message.extend([at, exponent, from, mantissa]);
        message.extend(bias.to_le_bytes());
        message
    }

    #[test]
    fn only_the_usual_forms_are_numbers() {
        let brain = Number::of(&float(FLOATS[1].1, 2, 0x20)).expect("bfloat16");
        assert_eq!(brain.f64s(&[0x80, 0x3f, 0x49, 0xc0]), [1.0, -3.140_625]);
        assert_eq!(
            Number::of(&float(FLOATS[0].1, 2, 0x21)).expect("big-endian").f64s(&[0x3c, 0x01]),
            [1.000_976_562_5]
        );
        // IBM's bias, the order of a VAX, a mantissa whose first bit is stored, a size that does not fit.
        let biased = float((31, 0, 32, 23, 8, 0, 23, 64), 4, 0x20);
        assert_eq!(
            Number::of(&biased).expect_err("biased"),
            "floating-point numbers of 4 bytes with 8 bits of exponent, biased by 64, and 23 of mantissa"
        );
        for (flags, size) in [(0x61, 4), (0x00, 4), (0x20, 8)] {
            assert!(Number::of(&float(FLOATS[2].1, size, flags)).is_err(), "{flags:#x}, {size}");
        }
        assert_eq!(
            Number::of(&[0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 12, 0]),
            Err("whole numbers of 12 bits in 4 bytes".into())
        );
        assert_eq!(Number::of(&[0x18, 0, 0, 0, 1, 0, 0, 0]), Err("an enumeration, as h5py stores booleans".into()));
        assert!(Number::of(&[0x10, 8]).is_err());
    }

    #[test]
    fn whole_numbers_are_whole() {
        let of = |form, big_endian| Number { form, big_endian };
        assert_eq!(of(Form::Signed(2), true).integers(&[0xff, 0xfe]), Ok(vec![-2]));
        assert_eq!(of(Form::Unsigned(8), false).integers(&[0xff; 8]), Err((0, u64::MAX.to_string())));
        let singles: Vec<u8> = [3.0_f32, -1.0, 2.5].iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(of(Form::Single, false).integers(&singles[..8]), Ok(vec![3, -1]));
        assert_eq!(of(Form::Single, false).integers(&singles), Err((2, "2.5".into())));
    }
}
