//! The one place that reads a clock.
#![allow(clippy::disallowed_methods, reason = "everywhere else a clock is a mistake; see clippy.toml")]

use std::time::{Instant, SystemTime};

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

/// The date and time, UTC, as RFC 3339 to the second.
pub fn timestamp() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
