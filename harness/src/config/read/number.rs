//! Whole numbers that are written like others: `1e4`, `5.0`.

/// The form of a number that YAML reads as a float.
pub(super) enum NumberText {
    /// Whole, with a point or a power of ten.
    Whole(i64),
    /// The same, but too large to be exact in an `f64`.
    Inexact,
    /// With a 0 before other digits.
    Octal,
    /// Not whole, or with too many digits.
    Other,
}

impl NumberText {
    /// Tells how `text` is written, whose value is `value`.
    pub(super) fn of(text: &str, value: f64) -> Self {
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
