//! Bytes as people read them.

/// Bytes in decimal units with three digits, as sites state them: `1.28 GB`.
pub fn amount(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["kB", "MB", "GB", "TB"] {
        // 999.5 would be shown with four digits.
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    let digits = if unit == "B" || value >= 99.95 { 0 } else { usize::from(value < 9.995) + 1 };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_shown() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (9_994, "9.99 kB"),
            (9_996, "10.0 kB"),
            (99_960, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (1_280_000_008, "1.28 GB"),
            (384_000_000_008, "384 GB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(amount(bytes), shown);
        }
    }
}
