//! However a file is damaged, reading it ends soon, in an error or a dataset, without a panic or a large allocation.
//!
//! One test alone in this file: the allocator counts for the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use swath_algorithms::random::{below, stream};
use swath_algorithms::{Distance, Vectors};
use swath_datasets::{Dataset, Links, Neighbors, Subtopics, ann_benchmarks};

/// What one array may take.
const MEMORY: u64 = 64 << 20;

/// What reading a file may take in all.
const PEAK: usize = 256 << 20;

/// How long reading a file may take: far above what it does, for slow machines.
const SECONDS: u64 = 20;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static MOST_EVER: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator; counting has no influence on what it returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(HELD.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promised for this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(HELD.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promised for this call.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised for this call.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn dataset() -> Dataset {
    let (n, m, d) = (300, 3, 16);
    let values = |range: std::ops::Range<usize>| range.map(|i| (i * i % 101) as f32).collect::<Vec<_>>();
    Dataset {
        train: Vectors::new(&values(0..n * d), d).expect("finite"),
        test: Vectors::new(&values(n * d..(n + m) * d), d).expect("finite"),
        distance: Distance::Euclidean,
        neighbors: Neighbors { count: 2, ids: vec![5, 1, 2, 3, 4, 0], distances: vec![0.5, 1.0, 0.0, 0.0, 2.0, 3.0] },
        links: Some(Links {
            edges: vec![[0, 299], [7, 8]],
            relations: vec!["a".into(), "b".into()],
            relation: vec![1, 0],
        }),
        subtopics: Some(Subtopics::new(m, vec![[0, 1, 2], [2, 299, 0]])),
        qrels: Some(Subtopics::new(m, vec![[1, 4, 2]])),
        train_names: Some((0..n).map(|i| format!("name {i}")).collect()),
        test_names: None,
    }
}

/// Reads the file in every way there is, and checks what that took. The name of what is done goes to the watchdog first.
fn reads(path: &Path, what: &str, watchdog: &Sender<String>) -> bool {
    watchdog.send(what.to_owned()).expect("the watchdog listens");
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    drop(ann_benchmarks::header(path));
    let whole = ann_benchmarks::read(path, MEMORY).is_ok();
    let most = MOST.load(Relaxed) - before;
    MOST_EVER.fetch_max(most, Relaxed);
    assert!(most < PEAK, "{what}: {most} bytes were held at once");
    whole
}

/// Damages a file in place by mutation number `i`, and returns the length it is to be cut to.
fn damage(file: &mut [u8], name: &str, i: u64) -> usize {
    let mut random = stream(i, name, 0);
    let size = file.len();
    // Shapes and addresses live near the beginning, and with h5py's files anywhere.
    let near = if below(&mut random, 4) > 0 { size.min(4096) } else { size };
    match below(&mut random, 4) {
        0 => {
            for _ in 0..=below(&mut random, 3) {
                file[below(&mut random, near)] ^= 1 << below(&mut random, 8);
            }
        }
        1 => {
            let at = below(&mut random, near.saturating_sub(8).max(1));
            let value = [u64::MAX, 1 << 40, 1 << 31, 1 << 24, 0, size as u64][below(&mut random, 6)];
            file[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        2 => {
            let at = below(&mut random, near.saturating_sub(8).max(1));
            (at..at + 8).for_each(|at| file[at] = below(&mut random, 256) as u8);
        }
        _ => return below(&mut random, size),
    }
    size
}

fn mutate_small(source: &Path, count: u64, watchdog: &Sender<String>) -> u64 {
    let name = source.file_name().expect("a file").to_string_lossy().into_owned();
    let whole = std::fs::read(source).expect("readable");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged.hdf5");
    let survivors = (0..count).filter(|&i| {
        let mut bytes = whole.clone();
        let length = damage(&mut bytes, &name, i);
        std::fs::write(&path, &bytes[..length]).expect("written");
        reads(&path, &format!("{name}, mutation {i}"), watchdog)
    });
    survivors.count() as u64
}

/// As for small ones, but only the first 64 KiB are damaged, in place, and mended again.
fn mutate_shipped(count: u64, watchdog: &Sender<String>) -> u64 {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/glove-wordnet-20k.hdf5");
    let copy = tempfile::NamedTempFile::new().expect("a file");
    std::fs::copy(source, copy.path()).expect("copied");
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(copy.path()).expect("opened");
    let mut head = vec![0; 1 << 16];
    file.read_exact(&mut head).expect("read");
    let mut overwrite = |bytes: &[u8]| {
        file.seek(SeekFrom::Start(0)).expect("sought");
        file.write_all(bytes).expect("written");
    };
    let survivors = (0..count).filter(|&i| {
        let mut damaged = head.clone();
        damage(&mut damaged, "shipped", i);
        overwrite(&damaged);
        let survived = reads(copy.path(), &format!("shipped, mutation {i}"), watchdog);
        overwrite(&head);
        survived
    });
    survivors.count() as u64
}

/// Overwrites each place that holds these bytes by each of the others in turn. A lie may be believed where it changes
/// nothing, as the largest shape that an array may grow to, but not at every place.
fn lie(name: &str, truth: &[u8], lies: &[Vec<u8>], watchdog: &Sender<String>) {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.hdf5"));
    let whole = std::fs::read(source).expect("readable");
    let places: Vec<usize> = (0..whole.len() - truth.len()).filter(|&at| whole[at..].starts_with(truth)).collect();
    assert!(!places.is_empty(), "{name} does not hold what is to be damaged");
    let file = tempfile::NamedTempFile::new().expect("a file");
    for lie in lies {
        let believed = places.iter().filter(|&&at| {
            let mut bytes = whole.clone();
            bytes[at..at + lie.len()].copy_from_slice(lie);
            std::fs::write(file.path(), bytes).expect("written");
            reads(file.path(), &format!("{name}, {lie:?} at {at}"), watchdog)
        });
        assert!(believed.count() < places.len(), "{name}: {lie:?} was believed everywhere");
    }
}

fn wide(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn narrow(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Shapes and chunk sizes that would take far more than the file or the memory has; `train` is 6 x 3 in chunks of 2 x 3
/// or 1 x 3. Older files have no checksum that would give them away.
fn lie_about_sizes(watchdog: &Sender<String>) {
    // 2^28 x 3 floats are 3 GiB; the largest overflow every product of sizes.
    let shapes = [1_u64 << 12, 1 << 24, 1 << 28, 1 << 31, 1 << 40, u64::MAX / 4, u64::MAX];
    for name in ["contiguous", "chunked-gzip-shuffle", "lzf"] {
        lie(name, &wide(&[6, 3]), &shapes.map(|n| wide(&[n, 3])), watchdog);
        lie(name, &wide(&[6, 3]), &shapes.map(|n| wide(&[n, n])), watchdog);
    }
    for (name, rows) in [("chunked-gzip-shuffle", 2), ("lzf", 1)] {
        let chunks = [1_u32 << 24, 1 << 28, 1 << 31, u32::MAX, 0];
        lie(name, &narrow(&[rows, 3, 4]), &chunks.map(|n| narrow(&[n, 3, 4])), watchdog);
        lie(name, &narrow(&[rows, 3, 4]), &chunks.map(|n| narrow(&[n, n, n])), watchdog);
    }
}

fn mutate_all(watchdog: &Sender<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own.hdf5");
    ann_benchmarks::write(&own, &dataset()).expect("written");
    assert!(reads(&own, "undamaged", watchdog));
    let survivors = mutate_small(&own, 2000, watchdog);
    println!("own.hdf5: {survivors} of 2000 damaged files could still be read");
    assert!((1..2000).contains(&survivors), "either nothing was damaged or everything");
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["contiguous", "chunked-gzip-shuffle", "lzf", "latest", "growing", "additions", "byte-strings"] {
        let survivors = mutate_small(&fixtures.join(format!("{name}.hdf5")), 500, watchdog);
        println!("{name}.hdf5: {survivors} of 500 damaged files could still be read");
    }
    lie_about_sizes(watchdog);
    println!("shipped: {} of 100 damaged files could still be read", mutate_shipped(100, watchdog));
}

#[test]
fn no_damage_leads_to_a_panic_a_hang_or_a_large_allocation() {
    let (sender, receiver) = channel();
    let worker = std::thread::spawn(move || mutate_all(&sender));
    let mut last = String::from("nothing yet");
    loop {
        match receiver.recv_timeout(Duration::from_secs(SECONDS)) {
            Ok(what) => last = what,
            Err(RecvTimeoutError::Timeout) => panic!("{last}: still reading after {SECONDS} s"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    println!("most bytes held at once: {}", MOST_EVER.load(Relaxed));
    assert!(worker.join().is_ok(), "panicked at {last}");
}
