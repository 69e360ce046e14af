//! Commands that users copy into a shell: sh, bash or zsh.

use std::ffi::OsStr;

/// A word of a command. A word with characters that quotes cannot hold (control characters, bytes that are not text) is written
/// as `$'\x1b'`, which bash, zsh and ksh read.
pub fn shell(word: &OsStr) -> String {
    let bytes = word.as_encoded_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(b);
    if !bytes.is_empty() && bytes.iter().all(plain) && bytes[0] != b'=' {
        return word.to_string_lossy().into_owned();
    }
    match word.to_str() {
        // `##` would be a command in the logs of some CI systems.
        Some(text) if !text.contains(super::is_unseen) && !text.contains("##") => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        _ => {
            let each = |&b: &u8| match b {
                b' '..=b'~' if !b"'\\#".contains(&b) => char::from(b).to_string(),
                b => format!("\\x{b:02x}"),
            };
            format!("$'{}'", bytes.iter().map(each).collect::<String>())
        }
    }
}

/// A command from its words.
pub fn command<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> String {
    words.into_iter().map(shell).collect::<Vec<_>>().join(" ")
}
