//! Exact search by brute force, and a selector, served to swath: an example in Rust, with std and `serde_json` alone.
//!
//! Put your own `Algorithm` in place of `exact`, and copy `serve` as it is. It reads arrays into memory; if the base is
//! large, map it (memmap2). Standard output is the protocol's: print with `eprintln!`. docs/protocol.md has the protocol.

use std::process::ExitCode;

fn main() -> ExitCode {
    match serve::serve(&mut exact::Exact::default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exact-rust: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The algorithm.
mod exact {
    use crate::serve::{Algorithm, Dataset, Found, Outcome, Params, Rows};

    #[derive(Default)]
    pub struct Exact {
        base: Rows,
        distance: String,
        /// Of base points, for the cosine.
        norms: Vec<f64>,
        /// 1 is top-k; below, MMR.
        lambda: f64,
    }

    fn product(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
    }

    fn squared(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum()
    }

    impl Exact {
        /// Larger for points that are nearer to the query.
        fn score(&self, query: &[f32], id: usize) -> f64 {
            let point = self.base.row(id);
            match self.distance.as_str() {
                "euclidean" => -squared(query, point).sqrt(),
                // The query's norm changes no order.
                "angular" if self.norms[id] > 0.0 => product(query, point) / self.norms[id],
                _ => product(query, point),
            }
        }

        /// Of two base points, as swath's own MMR has it: a Gaussian as wide as `sigma` for euclidean, otherwise the cosine.
        fn similarity(&self, a: usize, b: usize, sigma: f64) -> f64 {
            let (x, y) = (self.base.row(a), self.base.row(b));
            if self.distance == "euclidean" {
                return (-squared(x, y) / (2.0 * sigma * sigma).max(f64::MIN_POSITIVE)).exp();
            }
            let norms = self.norms[a] * self.norms[b];
            if norms > 0.0 { product(x, y) / norms } else { 0.0 }
        }

        /// The median distance between the query and the pool.
        fn width(&self, query: &[f32], pool: &[i32]) -> f64 {
            let mut far: Vec<f64> = pool.iter().map(|&id| squared(query, self.base.row(id as usize)).sqrt()).collect();
            far.sort_by(f64::total_cmp);
            if far.is_empty() { 0.0 } else { f64::midpoint(far[(far.len() - 1) / 2], far[far.len() / 2]) }
        }
    }

    impl Algorithm for Exact {
        const NAME: &'static str = "exact-rust";
        const VERSION: &'static str = "1";
        const CAN: &'static [&'static str] = &["candidates", "retriever", "selector"];

        fn open(&mut self, dataset: Dataset) -> Outcome<()> {
            if !["euclidean", "angular", "ip"].contains(&dataset.distance.as_str()) {
                let has = "it has euclidean, angular, ip";
                return Err(format!("this program has no distance {}; {has}", dataset.distance).into());
            }
            self.lambda = 1.0;
            self.distance = dataset.distance;
            self.base = dataset.base;
            Ok(())
        }

        fn build(&mut self, _: &mut Params) -> Outcome<Option<u64>> {
            self.norms = (0..self.base.len()).map(|id| product(self.base.row(id), self.base.row(id)).sqrt()).collect();
            Ok(Some(8 * self.norms.len() as u64))
        }

        fn set(&mut self, params: &mut Params) -> Outcome<()> {
            self.lambda = params.number("lambda", 1.0)?;
            if !(0.0..=1.0).contains(&self.lambda) {
                return Err(format!("lambda is {}; it is to be from 0 to 1", self.lambda).into());
            }
            Ok(())
        }

        fn search(&self, query: &[f32], k: usize) -> Outcome<Found> {
            let mut best: Vec<(f64, i32)> = (0..self.base.len()).map(|id| (self.score(query, id), id as i32)).collect();
            let better = |a: &(f64, i32), b: &(f64, i32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            if (1..best.len()).contains(&k) {
                best.select_nth_unstable_by(k - 1, better);
            }
            best.truncate(k);
            best.sort_unstable_by(better);
            let scores = best.iter().map(|(score, _)| *score as f32).collect();
            let ids = best.into_iter().map(|(_, id)| id).collect();
            Ok(Found { ids, scores, evaluations: Some(self.base.len() as u32) })
        }

        fn select(&self, query: &[f32], pool_ids: &[i32], pool_scores: &[f32], k: usize) -> Outcome<Found> {
            let mmr = self.lambda < 1.0;
            let sigma = if mmr && self.distance == "euclidean" { self.width(query, pool_ids) } else { 0.0 };
            // Of each item that is left, its place, and its largest similarity to what is picked.
            let mut left: Vec<(usize, f64)> = (0..pool_ids.len()).map(|place| (place, 0.0)).collect();
            let mut ids = Vec::new();
            while ids.len() < k && !left.is_empty() {
                let first = ids.is_empty();
                let value = |&(place, alike): &(usize, f64)| {
                    let relevance = f64::from(pool_scores[place]);
                    if first || !mmr { relevance } else { self.lambda * relevance - (1.0 - self.lambda) * alike }
                };
                let best = (1..left.len()).fold(0, |a, b| if value(&left[b]) > value(&left[a]) { b } else { a });
                let (place, _) = left.remove(best);
                ids.push(pool_ids[place]);
                if mmr {
                    for (other, alike) in &mut left {
                        let s = self.similarity(pool_ids[place] as usize, pool_ids[*other] as usize, sigma);
                        *alike = if first { s } else { alike.max(s) };
                    }
                }
            }
            Ok(Found { ids, scores: Vec::new(), evaluations: None })
        }
    }
}

/// The protocol.
mod serve {
    use serde_json::{Map, Value, json};
    use std::fs::{File, OpenOptions};
    use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
    use std::time::Instant;

    /// What swath calls. Ids are best first, at most k; scores are larger for better ids, and may be left empty.
    pub trait Algorithm {
        const NAME: &'static str;
        /// Part of what identifies a trial, so it must not change from start to start.
        const VERSION: &'static str;
        /// Some of candidates, retriever, selector.
        const CAN: &'static [&'static str];
        fn open(&mut self, dataset: Dataset) -> Outcome<()>;
        /// May return the size of the index in bytes.
        fn build(&mut self, params: &mut Params) -> Outcome<Option<u64>>;
        fn set(&mut self, params: &mut Params) -> Outcome<()>;
        fn search(&self, query: &[f32], k: usize) -> Outcome<Found>;
        fn select(&self, query: &[f32], pool_ids: &[i32], pool_scores: &[f32], k: usize) -> Outcome<Found>;
    }

    pub struct Found {
        pub ids: Vec<i32>,
        pub scores: Vec<f32>,
        /// How many distances were computed.
        pub evaluations: Option<u32>,
    }

    pub struct Dataset {
        pub base: Rows,
        pub distance: String,
    }

    /// Why there is no answer.
    pub enum Refusal {
        Unsupported(String),
        Failed(String),
    }

    impl<T: Into<String>> From<T> for Refusal {
        fn from(message: T) -> Self {
            Self::Failed(message.into())
        }
    }

    pub type Outcome<T> = Result<T, Refusal>;

    /// Parameters of the experiment; those that nobody takes are an error.
    pub struct Params(Map<String, Value>);

    impl Params {
        pub fn number(&mut self, name: &str, otherwise: f64) -> Outcome<f64> {
            let Some(value) = self.0.remove(name) else { return Ok(otherwise) };
            value.as_f64().ok_or_else(|| format!("the parameter \"{name}\" is {value}; it is to be a number").into())
        }

        fn end(&self, op: &str) -> Outcome<()> {
            self.0.keys().next().map_or(Ok(()), |name| Err(format!("{op} has no parameter \"{name}\"").into()))
        }
    }

    /// Dense vectors.
    #[derive(Default)]
    pub struct Rows {
        count: usize,
        dimension: usize,
        values: Vec<f32>,
    }

    impl Rows {
        pub fn len(&self) -> usize {
            self.count
        }

        pub fn row(&self, i: usize) -> &[f32] {
            &self.values[i * self.dimension..][..self.dimension]
        }

        fn read(request: &Value, name: &str) -> Outcome<Self> {
            let array = Array::new(request, name, "<f4")?;
            let values = array.read::<4>()?.into_iter().map(f32::from_le_bytes).collect();
            Ok(Self { count: array.shape[0], dimension: array.shape[1], values })
        }
    }

    /// An array in a file, of one or two dimensions.
    struct Array<'a> {
        name: &'a str,
        path: &'a str,
        offset: u64,
        shape: [usize; 2],
        row_stride: u64,
        item: usize,
    }

    impl<'a> Array<'a> {
        fn new(request: &'a Value, name: &'a str, dtype: &str) -> Outcome<Self> {
            let array = &request[name];
            let path = array["path"].as_str().ok_or_else(|| format!("there is no array {name}"))?;
            if array["dtype"] != *dtype {
                return Err(format!("{name}: the array is of type {}, not {dtype}", array["dtype"]).into());
            }
            let item = usize::from(dtype.as_bytes()[2] - b'0');
            let numbers = |key: &str| -> Vec<u64> {
                array[key].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
            };
            let (shape, row_stride) = match (numbers("shape")[..].as_ref(), numbers("strides")[..].as_ref()) {
                (&[0, columns], _) => ([0, columns as usize], 0),
                (&[n], &[stride]) => ([n as usize, 1], stride),
                (&[n, columns], &[stride, of_column]) if of_column == item as u64 => {
                    ([n as usize, columns as usize], stride)
                }
                _ => {
                    return Err(
                        format!("{name}: this program does not read arrays of that shape and those strides").into()
                    );
                }
            };
            let offset = array["offset"].as_u64().ok_or_else(|| format!("{name}: there is no offset"))?;
            Ok(Self { name, path, offset, shape, row_stride, item })
        }

        fn failed(&self, error: &io::Error) -> Refusal {
            format!("{}: {}: {error}", self.name, self.path).into()
        }

        /// Bytes of a row, without what pads it.
        fn row(&self) -> usize {
            self.shape[1] * self.item
        }

        fn read<const ITEM: usize>(&self) -> Outcome<Vec<[u8; ITEM]>> {
            let mut items = Vec::new();
            let read = |items: &mut Vec<[u8; ITEM]>| -> io::Result<()> {
                let mut file = File::open(self.path)?;
                file.seek(SeekFrom::Start(self.offset))?;
                let mut file = io::BufReader::with_capacity(1 << 20, file);
                let mut row = vec![0; self.row()];
                for i in 0..self.shape[0] {
                    if i > 0 {
                        file.seek_relative(self.row_stride as i64 - row.len() as i64)?;
                    }
                    file.read_exact(&mut row)?;
                    items.extend_from_slice(row.as_chunks::<ITEM>().0);
                }
                Ok(())
            };
            read(&mut items).map_err(|error| self.failed(&error))?;
            Ok(items)
        }

        /// Writes the rows, and leaves all else in the file as it is.
        fn write(&self, bytes: &[u8]) -> Outcome<()> {
            let write = || -> io::Result<()> {
                let mut file = OpenOptions::new().write(true).open(self.path)?;
                let end = self.offset + (self.shape[0] as u64).saturating_sub(1) * self.row_stride + self.row() as u64;
                if file.metadata()?.len() < end {
                    return Err(io::Error::other("the file is shorter than the array in it"));
                }
                file.seek(SeekFrom::Start(self.offset))?;
                if self.row_stride == self.row() as u64 {
                    return file.write_all(bytes);
                }
                for (i, row) in bytes.chunks(self.row()).enumerate() {
                    file.seek(SeekFrom::Start(self.offset + i as u64 * self.row_stride))?;
                    file.write_all(row)?;
                }
                Ok(())
            };
            if self.shape[0] == 0 { Ok(()) } else { write().map_err(|error| self.failed(&error)) }
        }
    }

    /// Answers swath until it ends.
    pub fn serve<A: Algorithm>(algorithm: &mut A) -> io::Result<()> {
        let mut answers = io::stdout().lock();
        let info = json!({ "kit": "rust", "version": A::VERSION });
        writeln!(answers, "{}", json!({ "swath": 1, "name": A::NAME, "info": info, "can": A::CAN }))?;
        answers.flush()?;
        let mut opened = false;
        let (mut lines, mut line) = (io::stdin().lock(), Vec::new());
        while lines.read_until(b'\n', &mut line)? > 0 {
            let begin = now();
            let request: Result<Value, _> = serde_json::from_slice(&line);
            let op = request.as_ref().ok().and_then(|r| r["op"].as_str()).unwrap_or_default();
            let outcome = match &request {
                Ok(request) if request.is_object() => answer(algorithm, request, op, &mut opened),
                Ok(_) => Err("a line is to be a JSON object".into()),
                Err(error) => Err(format!("a line is no JSON: {error}").into()),
            };
            let answer = match outcome {
                Ok(mut answer) => {
                    answer["ok"] = true.into();
                    answer["ns"] = (begin.elapsed().as_nanos() as u64).into();
                    answer
                }
                Err(Refusal::Unsupported(message)) => json!({ "ok": false, "kind": "unsupported", "message": message }),
                Err(Refusal::Failed(message)) => json!({ "ok": false, "kind": "failed", "message": message }),
            };
            writeln!(answers, "{answer}")?;
            answers.flush()?;
            if op == "end" {
                break;
            }
            line.clear();
        }
        Ok(())
    }

    #[allow(clippy::disallowed_methods, reason = "a program of its own, with a clock of its own")]
    fn now() -> Instant {
        Instant::now()
    }

    fn answer<A: Algorithm>(algorithm: &mut A, request: &Value, op: &str, opened: &mut bool) -> Outcome<Value> {
        let known = ["open", "build", "set", "echo", "search", "select", "end"];
        if !known.contains(&op) {
            return Err(Refusal::Unsupported(format!("unknown op \"{op}\"; known are {}", known.join(", "))));
        }
        if !*opened && !["open", "end"].contains(&op) {
            return Err(format!("\"{op}\" came before \"open\"").into());
        }
        let mut params = Params(request["params"].as_object().cloned().unwrap_or_default());
        match op {
            "open" => {
                let distance = request["distance"].as_str().unwrap_or_default().to_owned();
                algorithm.open(Dataset { base: Rows::read(request, "base")?, distance })?;
                *opened = true;
            }
            "build" => {
                let bytes = algorithm.build(&mut params)?;
                params.end(op)?;
                return Ok(bytes.map_or_else(|| json!({}), |bytes| json!({ "bytes": bytes })));
            }
            "set" => {
                algorithm.set(&mut params)?;
                params.end(op)?;
            }
            "echo" => {
                let nothing = || Ok(Found { ids: Vec::new(), scores: Vec::new(), evaluations: None });
                block(request, |_, _, _| nothing(), true)?;
            }
            "search" if A::CAN.contains(&"candidates") && request["mode"] != "batch" => {
                block(request, |query, _, k| algorithm.search(query, k), false)?;
            }
            "select" if A::CAN.contains(&"selector") => {
                let (ids, scores) = (Array::new(request, "pool_ids", "<i4")?, Rows::read(request, "pool_scores")?);
                let m = ids.shape[1];
                let ids: Vec<i32> = ids.read::<4>()?.into_iter().map(i32::from_le_bytes).collect();
                let select = |query: &[f32], i: usize, k: usize| {
                    let pool = &ids[i * m..][..m];
                    // -1 is only at the tail.
                    let size = pool.iter().position(|&id| id < 0).unwrap_or(m);
                    algorithm.select(query, &pool[..size], &scores.row(i)[..size], k)
                };
                block(request, select, false)?;
            }
            "end" => {}
            _ => return Err(Refusal::Unsupported(format!("this program does not answer this \"{op}\""))),
        }
        Ok(json!({}))
    }

    /// Asks for each row, one after the other, by the clock, and writes what was found.
    fn block(request: &Value, ask: impl Fn(&[f32], usize, usize) -> Outcome<Found>, echo: bool) -> Outcome<()> {
        let whole =
            |key: &str| request[key].as_u64().ok_or_else(|| Refusal::from(format!("\"{key}\" is no whole number")));
        let (from, k) = (whole("from")?, whole("k")? as usize);
        let n = whole("to")?.saturating_sub(from) as usize;
        let queries = Rows::read(request, "queries")?;
        let (mut ids, mut times, mut evaluations) = (Vec::new(), Vec::new(), Vec::new());
        // Where there is no score, what swath filled in stays: NaN.
        let mut scores: Vec<f32> = vec![f32::NAN; n * k];
        for i in 0..n.min(queries.len()) {
            let begin = now();
            let found = ask(queries.row(i), i, k);
            let ns = if echo { 0 } else { begin.elapsed().as_nanos() as u64 };
            let found = found?;
            let row = from + i as u64;
            if found.ids.len() > k || found.scores.len() > k {
                let size = found.ids.len();
                return Err(format!("row {row}: {size} ids were returned, at most k = {k} were asked for").into());
            }
            if let Some(id) = found.ids.iter().find(|id| **id < 0) {
                return Err(format!("row {row}: {id} is no id").into());
            }
            scores[i * k..][..found.scores.len()].copy_from_slice(&found.scores);
            let missing = std::iter::repeat_n(-1, k - found.ids.len());
            ids.extend(found.ids.into_iter().chain(missing).flat_map(i32::to_le_bytes));
            times.extend(ns.to_le_bytes());
            evaluations.extend(found.evaluations.unwrap_or(u32::MAX).to_le_bytes());
        }
        Array::new(request, "ids", "<i4")?.write(&ids)?;
        for (name, dtype, bytes) in [("ns", "<u8", &times), ("evaluations", "<u4", &evaluations)] {
            if request[name].is_object() {
                Array::new(request, name, dtype)?.write(bytes)?;
            }
        }
        if request["scores"].is_object() {
            let scores: Vec<u8> = scores.into_iter().flat_map(f32::to_le_bytes).collect();
            Array::new(request, "scores", "<f4")?.write(&scores)?;
        }
        Ok(())
    }
}
