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

/// Seconds since 1970, UTC.
pub fn unix_seconds() -> i64 {
    let since = now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// That many seconds since 1970 as RFC 3339; an earlier time is 1970.
pub fn written(unix_seconds: i64) -> String {
    // Ten thousand years are the most that RFC 3339 knows.
    let seconds = u64::try_from(unix_seconds).unwrap_or(0).min(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// The date and time.
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The date and time, UTC, as RFC 3339 to the second.
pub fn timestamp() -> String {
    humantime::format_rfc3339_seconds(now()).to_string()
}
