//! NumPy's arrays of texts, of characters of 4 bytes (`<U10`) or of bytes (`|S10`), or of whole numbers.

use super::{Collected, TextFormat, invalid, numbers};
use crate::array_file::npy::{NpyHeader, refused, shape_text};
use crate::bounded;
use crate::format::DatasetError;
use std::io::{BufReader, Read as _};
use std::path::Path;

/// NumPy's arrays.
pub struct Npy;

impl TextFormat for Npy {
    fn name(&self) -> &'static str {
        "NumPy"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let (file, size) = bounded::open(path).map_err(io)?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let header = NpyHeader::read(&mut file).map_err(|error| refused(path, None, error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let save = |loaded: String| format!("numpy.save(\"texts.npy\", {loaded})");
        if header.descr.contains('O') && !header.descr.starts_with('[') {
            let found = "it holds Python objects (a pickle), which could run any program";
            let line = save(format!("numpy.load({name:?}, allow_pickle=True).astype(str)"));
            return Err(invalid(path, "the type", found, format!("texts or whole numbers; in Python: {line}")));
        }
        let Some((kind, characters)) = text_type(&header.descr).filter(|_| column.is_none()) else {
            return numbers::add(path, column, texts);
        };
        let [rows] = &header.shape[..] else {
            let found = format!("it is {}", shape_text(&header.shape));
            let line = save(format!("numpy.load({name:?})[:, 0]"));
            return Err(invalid(path, "the shape", found, format!("one dimension of texts; in Python: {line}")));
        };
        let bytes = characters.saturating_mul(if kind == 'S' { 1 } else { 4 });
        let needed = u128::from(*rows) * u128::from(bytes) + u128::from(header.length);
        if needed > u128::from(size) {
            let found = format!("its {rows} texts need {needed} bytes; the file has {size}");
            return Err(invalid(path, "the header", found, "a whole file: copy or write it again"));
        }
        if *rows == 0 {
            // No bytes of the file prove how long a text is.
            return Ok(());
        }
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(0)];
        for row in 0..*rows {
            file.read_exact(&mut text).map_err(io)?;
            if kind == 'S' {
                let length = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                texts.add(&text[..length])?;
                continue;
            }
            let big_endian = header.descr.starts_with('>');
            let number =
                |bytes: &[u8; 4]| if big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
            let all: Option<String> = text.as_chunks().0.iter().map(|bytes| char::from_u32(number(bytes))).collect();
            let Some(mut all) = all else {
                return Err(invalid(path, format!("row {row}"), "it has what is no character", "Unicode"));
            };
            all.truncate(all.trim_end_matches('\0').len());
            texts.add_text(&all)?;
        }
        Ok(())
    }
}

/// The kind of characters, and how many a text has at most, at least 1: of `<U10` or `|S10`.
fn text_type(descr: &str) -> Option<(char, u64)> {
    let (_, rest) = descr.split_at_checked(1)?;
    let (kind, characters) = rest.split_at_checked(1)?;
    let kind = kind.chars().next().filter(|kind| matches!(kind, 'U' | 'S'))?;
    Some((kind, characters.parse().ok().filter(|&characters| characters > 0)?))
}
