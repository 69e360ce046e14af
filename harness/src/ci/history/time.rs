//! Times of RFC 3339 in UTC.

use crate::clock;
use crate::config::Failure;

/// Converts a time of RFC 3339 with any offset into UTC, to the second.
///
/// # Errors
/// [`Failure::Input`] if it is not a time.
pub fn utc(text: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::Input(format!(
            "`{text}` is not a time of RFC 3339; expected for example 2026-01-31T12:00:00Z, or a time with an offset \
             as `git show -s --format=%cI` prints it"
        ))
    };
    clock::parsed(text.trim()).map(clock::written).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn times_are_converted_into_utc() {
        let told = |text: &str| utc(text).ok();
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00.75Z", "2026-01-31T12:00:00Z"),
            ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
            ("2026-12-31T20:00:00-05:30", "2027-01-01T01:30:00Z"),
        ] {
            assert_eq!(told(text).as_deref(), Some(expected), "{text}");
        }
        // The offset of the last two moves them out of the years that can be written.
        for text in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+25:00",
            "\u{e9}+01:00",
            "1970-01-01T00:30:00+01:00",
            "9999-12-31T23:30:00-01:00",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
