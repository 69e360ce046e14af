//! Messages between a run and its child: JSON, one per line.

use super::exit::mib;
use serde::Serialize;
use std::io::{BufRead, ErrorKind, Read as _};

/// The most bytes of a message; the longest are far shorter.
const LONGEST: u64 = 64 << 20;

/// A message as its line.
pub(super) fn line(message: &impl Serialize) -> std::io::Result<String> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    Ok(line)
}

/// Reads the next line with its end; `None` after the last.
///
/// # Errors
/// [`ErrorKind::UnexpectedEof`] if the input ends in the middle of a line, [`ErrorKind::InvalidData`] if a line is too long.
pub(super) fn next_line(from: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    from.take(LONGEST).read_line(&mut line)?;
    match line.ends_with('\n') {
        true => Ok(Some(line)),
        false if line.is_empty() => Ok(None),
        false if line.len() as u64 >= LONGEST => {
            Err(std::io::Error::new(ErrorKind::InvalidData, format!("a line is longer than {}", mib(LONGEST))))
        }
        false => Err(std::io::Error::new(ErrorKind::UnexpectedEof, "it ends in the middle of a line")),
    }
}
