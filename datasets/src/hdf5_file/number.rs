//! The types that HDF5 stores numbers as.

use crate::number::{NumberForm, NumberType};
use hdf5::{ByteOrder, Datatype};

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

/// The type in an array's datatype message (HDF5 File Format Specification, IV.A.2.d).
///
/// # Errors
/// Names the type that is there, if it is not a number that can be read.
pub(super) fn of(message: &[u8]) -> Result<NumberType, String> {
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
            Ok(NumberType { form, big_endian })
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
            Ok(NumberType { form, big_endian })
        }
        _ => Err(words(message)),
    }
}

/// The same for numbers that stand for bits: an enumeration, as h5py stores booleans, has the type of its values.
pub(super) fn of_bits(message: &[u8]) -> Result<NumberType, String> {
    /// HDF5's class of enumerations; the type of the values follows the first 8 bytes.
    const ENUMERATION: u8 = 8;
    match message {
        [first, _, _, _, _, _, _, _, values @ ..] if first & 0x0f == ENUMERATION => of(values),
        message => of(message),
    }
}

/// The type that the reader has parsed; `None` if it is not a number. The reader does not tell where a float's exponent is:
/// floats of 4 and 8 bytes are taken for IEEE 754's. An enumeration, as h5py stores booleans, has the type of its values.
pub(super) fn plain(datatype: &Datatype) -> Option<NumberType> {
    let (form, order) = match datatype {
        Datatype::FixedPoint { size, signed: true, byte_order } => (NumberForm::Signed(*size), byte_order),
        Datatype::FixedPoint { size, signed: false, byte_order } => (NumberForm::Unsigned(*size), byte_order),
        Datatype::FloatingPoint { size: 4, byte_order } => (NumberForm::Single, byte_order),
        Datatype::FloatingPoint { size: 8, byte_order } => (NumberForm::Double, byte_order),
        Datatype::Enum { base, .. } => return plain(base),
        _ => return None,
    };
    let is_known = matches!(form.bytes(), 1 | 2 | 4 | 8);
    is_known.then_some(NumberType { form, big_endian: *order == ByteOrder::BigEndian })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(layout: FloatLayout, size: u8, flags: u8) -> Vec<u8> {
        let mut message = vec![0x11, flags, layout.sign_at, 0, size, 0, 0, 0];
        message.extend(layout.offset.to_le_bytes().into_iter().chain(layout.precision.to_le_bytes()));
        message.extend([layout.exponent_at, layout.exponent_size, layout.mantissa_at, layout.mantissa_size]);
        message.extend(layout.exponent_bias.to_le_bytes());
        message
    }

    #[test]
    fn only_the_usual_forms_are_numbers() {
        let brain = of(&float(FLOATS[1].1, 2, 0x20)).expect("bfloat16");
        assert_eq!(brain.f64s(&[0x80, 0x3f, 0x49, 0xc0]), [1.0, -3.140_625]);
        assert_eq!(of(&float(FLOATS[0].1, 2, 0x21)).expect("big-endian").f64s(&[0x3c, 0x01]), [1.000_976_562_5]);
        // IBM's bias, the order of a VAX, a mantissa whose first bit is stored, a size that does not fit.
        let biased = float(FloatLayout { exponent_bias: 64, ..FLOATS[2].1 }, 4, 0x20);
        assert_eq!(
            of(&biased).expect_err("biased"),
            "floating-point numbers of 4 bytes with 8 bits of exponent, biased by 64, and 23 of mantissa"
        );
        for (flags, size) in [(0x61, 4), (0x00, 4), (0x20, 8)] {
            assert!(of(&float(FLOATS[2].1, size, flags)).is_err(), "{flags:#x}, {size}");
        }
        assert_eq!(of(&[0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 12, 0]), Err("whole numbers of 12 bits in 4 bytes".into()));
        assert_eq!(of(&[0x18, 0, 0, 0, 1, 0, 0, 0]), Err("an enumeration, as h5py stores booleans".into()));
        assert!(of(&[0x10, 8]).is_err());
    }
}
