//! Terminals and the logs of CI systems, which obey what stands in them.

use super::{is_unseen, written_out};
use std::borrow::Cow;
use std::path::Path;

/// A name on one line: whatever is not seen is written out, as `\n` or `\u{1b}`. Twice is the same as once.
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

/// A message, of which each line but the first is indented by two spaces: any other end of a line is part of a name, and
/// written out. Then as [`log`].
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

/// Whole lines, which end where they end. What is not seen is written out; then as [`no_order`].
pub fn log(text: &str) -> String {
    no_order(&text.split('\n').map(terminal).collect::<Vec<_>>().join("\n"))
}

/// Whole lines, perhaps in colour, of which none is an order to a CI system: GitHub obeys `::` where a line begins, and it and
/// Azure, TeamCity obey `##[`, `##vso[`, `##teamcity[` wherever they stand. GitLab's sections need a control character.
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
    fn what_is_not_seen_is_written_out() {
        assert_eq!(
            terminal("\x1b[31mred\x07\n\u{202e}x\u{9b}\u{200b}"),
            "\\u{1b}[31mred\\u{7}\\n\\u{202e}x\\u{9b}\\u{200b}"
        );
        assert_eq!(terminal("na\u{ef}ve \u{4e2d} C:\\n \u{200d}"), "na\u{ef}ve \u{4e2d} C:\\n \u{200d}");
    }

    #[test]
    fn no_line_is_an_order() {
        assert_eq!(
            log("a::b\n::error::x\n  ::set-output name=a::b\n"),
            "a::b\n\\::error::x\n  \\::set-output name=a::b\n"
        );
        assert_eq!(log("x ##[error]y ##vso[z] ### [1] ###[a]"), "x #\\#[error]y #\\#vso[z] ### [1] ##\\#[a]");
        assert_eq!(log("\u{3000}::x"), "\u{3000}\\::x");
    }

    #[test]
    fn a_message_has_the_lines_that_it_was_given() {
        assert_eq!(message("no file a\n::error::b\n  help\n  more"), "no file a\\n::error::b\n  help\n  more");
        assert_eq!(message("\n\n  ::x\n"), "\\n\n  \\::x\\n");
    }
}
