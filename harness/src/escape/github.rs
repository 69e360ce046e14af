//! GitHub's workflow commands: `::error title=PROPERTY::MESSAGE`.

use super::terminal::{disarmed, terminal};

/// The message of a command.
pub fn github_message(text: &str) -> String {
    // GitHub could show line breaks, but a name is on one line everywhere.
    let mut safe = String::with_capacity(text.len());
    disarmed(&terminal(text), &mut safe);
    safe.replace('%', "%25")
}

/// A property of a command.
pub fn github_property(text: &str) -> String {
    github_message(text).replace(':', "%3A").replace(',', "%2C")
}
