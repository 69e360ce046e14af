//! How a process ended, in words.

use std::process::ExitStatus;

/// How a process ended.
pub fn ending(status: ExitStatus) -> String {
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
