//! Lines that a program writes.

use std::io::{BufRead, Read as _};

/// The most bytes of a line.
pub const LONGEST: u64 = 1 << 20;

/// What came from a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole line.
    Whole(String),
    /// Something that is no line; nothing is read after it.
    Wrong(String),
    /// The end of its output.
    End,
}

/// Reads the next line.
pub fn next(from: &mut impl BufRead) -> Line {
    let mut bytes = Vec::new();
    match from.take(LONGEST).read_until(b'\n', &mut bytes) {
        Err(error) => Line::Wrong(format!("its output cannot be read ({error})")),
        Ok(0) => Line::End,
        Ok(_) if bytes.ends_with(b"\n") => match String::from_utf8(bytes) {
            Ok(line) => Line::Whole(line),
            Err(error) => {
                let begin = super::message::begin(&String::from_utf8_lossy(error.as_bytes()));
                Line::Wrong(format!("it wrote `{begin}` on standard output, which is not UTF-8"))
            }
        },
        Ok(read) if read as u64 >= LONGEST => {
            let begin = super::message::begin(&String::from_utf8_lossy(&bytes));
            Line::Wrong(format!("it wrote a line of more than 1 MiB on standard output, which begins `{begin}`"))
        }
        Ok(_) => {
            let begin = super::message::begin(&String::from_utf8_lossy(&bytes));
            Line::Wrong(format!("its output ended in the middle of the line `{begin}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_lf_or_crlf_and_have_at_most_a_mebibyte() {
        let of = |bytes: &[u8]| {
            let (mut from, mut lines) = (bytes, Vec::new());
            loop {
                let line = next(&mut from);
                let is_last = !matches!(line, Line::Whole(_));
                lines.push(line);
                if is_last {
                    return lines;
                }
            }
        };
        assert_eq!(of(b"{}\r\n\n"), [Line::Whole("{}\r\n".into()), Line::Whole("\n".into()), Line::End]);
        assert_eq!(of(b"half"), [Line::Wrong("its output ended in the middle of the line `half`".into())]);
        assert!(matches!(&of(b"\xff\xfe\n")[..], [Line::Wrong(what)] if what.ends_with("which is not UTF-8")));
        let (fits, over) = (vec![b'x'; LONGEST as usize - 1], vec![b'x'; 2 << 20]);
        assert!(matches!(&of(&[&fits[..], b"\n"].concat())[..], [Line::Whole(_), Line::End]));
        assert!(
            matches!(&of(&over)[..], [Line::Wrong(what)] if what.contains("more than 1 MiB") && what.ends_with("x...`"))
        );
    }
}
