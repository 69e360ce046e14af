//! Files of lines of text.

use crate::bounded;
use crate::check::Flaw;
use crate::format::DatasetError;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

/// A line may have this many bytes.
const LONGEST: u64 = 256 << 20;

/// Passes each line of a file to `each` until it returns `false`, with its number from 0 on, without its end.
pub(crate) fn lines(
    path: &Path,
    mut each: impl FnMut(usize, &[u8]) -> Result<bool, DatasetError>,
) -> Result<(), DatasetError> {
    let io = |source| DatasetError::Io { path: path.to_owned(), source };
    let (file, _) = bounded::open(path).map_err(io)?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        if file.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line).map_err(io)? == 0 {
            break;
        }
        if line.len() as u64 > LONGEST {
            let found = format!("the line has more than {LONGEST} bytes");
            let flaw = Flaw::new(format!("line {}", number + 1), found, "a text file with a text on each line");
            return Err(DatasetError::Invalid { path: path.to_owned(), flaw });
        }
        let mut text = line.strip_suffix(b"\n").unwrap_or(&line);
        text = text.strip_suffix(b"\r").unwrap_or(text);
        if number == 0 {
            // The mark that editors on Windows put before UTF-8.
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        if !each(number, text)? {
            break;
        }
    }
    Ok(())
}
