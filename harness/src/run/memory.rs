//! How much memory this process holds, and a limit on it.
//!
//! Linux reports the peak in `/proc/self/status` (`VmHWM`), and resets it through `clear_refs`. On other systems nothing is
//! measured and nothing can be limited.

use std::path::Path;
use swath_datasets::bounded;

/// Resets the peak, so that [`peak`] tells that of the work from now on.
pub fn reset_peak() {
    // If this fails the peak is that of the whole process so far, which is not smaller.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most bytes that this process held since the last reset, if the system says.
pub fn peak() -> Option<u64> {
    let status = bounded::read_text(Path::new("/proc/self/status"), bounded::TEXT).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Limits this process to `bytes`. An allocation beyond them fails, which ends the process.
///
/// # Errors
/// The system's refusal.
#[cfg(target_os = "linux")]
pub fn limit(bytes: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Data).maximum;
    Ok(setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: hard })?)
}

/// This system has no such limit.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn limit(_: u64) -> std::io::Result<()> {
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}
