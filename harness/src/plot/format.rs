//! Numbers as text for tables, figures and sentences.

/// Numbers nearer to 0 than this, and those from [`MOST`] on, are written in powers of ten.
pub(super) const LEAST: f64 = 1e-9;
const MOST: f64 = 1e15;

/// Whether a number is written without powers of ten.
pub(super) fn plain(value: f64) -> bool {
    value == 0.0 || (LEAST..MOST).contains(&value.abs())
}

/// A number as short as possible, with three significant digits if it is not whole: 0.05, 0.15, 2, 1,000, 2.5e-12. A dash if it
/// is not finite.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".into();
    }
    if !plain(value) {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let digits = (2.0 - value.abs().max(1e-12).log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    let text = unsigned_zero(text);
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), String::new()), |(w, r)| (w, format!(".{r}")));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let groups = whole.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    format!("{sign}{}{rest}", groups.collect::<Vec<_>>().join(","))
}

/// Three significant digits, thousands apart: 0.0123, 45.6, 1,230.
pub fn three_digits(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return if value == 0.0 { "0".into() } else { "-".into() };
    }
    // Rounded first: 0.9996 is 1.00 and not 1.000, 999.6 is 1,000.
    let value: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    let magnitude = value.abs().log10().floor() as i32;
    if magnitude >= 3 {
        return number(value);
    }
    decimals(value, (2 - magnitude).clamp(0, 9) as usize)
}

/// A number with this many decimals. No sign if all digits are 0; a dash if it is not finite.
pub fn decimals(value: f64, digits: usize) -> String {
    if value.is_finite() { unsigned_zero(format!("{value:.digits$}")) } else { "-".into() }
}

/// A printed number without the sign of a zero: 0.00 and not -0.00.
pub fn unsigned_zero(text: String) -> String {
    match text.strip_prefix(['+', '-']) {
        Some(size) if size.chars().all(|c| "0.".contains(c)) => size.to_owned(),
        _ => text,
    }
}

/// A number for tables for machines: at most twelve significant digits. More would show the rounding of sums, as in a mean of
/// tenths.
pub fn cell(value: f64) -> String {
    let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
    unsigned_zero(rounded.to_string())
}

/// The same; empty if the number is missing or not finite.
pub fn cell_or_empty(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(String::new, cell)
}

/// The same for a p-value, in powers of ten below 1e-4.
pub fn p_cell(p: f64) -> String {
    if p < 1e-4 { format!("{p:.11e}").parse().map_or_else(|_| cell(p), |p: f64| format!("{p:e}")) } else { cell(p) }
}

/// A difference with its sign. No sign if all digits are 0; a dash if it is not finite.
pub fn signed(value: f64, digits: usize) -> String {
    if value.is_finite() { unsigned_zero(format!("{value:+.digits$}")) } else { "-".into() }
}

/// A p-value for people: three decimals, or `< 0.001`.
pub fn three_decimals(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_short_and_exact_enough() {
        let found = [0.905_299_999_999_990_7, 1.0, 1.0 / 3.0, 19000.0, 0.0, -2.5e-7].map(cell);
        assert_eq!(found, ["0.9053", "1", "0.333333333333", "19000", "0", "-0.00000025"]);
    }

    #[test]
    fn differences_have_signs() {
        assert_eq!(
            [0.0123, -0.0123, 0.0004, -0.0004].map(|value| signed(value, 3)),
            ["+0.012", "-0.012", "0.000", "0.000"]
        );
    }

    /// In every form 0 has no sign, and a number that is not finite is a dash.
    #[test]
    fn zero_has_no_sign() {
        for value in [0.0, -0.0, 1e-13, -1e-13, -1e-300] {
            assert_eq!([decimals(value, 4), signed(value, 2), signed(value, 0)], ["0.0000", "0.00", "0"], "{value}");
            assert!(!three_digits(value).contains('-'), "{value}");
        }
        assert_eq!([0.0, -0.0, 1e-13].map(number), ["0", "0", "1e-13"]);
        assert_eq!([cell(-0.0), cell_or_empty(Some(-0.0)), p_cell(0.0)], ["0", "0", "0e0"]);
        assert_eq!([-0.000_05, -0.000_04, -12.0].map(|value| decimals(value, 4)), ["-0.0001", "0.0000", "-12.0000"]);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!([decimals(value, 4), signed(value, 4), three_digits(value)], ["-"; 3]);
            assert_eq!(cell_or_empty(Some(value)), "");
        }
    }

    #[test]
    fn three_digits_are_kept() {
        let found = [0.012_345, 0.5, 45.678, 999.4, 1234.0, 123_456.0, 0.0].map(three_digits);
        assert_eq!(found, ["0.0123", "0.500", "45.7", "999", "1,230", "123,000", "0"]);
        assert_eq!([0.25, 0.0, 1.0 / 3.0e30].map(p_cell), ["0.25", "0e0", "3.33333333333e-31"]);
        assert_eq!([0.000_999, 0.001, 0.0496, 1.0].map(three_decimals), ["< 0.001", "0.001", "0.050", "1.000"]);
        let carried = [0.9996, 9.996, 99.96, 999.6, 9996.0].map(three_digits);
        assert_eq!(carried, ["1.00", "10.0", "100", "1,000", "10,000"]);
    }
}
