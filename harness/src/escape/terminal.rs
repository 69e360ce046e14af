//! Terminals and logs of CI systems, which obey commands in the text.

use super::{is_unseen, written_out};
use std::borrow::Cow;
use std::path::Path;

/// A name on one line: characters that are not seen are spelled out, as `\n` or `\u{1b}`. Escaping twice is the same as once.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let each = |c: char| if is_unseen(c) { written_out(c) } else { c.to_string() };
    Cow::Owned(text.chars().map(each).collect())
}

/// A path on one line.
pub fn path(path: &Path) -> String {
    terminal(&path.display().to_string()).into_owned()
}

/// A message whose lines, except the first, are indented by two spaces. A line break without the indent is part of a name, and
/// spelled out. Then as [`log`].
pub fn message(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        whole.push_str(line);
        match lines.peek() {
            Some(next) if next.starts_with("  ") => whole.push('\n'),
            Some(_) => whole.push_str("\\n"),
            None => {}
        }
    }
    log(&whole)
}

/// Lines of text. Characters that are not seen are spelled out, except line breaks. Then as [`no_order`].
pub fn log(text: &str) -> String {
    no_order(&text.split('\n').map(terminal).collect::<Vec<_>>().join("\n"))
}

/// Lines of text, perhaps coloured, in which no CI system finds a command. GitHub obeys `::` at the beginning of a line; GitHub,
/// Azure and TeamCity obey `##[`, `##vso[` and `##teamcity[` anywhere. GitLab's sections need a control character.
pub fn no_order(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let words = line.trim_start();
        safe.push_str(&line[..line.len() - words.len()]);
        if words.starts_with("::") {
            safe.push('\\');
        }
        disarmed(words, &mut safe);
    }
    safe
}

/// Puts a backslash into every `##word[`.
pub(super) fn disarmed(line: &str, safe: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find("##") {
        let (before, found) = rest.split_at(at + 1);
        safe.push_str(before);
        if found[1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[') {
            safe.push('\\');
        }
        rest = found;
    }
    safe.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::{log, message, terminal};

    #[test]
    fn characters_that_are_not_seen_are_spelled_out() {
        assert_eq!(
            terminal("\x1b[31mred\x07\n\u{202e}x\u{9b}\u{200b}"),
            "\\u{1b}[31mred\\u{7}\\n\\u{202e}x\\u{9b}\\u{200b}"
        );
        assert_eq!(terminal("na\u{ef}ve \u{4e2d} C:\\n \u{200d}"), "na\u{ef}ve \u{4e2d} C:\\n \u{200d}");
    }

    #[test]
    fn no_line_is_a_command() {
        assert_eq!(
            log("a::b\n::error::x\n  ::set-output name=a::b\n"),
            "a::b\n\\::error::x\n  \\::set-output name=a::b\n"
        );
        assert_eq!(log("x ##[error]y ##vso[z] ### [1] ###[a]"), "x #\\#[error]y #\\#vso[z] ### [1] ##\\#[a]");
        assert_eq!(log("\u{3000}::x"), "\u{3000}\\::x");
    }

    #[test]
    fn a_message_keeps_its_indented_lines() {
        assert_eq!(message("no file a\n::error::b\n  help\n  more"), "no file a\\n::error::b\n  help\n  more");
        assert_eq!(message("\n\n  ::x\n"), "\\n\n  \\::x\\n");
    }
}
