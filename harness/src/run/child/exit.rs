//! How a child ended, in words.

use std::process::ExitStatus;

/// Bytes in words.
pub fn mib(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// How a process ended.
pub(super) fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        let name = match status.signal() {
            Some(9) => return "it was killed by signal 9 (SIGKILL), as Linux does when memory runs out".into(),
            Some(4) => "4 (SIGILL)",
            Some(6) => "6 (SIGABRT)",
            Some(7) => "7 (SIGBUS)",
            Some(8) => "8 (SIGFPE)",
            Some(11) => "11 (SIGSEGV)",
            Some(15) => "15 (SIGTERM)",
            Some(other) => return format!("it was ended by signal {other}"),
            None => "",
        };
        if !name.is_empty() {
            return format!("it was ended by signal {name}");
        }
    }
    status.code().map_or_else(|| "it ended".into(), |code| format!("it ended with exit code {code}"))
}

/// The reason for a child's end: how it `ended` and the last line that it said, or that it ran out of memory if it said so.
/// `limit` is the number of bytes that it was allowed.
pub(super) fn reason(ended: &str, said: &str, limit: Option<u64>) -> String {
    if let Some(line) = said.lines().find(|line| line.contains("memory allocation of")) {
        let line = line.trim();
        return match limit {
            Some(limit) => format!("it needed more than the {} of limits.memory ({line})", mib(limit)),
            None => format!("it ran out of memory ({line})"),
        };
    }
    match said.lines().rfind(|line| !line.trim().is_empty()) {
        Some(last) => format!("{ended}; its last words: {}", last.trim()),
        None => ended.to_owned(),
    }
}
