//! Which files in a folder are swath's.

use super::*;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    (folder, out)
}

fn open(path: &Path) -> OutputFolder {
    OutputFolder::open(path, &[FolderKind::Run]).expect("opened")
}

fn refused<T: std::fmt::Debug>(result: Result<T, FolderError>) -> String {
    match result.expect_err("refused") {
        FolderError::NotOurs(what) => what,
        error => panic!("{error}"),
    }
}

#[test]
fn a_new_folder_and_an_empty_one_are_had_and_one_with_anything_in_it_is_not() {
    let (_folder, out) = folder();
    check(&out, &[FolderKind::Run]).expect("not there yet");
    open(&out).write("a/b/c.txt", b"1").expect("written");
    assert_eq!(std::fs::read(out.join("a/b/c.txt")).expect("read"), b"1");
    check(&out, &[FolderKind::Run]).expect("its own");
    let said = refused(check(&out, &[FolderKind::Sweep]));
    assert!(said.contains("holds a run, which a sweep would replace"), "{said}");

    let other = out.join("other");
    std::fs::create_dir(&other).expect("created");
    // Remains of a ledger that was being written belong to nobody.
    std::fs::write(other.join(".not-whole-_swath-ledger-abc123"), "").expect("written");
    open(&other);
    std::fs::remove_file(other.join(LEDGER)).expect("removed");
    for name in ["x", "manifest.json", ".hidden"] {
        std::fs::write(other.join(name), "mine").expect("written");
        let said = refused(OutputFolder::open(&other, &[FolderKind::Run]));
        assert!(said.contains(&format!("holds files that swath did not write: {name}\n")), "{said}");
        std::fs::remove_file(other.join(name)).expect("removed");
    }
    assert!(!other.join(LEDGER).exists(), "nothing is left of it");
}

#[test]
fn a_lock_that_ends_in_a_moment_is_waited_for() {
    let (_folder, out) = folder();
    let held = open(&out);
    let ends = std::thread::spawn(move || {
        std::thread::sleep(3 * WAIT);
        drop(held);
    });
    open(&out);
    ends.join().expect("ended");
}

#[test]
fn one_process_at_a_time() {
    let (_folder, out) = folder();
    let held = open(&out);
    assert!(refused(OutputFolder::open(&out, &[FolderKind::Run])).contains("another run is at work there"));
    held.write("x", b"1").expect("written");
    // Its ledger is another file now, and still locked.
    held.settle();
    assert!(refused(OutputFolder::open(&out, &[FolderKind::Run])).contains("another run is at work there"));
    drop(held);
    open(&out);
}

#[test]
fn what_somebody_changed_is_neither_replaced_nor_removed() {
    let (_folder, out) = folder();
    let names = ["same", "changed", "gone", "linked"];
    let written = open(&out);
    names.iter().for_each(|name| written.write(name, b"old").expect("written"));
    written.settle();
    drop(written);
    std::fs::write(out.join("changed"), "mine").expect("written");
    std::fs::write(out.join("foreign"), "mine").expect("written");
    std::fs::remove_file(out.join("gone")).expect("removed");
    std::fs::remove_file(out.join("linked")).expect("removed");
    #[cfg(unix)]
    std::os::unix::fs::symlink(out.join("same"), out.join("linked")).expect("linked");
    let again = open(&out);
    let said = refused(check_unchanged(&out, &[FolderKind::Run]));
    assert!(said.contains("changed since swath wrote it: changed"), "{said}");
    let said = refused(again.refuse(|_| true, &["foreign".into(), "new".into()]));
    assert!(said.contains("not written by swath: foreign"), "{said}");
    again.refuse(|name| name == "same" || name == "gone", &["new".into()]).expect("nothing of these is changed");
    for name in ["changed", "foreign", "linked"] {
        if cfg!(not(unix)) && name == "linked" {
            continue;
        }
        refused(again.write(name, b"new"));
        refused(again.write_together(&[("same".into(), b"new"), (name.into(), b"new")]));
        refused(again.write_by(name, |_| Ok::<(), FolderError>(())));
        again.remove(name);
    }
    assert_eq!(std::fs::read(out.join("same")).expect("read"), b"old", "together or not at all");
    for name in ["changed", "foreign"] {
        assert_eq!(std::fs::read(out.join(name)).expect("kept"), b"mine");
    }
    assert!(std::fs::symlink_metadata(out.join("linked")).is_ok() == cfg!(unix));
    assert!(
        again.kept().iter().any(|said| said.contains("changed belongs to an earlier report and was changed since")),
        "{:?}",
        again.kept()
    );
    for name in ["same", "gone", "new"] {
        again.write(name, b"new").expect("written");
        again.remove(name);
        assert!(!out.join(name).exists());
    }
}

