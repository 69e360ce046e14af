//! `swath run --dry-run` answers from sizes: it reads no more than headers and draws nothing.

mod support;

use std::process::{Command, Output};
use support::{folder_with, stderr, stdout, swath};

/// Runs the program where it may have so many KiB of memory.
#[cfg(unix)]
fn swath_within(folder: &std::path::Path, kilobytes: usize, arguments: &[&str]) -> Output {
    let script = format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_swath")]).args(arguments).current_dir(folder);
    // Each thread reserves room for its stack and its part of the allocator.
    command.env("RAYON_NUM_THREADS", "1").env("MALLOC_ARENA_MAX", "1").output().expect("a shell")
}

fn drawn(n: u64, dimension: u64) -> String {
    format!(
        "name: x\ndataset: {{ generate: gaussian, n: {n}, dimension: {dimension} }}\nk: 10\nretrievers:\n  \
         - {{ name: top-k, select: top-k }}\n  - {{ name: mmr, select: {{ mmr: {{ lambda: [0.3, 0.7] }} }} }}\n"
    )
}

/// 50 million vectors are 4.0 GB: drawn, they would not have gone into as much, beside the program. Less is refused at once.
#[cfg(unix)]
#[test]
fn fifty_million_vectors_are_listed_or_refused_without_drawing_one() {
    let folder = folder_with("x.yaml", &drawn(50_000_000, 2));
    let [output, refused] =
        [3_920_000, 2 << 20].map(|kilobytes| swath_within(folder.path(), kilobytes, &["run", "--dry-run", "x.yaml"]));
    if cfg!(target_os = "linux") {
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("drawing these vectors takes 4006480000 bytes"), "{}", stderr(&refused));
    }
    if output.status.code() == Some(2) {
        // A machine of so little memory that a run would be refused.
        assert!(stderr(&output).contains("drawing these vectors takes 4006480000 bytes"), "{}", stderr(&output));
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let last = "3 trials of 1000 queries, k = 10, each timed 3 times, on gaussian-50000000x2: 50000000 x 2 vectors, ";
    assert!(text.contains(last) && text.contains("mmr (lambda=0.7)"), "{text}");
    assert!(!folder.path().join("reports").exists());
}

#[test]
fn what_no_machine_can_draw_is_refused_as_a_run_refuses_it() {
    let folder = folder_with("x.yaml", &drawn(2_000_000_000, 60_000));
    let [dry, run] = [vec!["run", "--dry-run", "x.yaml"], vec!["run", "x.yaml"]].map(|a| swath(folder.path(), &a));
    assert_eq!((dry.status.code(), run.status.code()), (Some(2), Some(2)));
    assert_eq!(stderr(&dry), stderr(&run));
    assert!(stderr(&dry).contains("bytes of memory"), "{}", stderr(&dry));
}

#[test]
fn a_sweep_is_looked_at_whole_before_anything_is_listed_or_run() {
    let sweep = drawn(400, 4).replace("k: 10\n", "k: 10\nsweep: { n: [200, 400], k: [5, 10] }\n");
    let folder = folder_with("x.yaml", &sweep);
    let dry = swath(folder.path(), &["run", "--dry-run", "x.yaml"]);
    assert_eq!(dry.status.code(), Some(0), "{}", stderr(&dry));
    for cell in ["n=200,k=5\n", "n=200,k=10\n", "n=400,k=5\n", "n=400,k=10\n"] {
        assert!(stdout(&dry).contains(cell), "{}", stdout(&dry));
    }
    assert!(stdout(&dry).contains("gaussian-200x4: 200 x 4 vectors"), "{}", stdout(&dry));
    // The last cell asks for more than its pool gives, and for more than the file has.
    for (from, to, text) in [
        ("k: [5, 10]", "k: [5, 200]", "a pool of 100, the default, cannot give 200 results"),
        (
            "{ generate: gaussian, n: 400, dimension: 4 }",
            "plain.hdf5",
            "200 base vectors are asked for, but the dataset has 60",
        ),
    ] {
        std::fs::write(folder.path().join("x.yaml"), sweep.replace(from, to)).expect("written");
        let [dry, run] = [vec!["run", "--dry-run", "x.yaml"], vec!["run", "x.yaml"]].map(|a| swath(folder.path(), &a));
        assert_eq!((dry.status.code(), run.status.code()), (Some(2), Some(2)), "{}", stderr(&dry));
        assert!(stderr(&dry).contains(text) && stderr(&dry).contains("this happens at n="), "{}", stderr(&dry));
        assert_eq!((stderr(&dry), stdout(&dry).as_str()), (stderr(&run), ""));
        assert!(!folder.path().join("reports").exists());
    }
}

/// A value that is not finite is found where the data are read, and they are not.
#[test]
fn of_a_file_only_the_header_is_read() {
    let experiment = "name: x\ndataset: rich.hdf5\nk: 5\nreport: { figures: [{ draw: { neighbourhood: { query: 3 } } }] }\n\
                      retrievers:\n  - name: walk\n    candidates: { exact: { pool: 10 } }\n    \
                      expand: { walk: { graph: [links], relations: { next: 2 } } }\n    select: top-k\n";
    let folder = folder_with("x.yaml", experiment);
    let path = folder.path().join("rich.hdf5");
    let header = swath_datasets::format::sizes(&path, 1 << 30).expect("right");
    assert_eq!((header.relations, header.links), (vec!["next".to_owned(), "far".to_owned()], Some(120)));
    // The first vector, in the file as it is in memory.
    let dataset = support::dataset(swath_algorithms::Distance::Angular, true);
    let row: Vec<u8> =
        dataset.train.dense().expect("dense").row(0).iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut bytes = std::fs::read(&path).expect("read");
    let at = bytes.windows(row.len()).position(|window| window == row).expect("stored as it is");
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).expect("written");
    let [dry, run] = [vec!["run", "--dry-run", "x.yaml"], vec!["run", "x.yaml"]].map(|a| swath(folder.path(), &a));
    assert_eq!((dry.status.code(), run.status.code()), (Some(0), Some(2)), "{}{}", stderr(&dry), stderr(&run));
    assert!(stdout(&dry).contains("1 trial of 12 queries, k = 5"), "{}", stdout(&dry));
    // What the header tells is refused by both: a relation that is not there, a query that is not, memory.
    for (from, to, text) in [("next: 2", "nest: 2", "no relation `nest`"), ("query: 3", "query: 99", "no query `99`")] {
        std::fs::write(folder.path().join("x.yaml"), experiment.replace(from, to)).expect("written");
        let [dry, run] = [vec!["run", "--dry-run", "x.yaml"], vec!["run", "x.yaml"]].map(|a| swath(folder.path(), &a));
        assert_eq!((dry.status.code(), stderr(&dry)), (Some(2), stderr(&run)));
        assert!(stderr(&dry).contains(text), "{}", stderr(&dry));
    }
    let refused = swath_datasets::format::sizes(&path, 100).expect_err("60 x 5 values are 1,200 bytes");
    assert!(refused.to_string().contains("it needs 1200 bytes of memory"), "{refused}");
}
