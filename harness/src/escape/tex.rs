//! LaTeX.

use super::terminal;

/// Text of a paragraph, a caption or a cell. Letters outside European Latin scripts become question marks: they need more
/// packages than our documents load ([`has_tex`]).
pub fn tex(text: &str) -> String {
    let text = terminal(text);
    let mut escaped = String::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|before| chars[before]);
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '`' => escaped.push_str("\\textasciigrave{}"),
            // LaTeX's default font encoding has other characters in their places.
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("''"),
            // At the beginning of a row, a bracket or a star would belong to the end of the row above.
            '[' | ']' | '*' => escaped.extend(['{', c, '}']),
            // A minus sign if a digit follows and no word precedes.
            '-' if chars.get(i + 1).is_some_and(char::is_ascii_digit) && before.is_none_or(|before| before == ' ') => {
                escaped.push_str("$-$");
            }
            // Two of them would become another character.
            '-' | ',' | '\'' if before == Some(c) => escaped.extend(['{', '}', c]),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\u{2013}' => escaped.push_str("--"),
            '\u{2026}' => escaped.push_str("\\dots{}"),
            _ => escaped.push(if has_tex(c) { c } else { '?' }),
        }
    }
    escaped
}

/// Whether LaTeX shows a character with the packages that our tables load.
pub fn has_tex(c: char) -> bool {
    // The range contains a few that no 8-bit encoding of LaTeX has.
    const NONE: [char; 8] = ['\u{126}', '\u{127}', '\u{138}', '\u{13f}', '\u{140}', '\u{149}', '\u{166}', '\u{167}'];
    let is_european = ('\u{c0}'..='\u{17e}').contains(&c) && !NONE.contains(&c);
    c.is_ascii() || matches!(c, '\u{2013}' | '\u{2026}') || is_european
}

#[cfg(test)]
mod tests {
    use super::tex;

    #[test]
    fn no_character_keeps_a_meaning_for_latex() {
        assert_eq!(
            tex("a_b 5 % -0.1 to +2 x-1 <b> caf\u{e9} \u{3bb}\u{4e2d} \\ ~ ^ {#} $"),
            "a\\_b 5 \\% $-$0.1 to +2 x-1 $<$b$>$ caf\u{e9} ?? \\textbackslash{} \\textasciitilde{} \\textasciicircum{} \\{\\#\\} \\$"
        );
        assert_eq!(
            tex("[a]\n\n* -- ,, ''\x1b"),
            "{[}a{]}\\textbackslash{}n\\textbackslash{}n{*} -{}- ,{}, '{}'\\textbackslash{}u\\{1b\\}"
        );
    }
}
