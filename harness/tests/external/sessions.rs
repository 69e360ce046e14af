//! Questions that no run asks, and a base that no test could draw.

use crate::lab::{Experiment, Lab, candidates, has, text};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use swath::external::{Block, Command, Fault, Limits, Op, Opening, Role, Session};
use swath_algorithms::params::Count;
use swath_algorithms::{Distance, Points};
use swath_datasets::generate::{Clusters, Gaussian, Zipf};
use swath_datasets::prepared::{self, Made, Wanted};
use swath_datasets::{Distribution, Generated};

crate::tests! {
    from_equal_to,
    k_above_n,
    a_base_of_2_gb,
}

const LIMITS: Limits = Limits { hello: 20.0, open: 20.0, build: Some(20.0), pass: 20.0, end: 5.0, memory: None };

/// Draws 60 points and 12 queries, and prepares them in a file.
fn prepare(path: &Path, generate: Distribution, dimension: u32, distance: Distance) {
    let [n, dimension, queries] = [60, dimension, 12].map(|count| Count::new(count).expect("a count"));
    let dataset = Generated { generate, n, dimension, queries, distance, seed: 5 }.dataset().expect("points");
    let made = Made { name: "x", sha256: &"0".repeat(64), sources: &[], doubts: &[], dataset: &dataset };
    prepared::write(path, "test", &made).expect("written");
}

/// Opens the program with this trap on a prepared file.
fn open(lab: &Lab, words: &[&str], file: &Path, points: &Points, distance: Distance) -> Result<Session, Fault> {
    let words: Vec<String> = ["./child"].iter().chain(words).map(|&word| word.to_owned()).collect();
    let command = Command::resolve(&words, &lab.path("")).expect("a command");
    Session::open(&Opening {
        starter: Path::new(env!("CARGO_BIN_EXE_swath")),
        command: &command,
        role: Role::Candidates,
        file,
        points,
        groups: &[],
        distance,
        threads: 1,
        build_threads: 1,
        seed: 1,
        limits: LIMITS,
    })
}

fn from_equal_to() {
    let kinds = [
        (Distribution::Gaussian(Gaussian {}), 4, Distance::Euclidean),
        (Distribution::Clusters(Clusters {}), 21, Distance::Hamming),
        (Distribution::Zipf(Zipf {}), 50, Distance::Jaccard),
        (Distribution::Zipf(Zipf {}), 50, Distance::InnerProduct),
    ];
    let lab = Lab::new();
    for (number, (generate, dimension, distance)) in kinds.into_iter().enumerate() {
        let file = lab.path(&format!("dataset-{number}"));
        prepare(&file, generate, dimension, distance);
        let (_, dataset) = prepared::open(&file, Wanted::Search).expect("opened");
        let mut session = open(&lab, &["well"], &file, &dataset.train, distance).expect("opened");
        session.build(&serde_json::from_str("{}").expect("no parameters")).expect("built");
        for (rows, batch) in [(0..0, false), (7..7, true), (3..5, false), (0..12, true), (5..5, false)] {
            let ids: Vec<usize> = rows.clone().collect();
            let queries = dataset.test.gather(&ids);
            let block = Block { rows: rows.clone(), k: 4, batch, queries: &queries, pools: None };
            session.echo(&block).expect("echoed");
            let answered = session.answer(Op::Search, &block).expect("answered");
            assert_eq!(answered.ids.len(), rows.len() * 4, "{distance}");
            assert_eq!(answered.ns.len(), if batch { 0 } else { rows.len() });
            // The nearest as swath has it.
            for (row, &query) in answered.ids.chunks_exact(4).zip(&ids) {
                assert!(dataset.neighbors.ids(query).contains(&(row[0] as u32)), "{distance}: {row:?}");
            }
        }
        session.end().expect("ended");
    }
}

/// More ids are asked for than there are points. No run does so: a pool that is larger than the base is refused.
fn k_above_n() {
    let lab = Lab::new();
    let file = lab.path("dataset");
    prepare(&file, Distribution::Gaussian(Gaussian {}), 4, Distance::Euclidean);
    let (_, dataset) = prepared::open(&file, Wanted::Search).expect("opened");
    let mut session = open(&lab, &["well"], &file, &dataset.train, Distance::Euclidean).expect("opened");
    session.build(&serde_json::from_str("{}").expect("no parameters")).expect("built");
    let block = Block { rows: 0..12, k: 100, batch: false, queries: &dataset.test, pools: None };
    let answered = session.answer(Op::Search, &block).expect("answered");
    for row in answered.ids.chunks_exact(100) {
        let mut found = row[..60].to_vec();
        found.sort_unstable();
        assert!(found.into_iter().eq(0..60) && row[60..].iter().all(|&id| id == -1), "{row:?}");
    }
    let it = candidates("well").replace("pool: 10", "pool: 100");
    let ran = lab.run(&Experiment::default().with(&[&it]));
    assert_eq!(ran.code, 2);
    has(&ran.said, "a pool of 100 is asked for, but the dataset has 60 base vectors");
}

