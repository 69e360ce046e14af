//! Characters of names that an output cannot show.

use crate::escape;
use std::collections::BTreeMap;

/// Such characters, each with the first name that has it.
#[derive(Debug, Default)]
pub struct Lacking(BTreeMap<char, String>);

impl Lacking {
    /// Adds the characters of a name for which `has` is false.
    pub fn add(&mut self, name: &str, has: impl Fn(char) -> bool) {
        for c in escape::terminal(name).chars().filter(|&c| !has(c)) {
            self.0.entry(c).or_insert_with(|| name.to_owned());
        }
    }

    /// A note that names the characters and what replaces them; `None` if there are none.
    pub fn note(&self, what: &str, instead: &str) -> Option<String> {
        const NAMED: usize = 5;
        let each = |(c, name): (&char, &String)| {
            let name: String = name.chars().take(60).collect();
            format!("{c} (U+{:04X}, in `{name}`)", u32::from(*c))
        };
        let mut named: Vec<String> = self.0.iter().take(NAMED).map(each).collect();
        let more = self.0.len().saturating_sub(NAMED);
        if more > 0 {
            named.push(format!("and {more} more characters"));
        }
        (!named.is_empty()).then(|| format!("{what} cannot show {}: {instead}", named.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::Lacking;

    #[test]
    fn characters_that_cannot_be_shown_are_named() {
        let mut lacking = Lacking::default();
        lacking.add("plain \x1b", |c| c.is_ascii());
        assert_eq!(lacking.note("it", "nothing"), None);
        lacking.add("a\u{4e2d}\u{4e2d}", |c| c.is_ascii());
        lacking.add("\u{4e2d}\u{1f600}", |c| c.is_ascii());
        let expected = "it cannot show \u{4e2d} (U+4E2D, in `a\u{4e2d}\u{4e2d}`), \u{1f600} (U+1F600, in `\u{4e2d}\u{1f600}`): a box";
        assert_eq!(lacking.note("it", "a box").as_deref(), Some(expected));
    }
}
