//! However an experiment's text is damaged, reading it ends soon, in an error that can be shown or in an experiment, without
//! a panic or a large allocation.
//!
//! One test alone in this file: the allocator counts for the whole process.

#[path = "../../datasets/tests/damage/mod.rs"]
mod damage;

use damage::limits::{Counting, Trials, mutations, watched};
use damage::mutate;
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use swath::config::{self, YamlSource};
use swath_algorithms::random::{below, stream};

/// What reading a text of up to 64 KiB may take.
const BUDGET: usize = 64 << 20;

/// The longest text that is tried.
const LONGEST: usize = 64 << 10;

/// How many texts are damaged, unless it is said.
const MUTATIONS: usize = 6000;

#[global_allocator]
static COUNTING: Counting = Counting;

/// What stands in the place of a word.
const WORDS: [&str; 24] = [
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    ".nan",
    "99999999999999999999999",
    "''",
    "[]",
    "{}",
    "[[[]]]",
    "&a",
    "*a",
    "!!set",
    "<<",
    "---",
    "...",
    "? x",
    "|",
    ">-",
    "\u{feff}",
    "mmr",
    "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
    "{ a: { b: { c: d } } }",
];

/// A text with one to three damages that keep it a text of lines and words.
fn damage(random: &mut ChaCha8Rng, text: &str, other: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=below(random, 3) {
        if lines.is_empty() {
            break;
        }
        let at = below(random, lines.len());
        match below(random, 9) {
            0 => lines.insert(at, lines[below(random, lines.len())].clone()),
            1 => drop(lines.remove(at)),
            2 => lines[at].insert_str(0, &" ".repeat(1 + below(random, 5))),
            3 => {
                let indent = lines[at].len() - lines[at].trim_start().len();
                lines[at].drain(..indent);
            }
            4 | 5 => {
                let words: Vec<&str> = lines[at].split_inclusive([' ', ',', ':', '[', ']', '{', '}']).collect();
                let word = below(random, words.len().max(1));
                let with = WORDS[below(random, WORDS.len())];
                let changed = words.iter().enumerate().map(|(i, old)| if i == word { with } else { old });
                lines[at] = changed.collect();
            }
            6 => {
                let from: Vec<&str> = other.lines().collect();
                from[below(random, from.len())].clone_into(&mut lines[at]);
            }
            7 => {
                let depth = 1 << below(random, 12);
                let (open, close) = [("[", "]"), ("{ a: ", " }")][below(random, 2)];
                lines[at] = format!("x: {}{}", open.repeat(depth), close.repeat(depth));
            }
            _ => lines[at] = bomb(2 + below(random, 12), 2 + below(random, 12)),
        }
    }
    lines.join("\n")
}

/// Anchors whose aliases multiply: "a billion laughs".
fn bomb(levels: usize, width: usize) -> String {
    let mut text = "x0: &x0 [a, a, a]\n".to_owned();
    for level in 1..levels {
        let aliases = vec![format!("*x{}", level - 1); width].join(", ");
        let _ = writeln!(text, "x{level}: &x{level} [{aliases}]");
    }
    text
}

fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = [root.join("../configs"), root.join("tests/wrong")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.sort();
    // Those that are no text are refused when they are read.
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).filter(|text| !text.is_empty()).collect()
}

/// Reads a text as `swath run` does; what is wrong with it is rendered, as there.
fn reads(text: String) -> bool {
    let parsed = YamlSource::parse(PathBuf::from("x.yaml"), text).and_then(config::parse);
    parsed.map_err(|invalid| drop((invalid.render(true), invalid.render(false)))).is_ok()
}

fn damage_all(trials: &mut Trials) {
    let sources = sources();
    for i in 0..mutations(MUTATIONS) {
        let (text, other) = (&sources[i % sources.len()], &sources[(i * 7 + 3) % sources.len()]);
        let mut random = stream(i as u64, "damaged experiments", 0);
        let mut damaged = if below(&mut random, 3) == 0 {
            String::from_utf8_lossy(&mutate::bytes(&mut random, text.as_bytes(), other.as_bytes())).into_owned()
        } else {
            damage(&mut random, text, other)
        };
        while damaged.len() > LONGEST {
            damaged.pop();
        }
        trials.read(&format!("mutation {i}"), || reads(damaged));
    }
}

/// `SWATH_MUTATIONS=200000 cargo test -p swath --test mutations -- --nocapture` damages so many.
#[test]
fn reading_a_damaged_experiment_ends_soon_without_a_panic_or_a_large_allocation() {
    watched("damaged experiments", BUDGET, |trials| {
        damage_all(trials);
        let (tried, valid) = trials.counts();
        assert!(valid > 0 && valid < tried, "either nothing was damaged or everything");
    });
}