/// Rows of the base: with 64 bytes each they take a little more than 2 GiB.
const ROWS: u64 = (1 << 25) + 3;

/// The values of the last one.
const LAST: [f32; 4] = [1.5, -2.0, 0.25, 7.0];

/// A prepared file with so many base points, all of which are zeros but for the last. It has holes where they are, and so takes no room.
fn write_with_holes(small: &Path, large: &Path) {
    let mut whole = Vec::new();
    File::open(small).and_then(|mut file| file.read_to_end(&mut whole)).expect("read");
    let size = u64::from_le_bytes(whole[8..16].try_into().expect("8 bytes")) as usize;
    let mut header: Value = serde_json::from_slice(&whole[48..48 + size]).expect("a header");
    let arrays = header["arrays"].as_array_mut().expect("arrays");
    let mut placed = Vec::new();
    let mut end = 0_u64;
    for array in arrays {
        let number = |name: &str| array[name].as_u64().expect("a number");
        let (from, before) = (48 + size + number("offset") as usize, number("bytes"));
        let bytes = match array["name"].as_str() {
            Some("train") => ROWS * 64,
            Some("train_norms") => ROWS * 8,
            _ => before,
        };
        let offset = end.next_multiple_of(64);
        end = offset + bytes;
        // Of the base points nothing is written but the last.
        if bytes == before {
            placed.push((offset, whole[from..from + before as usize].to_vec()));
        } else if array["name"] == "train" {
            placed.push((end - 64, LAST.iter().flat_map(|value| value.to_le_bytes()).collect()));
        }
        array["offset"] = offset.into();
        array["bytes"] = bytes.into();
    }
    // The length of the text is part of what it says: there is room for all digits.
    let start = (48 + header.to_string().len() as u64 + 20).next_multiple_of(64);
    header["bytes"] = (start + end).into();
    let mut text = header.to_string();
    text.extend(std::iter::repeat_n(' ', start as usize - 48 - text.len()));
    let mut file = File::create(large).expect("made");
    file.set_len(start + end).expect("a length");
    let head = [&whole[..8], &(text.len() as u64).to_le_bytes(), &Sha256::digest(&text), text.as_bytes()].concat();
    file.write_all(&head).expect("written");
    for (offset, bytes) in placed {
        file.seek(SeekFrom::Start(start + offset)).and_then(|_| file.write_all(&bytes)).expect("written");
    }
}

fn a_base_of_2_gb() {
    use std::os::unix::fs::MetadataExt as _;
    let lab = Lab::new();
    let (small, large, note) = (lab.path("small"), lab.path("large"), lab.path("note"));
    prepare(&small, Distribution::Gaussian(Gaussian {}), 4, Distance::Euclidean);
    write_with_holes(&small, &large);
    let metadata = large.metadata().expect("metadata");
    assert!(metadata.len() > 1 << 31 && metadata.blocks() * 512 < 1 << 20, "{metadata:?}");
    let (_, dataset) = prepared::open(&large, Wanted::Search).expect("opened");
    let argument = format!("note={}", note.display());
    let mut session =
        open(&lab, &["last-row", &argument], &large, &dataset.train, Distance::Euclidean).expect("opened");
    let found: Value = serde_json::from_str(&text(&note)).expect("JSON");
    assert_eq!((&found["last"], &found["row"]), (&(ROWS - 1).into(), &LAST.as_slice().into()), "{found}");
    assert_eq!(found["base"]["shape"][0], ROWS);
    // Ids beyond 2^24 are no floats.
    let queries = dataset.test.gather(&[0]);
    let block = Block { rows: 0..1, k: 2, batch: false, queries: &queries, pools: None };
    session.build(&serde_json::from_str("{}").expect("no parameters")).expect("built");
    let answered = session.answer(Op::Search, &block).expect("answered");
    assert_eq!(answered.ids, [ROWS as i32 - 1, -1]);
    let fault = session.answer(Op::Search, &Block { k: 3, ..block }).expect_err("an id of no point").to_string();
    has(&fault, &format!("the id {ROWS} is none of the {ROWS} base points, 0 to {}", ROWS - 1));
}
