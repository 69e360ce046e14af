//! Texts with words in backticks.

use maud::{Markup, html};

/// A text in which words in backticks are code, as in Markdown. Backticks that do not come in pairs, or with nothing between them,
/// stay as they are.
pub fn with_code(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired = parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|code| !code.is_empty());
    html! {
        @if is_paired {
            @for (i, part) in parts.iter().enumerate() { @if i % 2 == 1 { code { (part) } } @else { (part) } }
        } @else {
            (text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_code;

    #[test]
    fn pairs_of_backticks_are_code_and_others_stay() {
        let shown = |text: &str| with_code(text).into_string();
        assert_eq!(shown("use `recall@5`, not `<b>`"), "use <code>recall@5</code>, not <code>&lt;b&gt;</code>");
        assert_eq!(shown("plain & simple"), "plain &amp; simple");
        assert_eq!(shown("one ` alone"), "one ` alone");
        assert_eq!(shown("`` and `a`"), "`` and `a`");
    }
}