/// A process that is killed leaves each file old or new, and the ledger with both hashes or with a line that is cut.
#[test]
fn after_a_kill_a_file_is_still_swaths_whichever_it_is() {
    let (_folder, out) = folder();
    open(&out).write("x", b"first").expect("written");
    let text = std::fs::read(out.join(LEDGER)).expect("a ledger");
    let hash = |bytes: &[u8]| sha256::of(bytes);
    let announced = line("x", Some(&hash(b"second"))) + &line("x", Some(&hash(b"third")));
    for content in ["first", "second", "third"] {
        for cut in [0, 1, announced.len() / 2, announced.len() - 1] {
            let ends = announced.len() - cut;
            std::fs::write(out.join(LEDGER), [&text, &announced.as_bytes()[..ends]].concat()).expect("written");
            std::fs::write(out.join("x"), content).expect("written");
            let is_listed = match content {
                "first" => true,
                "second" => ends >= announced.len() / 2,
                _ => ends == announced.len(),
            };
            let again = open(&out);
            assert_eq!(again.write("x", b"fourth").is_ok(), is_listed, "{content}, {ends} bytes");
            if is_listed {
                again.settle();
                drop(again);
                open(&out).refuse(|_| true, &[]).expect("as it was left");
            }
        }
    }
    // A ledger that is cut within its first line lists nothing, so the file is not swath's any more.
    for text in ["", "{\"ledg"] {
        std::fs::write(out.join(LEDGER), text).expect("written");
        refused(open(&out).write("x", b"fifth"));
    }
}

#[test]
fn work_is_listed_before_it_is_there_and_is_swaths_whatever_it_holds() {
    let (_folder, out) = folder();
    let name = "unfinished/trials/x.passes";
    let at_work = open(&out);
    at_work.work_on([name.to_owned()]).expect("listed");
    drop(at_work);
    std::fs::write(out.join(name), "anything").expect("written");
    let again = open(&out);
    again.work_on([name.to_owned()]).expect("its own");
    std::fs::write(out.join("unfinished/mine"), "mine").expect("written");
    let said = refused(again.work_on(["unfinished/mine".to_owned()]));
    assert!(said.contains("not written by swath: unfinished/mine"), "{said}");
    assert_eq!(again.listed("unfinished/"), [name]);
    again.remove(name);
    std::fs::write(out.join(name), "written again").expect("written");
    again.work_on([name.to_owned()]).expect("its own still");
    again.remove(name);
    again.remove_empty("unfinished/trials");
    again.remove_empty("unfinished");
    assert!(!out.join("unfinished/trials").exists() && out.join("unfinished/mine").exists());
}

#[test]
fn no_way_leads_out_of_the_folder() {
    let (folder, out) = folder();
    let at_work = open(&out);
    for name in ["../x", "/x", "a/../../x", "", "."] {
        refused(at_work.write(name, b"1"));
        at_work.remove(name);
    }
    std::fs::write(folder.path().join("x"), "mine").expect("written");
    let text = head(FolderKind::Run) + &line("../x", Some(&sha256::of(b"mine")));
    std::fs::write(out.join(LEDGER), text).expect("written");
    drop(at_work);
    let again = open(&out);
    assert!(again.listed("").is_empty());
    again.remove("../x");
    // The folder of another run, and a file where a folder should be.
    open(&out.join("plots"));
    assert!(refused(again.write("plots/x", b"1")).contains("something else that swath wrote"));
    std::fs::write(out.join("tables"), "mine").expect("written");
    assert!(refused(again.write("tables/x", b"1")).contains("in the way"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(), out.join("trials")).expect("linked");
        assert!(refused(again.write("trials/x", b"1")).contains("is a link"));
        again.remove("trials/x");
        assert!(refused(inside(&out, "trials")).contains("is a link"));
    }
    assert_eq!(std::fs::read(folder.path().join("x")).expect("kept"), b"mine");
}

#[test]
fn only_remains_of_listed_files_are_tidied_away() {
    let (_folder, out) = folder();
    let at_work = open(&out);
    at_work.write("plots/x.svg", b"1").expect("written");
    std::fs::create_dir(out.join("mine")).expect("created");
    let ours = [".not-whole-_swath-ledger-abc123", "plots/.not-whole-x_svg-abc123"];
    let others =
        [".not-whole-abc", ".not-whole-x_svg-abc123", "plots/.not-whole-y_svg-abc123", "mine/.not-whole-x_svg-abc123"];
    for name in ours.iter().chain(&others) {
        std::fs::write(out.join(name), "half").expect("written");
    }
    at_work.tidy();
    assert!(ours.iter().all(|name| !out.join(name).exists()));
    assert!(others.iter().all(|name| out.join(name).exists()));
}

/// 2,000 files take no more than a line each, before the ledger is written anew and after.
#[test]
fn the_ledger_grows_by_a_line_a_file() {
    let (_folder, out) = folder();
    let at_work = open(&out);
    let names: Vec<String> = (0..2000).map(|i| format!("trials/{i:016x}.hdf5")).collect();
    for chunk in names.chunks(250) {
        let files: Vec<(String, &[u8])> = chunk.iter().map(|name| (name.clone(), name.as_bytes())).collect();
        at_work.write_together(&files).expect("written");
    }
    let bytes = || std::fs::metadata(out.join(LEDGER)).expect("a ledger").len();
    let before = bytes();
    assert!(before < 2000 * 130, "{before} bytes");
    at_work.settle();
    assert_eq!(bytes(), before);
}
