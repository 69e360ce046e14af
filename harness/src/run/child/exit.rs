//! How a child ended, in words.

use crate::record::machine;

/// Bytes in words.
pub fn mib(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// The reason for a child's end: how it `ended` and its last words, or that it ran out of memory if it said so.
/// `limit` is the number of bytes that it was allowed.
pub(super) fn reason(ended: &str, said: &str, limit: Option<u64>) -> String {
    if let Some(line) = said.lines().find(|line| line.contains("memory allocation of")) {
        let line = line.trim();
        return match limit {
            Some(limit) => format!("it needed more than the {} of limits.memory ({line})", mib(limit)),
            None => format!("it ran out of memory ({line}); {}", machine::memory_limit()),
        };
    }
    match last_words(said) {
        Some(last) => format!("{ended}; {last}"),
        None => ended.to_owned(),
    }
}

/// The last line that a process said, or the message of its panic if only a backtrace follows.
fn last_words(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.iter().rposition(|line| !is_of_backtrace(line))?;
    if let Some((panicked, place)) =
        lines[..=last].iter().enumerate().rev().find_map(|(i, line)| Some((i, place_of_panic(line)?)))
    {
        let message = &lines[panicked + 1..=last];
        if message.iter().all(|line| !is_of_backtrace(line)) {
            return Some(format!("it panicked at {place}: {}", message.join(" ")));
        }
    }
    Some(format!("its last words: {}", lines[last]))
}

/// The place in the code where a thread panicked, if the line begins Rust's message of a panic.
fn place_of_panic(line: &str) -> Option<&str> {
    let (thread, place) = line.split_once(" panicked at ")?;
    thread.starts_with("thread '").then(|| place.trim_end_matches(':'))
}

/// Whether it is a line that Rust prints below the message of a panic.
fn is_of_backtrace(line: &str) -> bool {
    let is_frame = |line: &str| line.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    line == "stack backtrace:" || line.starts_with("note: ") || line.starts_with("at ") || is_frame(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows the message of a panic depends on `RUST_BACKTRACE` and is no reason.
    #[test]
    fn a_panic_is_named_by_its_message_whatever_follows_it() {
        let panic = "\nthread 'main' (7) panicked at src/sets.rs:86:22:\nrange end index 9 out of range\n  left: 1\n";
        let note = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        let backtrace = "stack backtrace:\n   0: __rustc::rust_begin_unwind\n             at /rustc/x/panicking.rs:689:5\n  \
                         12: main\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n";
        for rest in ["", note, backtrace] {
            for before in ["", "hello\n", panic] {
                assert_eq!(
                    reason("it ended with exit code 101", &format!("{before}{panic}{rest}"), None),
                    "it ended with exit code 101; it panicked at src/sets.rs:86:22: range end index 9 out of range left: 1"
                );
            }
        }
        // A panic that did not end it.
        let said = format!("{panic}{backtrace}so it goes\n\n");
        assert_eq!(reason("it ended", &said, None), "it ended; its last words: so it goes");
        assert_eq!(reason("it ended", "note: alone", None), "it ended");
        assert_eq!(reason("it ended", "", None), "it ended");
    }

    #[test]
    fn memory_that_ran_out_is_the_reason_and_the_limit_is_said() {
        let said = "memory allocation of 4096 bytes failed\nstack backtrace:\n   0: main\n";
        let reason = |limit| reason("it was ended by signal 6 (SIGABRT)", said, limit);
        assert_eq!(
            reason(Some(48 << 20)),
            "it needed more than the 48 MiB of limits.memory (memory allocation of 4096 bytes failed)"
        );
        let begin = "it ran out of memory (memory allocation of 4096 bytes failed); swath may use ";
        assert!(reason(None).starts_with(begin), "{}", reason(None));
    }
}
