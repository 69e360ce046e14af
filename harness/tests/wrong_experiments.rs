//! Wrong experiments, `wrong/*.yaml`, each with the very message that its author sees, `wrong/*.snap`.
//!
//! To add one: write the YAML, run the test with `INSTA_UPDATE=always`, and read the message aloud.

mod support;

use support::{stderr, stdout, swath, write_datasets};

#[test]
fn each_is_answered_with_what_where_and_what_would_be_right() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    let wrong = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let mut files: Vec<_> =
        std::fs::read_dir(&wrong).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 25, "{} wrong experiments", files.len());
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        std::fs::copy(&file, folder.path().join(&name)).expect("copied");
        let output = swath(folder.path(), &["run", &name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{name}");
        let dry = swath(folder.path(), &["run", "--dry-run", &name]);
        assert_eq!((dry.status.code(), stderr(&dry)), (Some(2), stderr(&output)), "{name} in a dry run");
        assert_eq!(stdout(&dry), "", "{name} in a dry run");
        assert!(!folder.path().join("reports").exists(), "{name} left something behind");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("wrong");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".yaml"), stderr(&output)));
    }
}
