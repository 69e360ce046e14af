//! GitHub's Markdown, in pull requests, step summaries and tables.

use super::terminal;

/// Text of a paragraph, a heading or a cell of a table, on one line.
pub fn markdown(text: &str) -> String {
    let text = terminal(text);
    let chars: Vec<char> = text.chars().collect();
    let numbered = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    let last = chars.len().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (i, &c) in chars.iter().enumerate() {
        let next = chars.get(i + 1).copied();
        let ends = next.is_none_or(char::is_whitespace);
        let has_meaning = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '$' => true,
            // An entity.
            '&' => next.is_some_and(|c| c == '#' || c.is_alphanumeric()),
            // A list or a rule.
            '+' | '-' | '=' => i == 0 && (ends || next == Some(c)),
            '.' | ')' if i == numbered && i > 0 => ends,
            // Text that becomes a link by itself: `https:`, `www.`, an e-mail address.
            ':' => !ends,
            '.' => i >= 3 && chars[i - 3..i].iter().all(|c| c.eq_ignore_ascii_case(&'w')),
            '@' => !next.is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        };
        if has_meaning {
            escaped.push('\\');
        }
        if c == ' ' && (i == 0 || i == last) {
            // Markdown drops a single space here, and turns text after several into code.
            escaped.push_str("&#32;");
        } else {
            escaped.push(c);
        }
    }
    escaped
}
