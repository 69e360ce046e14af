//! Dates and times. Only this module reads a clock.
#![allow(clippy::disallowed_methods, reason = "everywhere else a clock is a mistake; see clippy.toml")]

use chrono::{DateTime, SecondsFormat};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment(Instant);

impl Moment {
    /// Now.
    #[inline]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Seconds from `earlier` to this.
    #[inline]
    pub fn since(self, earlier: Self) -> f64 {
        self.0.duration_since(earlier.0).as_secs_f64()
    }

    /// Seconds from this until now.
    pub fn elapsed(self) -> f64 {
        Self::now().since(self)
    }
}

/// Seconds since 1970, UTC; 0 if the clock is set before that.
pub fn unix_seconds() -> i64 {
    since_1970(now())
}

fn since_1970(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The last second of the year 9999, and so of RFC 3339.
const LAST: i64 = 253_402_300_799;

/// Writes seconds since 1970 as RFC 3339, UTC. Times before 1970 or after the year 9999 become the nearest time in between.
pub fn written(unix_seconds: i64) -> String {
    let time = DateTime::from_timestamp_secs(unix_seconds.clamp(0, LAST)).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads a time of RFC 3339 with any offset as seconds since 1970, without fractions. `None` for other text, and for a time
/// that [`written`] cannot write.
pub fn parsed(text: &str) -> Option<i64> {
    let seconds = DateTime::parse_from_rfc3339(text).ok()?.timestamp();
    (0..=LAST).contains(&seconds).then_some(seconds)
}

/// The date and time.
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The date and time, UTC, as RFC 3339 to the second; 1970 if the clock is set before that.
pub fn timestamp() -> String {
    written(unix_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The clock of a machine without a battery may start at any time.
    #[test]
    fn a_clock_that_is_far_off_gives_the_nearest_time_that_can_be_written() {
        let (day, age) = (Duration::from_secs(86_400), Duration::from_secs(1 << 40));
        let at = |time: Option<SystemTime>| written(since_1970(time.expect("a time")));
        assert_eq!(at(UNIX_EPOCH.checked_sub(day)), "1970-01-01T00:00:00Z");
        assert_eq!(at(UNIX_EPOCH.checked_add(day)), "1970-01-02T00:00:00Z");
        assert_eq!(at(UNIX_EPOCH.checked_add(age)), "9999-12-31T23:59:59Z");
        assert_eq!([written(i64::MIN), written(i64::MAX)].map(|text| text.len()), [20; 2]);
        assert_eq!(timestamp().len(), 20);
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for seconds in [0, 951_782_400, 1_769_860_800, LAST] {
            assert_eq!(parsed(&written(seconds)), Some(seconds));
        }
        assert_eq!(parsed("2016-12-31T23:59:60Z"), parsed("2016-12-31T23:59:59Z"), "a leap second");
        assert_eq!(parsed("2024-02-29T12:00:00.5+00:30"), parsed("2024-02-29T11:30:00Z"));
        for text in ["", "2026-01-31", "2026-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "2026-01-31T12:00:00"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
