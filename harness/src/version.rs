//! Whether results of two versions of swath may be compared.
//!
//! A definition that changes raises the version. So results of two versions may differ by a definition alone, and nothing
//! compares or mixes them without saying so. What that is, is decided here and nowhere else.

/// The version of this program.
pub const THIS: &str = env!("CARGO_PKG_VERSION");

/// What to say of results of two programs if these are of different versions; `None` where they may be compared. A program
/// is named by its version, behind which its revision may stand: `0.2.0 (1a9ae91)`.
pub fn differs(before: &str, now: &str) -> Option<String> {
    let version = |program: &str| program.split_whitespace().next().unwrap_or("").to_owned();
    let (before, now) = (version(before), version(now));
    (before != now).then(|| {
        format!(
            "the version of swath was {before} and is {now}; definitions may have changed with it, so that a difference \
             need not be the program's"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_and_revisions_do_not() {
        assert_eq!(differs("0.2.0 (abc)", "0.2.0"), None);
        assert_eq!(differs("0.2.0 (abc)", "0.2.0 (def-dirty)"), None);
        let said = differs("0.1.0 (abc)", "0.2.0 (abc)").expect("another version");
        assert!(said.starts_with("the version of swath was 0.1.0 and is 0.2.0; "), "{said}");
        assert!(differs("0.2.0", "0.2.1").is_some() && differs("", "0.2.0").is_some());
    }
}
