//! swath's side of `run.py`: answers its requests, one JSON object a line, with times and what was found.
//!
//! Not a benchmark to run by itself: `python3 algorithms/benches/peers/run.py` starts it.

// It measures; the clock is what it is for.
#![allow(clippy::disallowed_methods)]

mod file;
mod neighbors;
mod search;
mod selection;

use search::Searches;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

fn main() {
    let (mut output, mut searches) = (std::io::stdout().lock(), Searches::default());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let request: Value = serde_json::from_str(&line).expect("a request is JSON");
        let answer = match request["what"].as_str() {
            Some("search") => searches.answer(&request),
            Some("neighbors") => neighbors::answer(&request),
            Some("selection") => selection::answer(&request),
            Some("version") => json!(env!("CARGO_PKG_VERSION")),
            _ => panic!("unknown request: {line}"),
        };
        writeln!(output, "{answer}").and_then(|()| output.flush()).expect("the script listens");
    }
}
