//! Labels of trials.

/// A retriever's name with a point in brackets.
pub fn label(name: &str, point: &str) -> String {
    if point.is_empty() { name.to_owned() } else { format!("{name} ({point})") }
}
