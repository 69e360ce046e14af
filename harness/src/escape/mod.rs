//! Escapes: how a name goes into each kind of text, so that there it is a name and nothing else.
//!
//! Names (of retrievers, items, datasets, files, relations) and whatever a message quotes come from other people's files.
//! They are kept as they are, and escaped where they are written: one file here for each place, and no escape elsewhere.
//! To add a place: one file with a function, and a line in `harness/tests/hostile_names.rs`.

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

/// Whether a character is nothing to look at: it controls a terminal, turns the direction of what follows, is invisible, or
/// stands for no character at all. The joiners that Persian and emoji need are let be.
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

/// Writes a character out: `\n`, `\t`, `\u{1b}`.
fn written_out(c: char) -> String {
    match c {
        '\n' | '\r' | '\t' => c.escape_default().to_string(),
        _ => c.escape_unicode().to_string(),
    }
}
