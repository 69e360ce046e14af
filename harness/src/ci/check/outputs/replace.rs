//! Decides which files a check may replace: only those that an earlier check wrote.

use std::path::Path;

/// Larger files are not read, and not replaced.
const MOST: u64 = 1 << 28;

/// Whether a file may be written to a path: it is free, or holds an empty file or one that `is_of` recognises.
pub fn may_replace(path: &Path, is_of: impl Fn(&str) -> bool) -> bool {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return true };
    let text = || String::from_utf8(std::fs::read(path).ok()?).ok();
    // An empty file, for example from `mktemp`, has nothing to lose.
    let is_ours = || metadata.len() <= MOST && text().is_some_and(|text| is_of(&text));
    metadata.is_file() && (metadata.len() == 0 || is_ours())
}

#[cfg(test)]
mod tests {
    use super::super::OUTPUTS;

    #[test]
    fn only_files_of_the_same_form_are_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        let all: Vec<&str> = OUTPUTS.iter().map(|output| output.name()).collect();
        let replaced = |text: &str| {
            std::fs::write(&path, text).expect("written");
            let may = OUTPUTS.iter().filter(|output| output.may_replace(&path));
            may.map(|output| output.name()).collect::<Vec<_>>()
        };
        assert_eq!(replaced("## swath: no regression in x\n"), ["markdown"]);
        let junit = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"swath x\" tests=\"0\">\n";
        assert_eq!(replaced(junit), ["junit"]);
        assert_eq!(replaced("{\"a\":{\"recall\":{\"value\":1,\"lower_value\":1,\"upper_value\":1}}}"), ["bencher"]);
        assert_eq!(replaced("[{\"name\":\"a\",\"unit\":\"mean\",\"value\":1}]"), ["github-action-benchmark"]);
        assert_eq!(replaced(""), all);
        for text in ["my notes", "# My notes\n", "{\"a\":1}", "[1]", "name: x\n", "\"\"", "<?xml version=\"1.0\"?>"] {
            assert_eq!(replaced(text), [""; 0], "{text}");
        }
        std::fs::write(&path, b"\x89HDF\xff").expect("written");
        let other = folder.path().join("y");
        std::fs::create_dir(&other).expect("created");
        assert!(OUTPUTS.iter().all(|output| !output.may_replace(&path) && !output.may_replace(&other)));
        assert!(OUTPUTS.iter().all(|output| output.may_replace(&folder.path().join("z"))));
    }
}
