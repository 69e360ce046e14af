//! Limits for reading a damaged input: memory is counted, and a watchdog waits for the end.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Reading one input may take this long: far more than it needs, for slow machines.
const HANG: Duration = Duration::from_secs(10);

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with a count of the bytes that the process holds. Growing a block counts the old and the new one.
pub struct Counting;

fn count(bytes: usize) {
    MOST.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    LARGEST.fetch_max(bytes, Relaxed);
}

// SAFETY: every call is passed on unchanged to the system's allocator; counting has no influence on what it returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promised for this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promised for this call.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised for this call.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Reads inputs, and records the time and memory that each takes.
pub struct Trials {
    watchdog: Sender<String>,
    budget: usize,
    tried: usize,
    valid: usize,
    longest: (Duration, String),
    most: (usize, String),
    largest: (usize, String),
}

impl Trials {
    /// Reads one input, called `what` in messages; returns whether it was found valid. A panic ends the test, which names the
    /// input.
    pub fn read(&mut self, what: &str, read: impl FnOnce() -> bool) -> bool {
        self.watchdog.send(what.to_owned()).expect("the watchdog listens");
        let before = HELD.load(Relaxed);
        MOST.store(before, Relaxed);
        LARGEST.store(0, Relaxed);
        let start = now();
        let valid = read();
        let took = now().duration_since(start);
        let (most, largest) = (MOST.load(Relaxed) - before, LARGEST.load(Relaxed));
        assert!(most <= self.budget, "{what}: {most} bytes were held at once, of {} allowed", self.budget);
        if took > self.longest.0 {
            self.longest = (took, what.to_owned());
        }
        if most > self.most.0 {
            self.most = (most, what.to_owned());
        }
        if largest > self.largest.0 {
            self.largest = (largest, what.to_owned());
        }
        self.tried += 1;
        self.valid += usize::from(valid);
        valid
    }

    /// The number of inputs tried, and of those found valid.
    pub fn counts(&self) -> (usize, usize) {
        (self.tried, self.valid)
    }
}

#[expect(clippy::disallowed_methods, reason = "a limit on how long a test waits, no measurement")]
fn now() -> Instant {
    Instant::now()
}

/// Runs `work`, which reads inputs; each may hold `budget` bytes at once. Prints the largest time and memory.
pub fn watched(name: &str, budget: usize, work: impl FnOnce(&mut Trials) + Send + 'static) {
    let (watchdog, inputs) = channel();
    let worker = std::thread::spawn(move || {
        let never = || (Duration::ZERO, String::new());
        let none = || (0, String::new());
        let mut trials =
            Trials { watchdog, budget, tried: 0, valid: 0, longest: never(), most: none(), largest: none() };
        work(&mut trials);
        // This drops the watchdog's channel, which tells it that all inputs are read.
        let Trials { tried, valid, longest, most, largest, .. } = trials;
        (tried, valid, longest, most, largest)
    });
    let mut last = String::from("nothing yet");
    loop {
        match inputs.recv_timeout(HANG) {
            Ok(what) => last = what,
            Err(RecvTimeoutError::Timeout) => panic!("{last}: still reading after {HANG:?}"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let Ok((tried, valid, longest, most, largest)) = worker.join() else { panic!("panicked at {last}") };
    println!("{name}: {tried} inputs tried, {valid} valid, {} refused, 0 panics", tried - valid);
    println!("{name}: longest {:?} ({})", longest.0, longest.1);
    println!("{name}: largest allocation {} bytes ({})", largest.0, largest.1);
    println!("{name}: most held at once {} of {budget} bytes ({})", most.0, most.1);
}

/// The number of inputs to mutate: `usual`, unless `SWATH_MUTATIONS` gives another.
pub fn mutations(usual: usize) -> usize {
    let said = std::env::var("SWATH_MUTATIONS").ok();
    said.map_or(usual, |said| said.parse().expect("SWATH_MUTATIONS is a number"))
}
