//! Times of RFC 3339 in UTC.

use crate::clock;
use crate::config::Failure;
use std::time::{Duration, UNIX_EPOCH};

/// Converts a time of RFC 3339 with any offset into UTC, to the second.
///
/// # Errors
/// [`Failure::Input`] where it is none.
pub fn utc(text: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::Input(format!(
            "`{text}` is no time of RFC 3339: that is 2026-01-31T12:00:00Z, or with an offset as of \
             `git show -s --format=%cI`"
        ))
    };
    let (local, minutes) = offset(text.trim()).ok_or_else(wrong)?;
    let time = humantime::parse_rfc3339(&format!("{local}Z")).map_err(|_| wrong())?;
    let by = Duration::from_secs(60 * minutes.unsigned_abs());
    let time = if minutes < 0 { time.checked_add(by) } else { time.checked_sub(by) };
    // The offset may have moved it out of the years that can be written, 1970 to 9999.
    let seconds = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
    let seconds = seconds.filter(|&seconds| seconds <= clock::LAST).and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map(clock::written).ok_or_else(wrong)
}

/// Splits a time into its local part and its offset in minutes.
fn offset(text: &str) -> Option<(&str, i64)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, 0));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let sign = match offset.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some((local, sign * (60 * i64::from(hours) + i64::from(minutes))))
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
        // The last two are moved by their offset out of the years that can be written.
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
