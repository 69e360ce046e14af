//! How much memory this process holds, and may.
//!
//! Linux says so in `/proc/self/status` (`VmHWM`), and forgets the peak when told to through `clear_refs`; elsewhere
//! nothing is measured, and nothing can be limited.

use std::path::Path;
use swath_datasets::bounded;

/// Forgets the peak so far, so that the next one is that of what comes now.
pub fn reset_peak() {
    // Where it cannot be reset there is a peak still, of the whole process, which is no less.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most bytes that this process held since the last reset.
pub fn peak() -> Option<u64> {
    let status = bounded::read_text(Path::new("/proc/self/status"), bounded::TEXT).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Lets this process allocate at most `bytes`; an allocation beyond them fails, which ends the process.
///
/// # Errors
/// The system's refusal.
#[cfg(target_os = "linux")]
pub fn limit(bytes: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Data).maximum;
    Ok(setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: hard })?)
}

/// Refuses: there is no such limit here.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn limit(_: u64) -> std::io::Result<()> {
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}
