//! Escapes names for each kind of text, so that a name is never read as anything else.
//!
//! Names (of retrievers, items, datasets, files, relations) and everything that a message quotes come from other people's files.
//! They are stored unchanged, and escaped where they are written. This folder has one file per kind of text, and nothing is
//! escaped elsewhere. To add a kind: write a file with a function, and a line in `harness/tests/hostile_names.rs`.

mod csv;
mod file;
mod github;
mod html;
mod link;
mod markdown;
mod shell;
mod terminal;
mod tex;
mod xml;
mod yaml;

pub use csv::{csv, csv_back};
pub use file::file;
pub use github::{github_message, github_property};
pub use html::{html, script};
pub use link::link;
pub use markdown::markdown;
pub use shell::{command, shell};
pub use terminal::{log, message, no_order, path, terminal};
pub use tex::{has_tex, tex};
pub use xml::xml;
pub use yaml::{yaml, yaml_key};

/// Whether a character is not seen: it controls a terminal, changes the direction of the text after it, is invisible, or is not
/// assigned to any character. The joiners that Persian and emoji need do not count.
pub fn is_unseen(c: char) -> bool {
    let is_none = u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    c.is_control()
        || is_none
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
        || ('\u{fff9}'..='\u{fffb}').contains(&c)
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// Spells a character out: `\n`, `\t`, `\u{1b}`.
fn written_out(c: char) -> String {
    match c {
        '\n' | '\r' | '\t' => c.escape_default().to_string(),
        _ => c.escape_unicode().to_string(),
    }
}
