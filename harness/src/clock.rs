//! The one place that reads a clock.
#![allow(clippy::disallowed_methods, reason = "everywhere else a clock is a mistake; see clippy.toml")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// Seconds since 1970, UTC; 0 where the clock stands before that.
pub fn unix_seconds() -> i64 {
    since_1970(now())
}

fn since_1970(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The last second that RFC 3339 knows, that of the year 9999.
pub const LAST: u64 = 253_402_300_799;

/// That many seconds since 1970 as RFC 3339; an earlier time is 1970, a later one than [`LAST`] is that.
pub fn written(unix_seconds: i64) -> String {
    let seconds = u64::try_from(unix_seconds).unwrap_or(0).min(LAST);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// The date and time.
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The date and time, UTC, as RFC 3339 to the second; 1970 where the clock stands before that.
pub fn timestamp() -> String {
    written(unix_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine without a battery for its clock begins anywhere. What formats times knows those from 1970 to 9999 alone.
    #[test]
    fn a_clock_that_is_far_off_is_written_as_the_nearest_time_that_can_be() {
        let (day, age) = (Duration::from_secs(86_400), Duration::from_secs(1 << 40));
        let at = |time: Option<SystemTime>| written(since_1970(time.expect("a time")));
        assert_eq!(at(UNIX_EPOCH.checked_sub(day)), "1970-01-01T00:00:00Z");
        assert_eq!(at(UNIX_EPOCH.checked_add(day)), "1970-01-02T00:00:00Z");
        assert_eq!(at(UNIX_EPOCH.checked_add(age)), "9999-12-31T23:59:59Z");
        assert_eq!([written(i64::MIN), written(i64::MAX)].map(|text| text.len()), [20; 2]);
        assert_eq!(timestamp().len(), 20);
    }
}
