//! Which program this is, and whether results of two versions of swath may be compared.
//!
//! Each change of a definition raises the version. So results of two versions may differ only because a definition changed, and
//! whatever compares or mixes them must say so. This module alone decides when.

mod program;

pub use program::{is_this_program, program, program_file};

/// The version of this program.
pub const THIS: &str = env!("CARGO_PKG_VERSION");

/// A caution about results of two programs of different versions; `None` if the results may be compared. A program is named by
/// its version, which its revision may follow: `0.2.0 (1a9ae91)`.
pub fn differs(before: &str, now: &str) -> Option<String> {
    let version = |program: &str| program.split_whitespace().next().unwrap_or("").to_owned();
    let (before, now) = (version(before), version(now));
    (before != now).then(|| {
        format!(
            "the version of swath was {before} and is {now}; definitions may have changed with it, and that alone can cause a \
             difference"
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
