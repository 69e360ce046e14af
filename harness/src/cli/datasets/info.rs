//! `swath datasets info`.

use crate::cli::parameters::indented;
use crate::cli::places::Places;
use crate::cli::table::table;
use crate::cli::terminal::print;
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::findings::diagnostics::diagnose;
use swath::plan::LoadedDataset;
use swath::plot::format::decimals;
use swath::record::diagnosis::Diagnosis;
use swath::record::machine::memory;
use swath_algorithms::{Base, Points};
use swath_datasets::{Aspects, Capacity, Dataset, Groups, Location, Qrels, Texts, ground_truth};

/// Check a dataset and describe its content
#[derive(Args)]
#[command(
    after_help = "Examples:\n  swath datasets info glove-wordnet-20k\n  swath datasets info glove-wordnet-20k --diagnose"
)]
pub struct Arguments {
    /// A dataset's name, or the path of its HDF5 file or folder
    dataset: PathBuf,
    /// Also diagnose it: contrast, dimension, hubs and copies, with intervals
    #[arg(long)]
    diagnose: bool,
    /// Seed of the samples for the diagnosis
    #[arg(long, default_value_t = 0, requires = "diagnose")]
    seed: u64,
}

impl Arguments {
    /// Describes a dataset.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        info(&places.find(&self.dataset)?, self.diagnose.then_some(self.seed))
    }
}

/// Reads and checks a dataset and describes it; with a seed also diagnoses it.
fn info(location: &Location, seed: Option<u64>) -> Result<ExitCode, Failure> {
    let LoadedDataset { sha256, dataset, .. } = LoadedDataset::read(location, &Capacity::with_scratch(memory(), None))?;
    let base = Base::new(dataset.train.clone(), dataset.distance);
    let mut rows = match location {
        Location::Path(path) => vec![("file", escape::path(path))],
        Location::Files(files) => {
            files.parts().into_iter().map(|(key, part)| (key, escape::path(&part.file))).collect()
        }
    };
    rows.push(("SHA-256", sha256));
    rows.extend(contents(&dataset));
    rows.push(("ground truth", truth(&base, &dataset)));
    rows.extend(dataset.history.iter().map(|step| ("made", step.clone())));
    rows.extend(dataset.doubts().into_iter().map(|doubt| ("note", doubt)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect();
    let diagnosed = seed.map(|seed| diagnosis(&diagnose(&base, &dataset.test, seed, false)));
    print(&(table(&rows, 2..) + &diagnosed.unwrap_or_default()))
}

/// The content of a dataset, a row for each part.
fn contents(dataset: &Dataset) -> Vec<(&'static str, String)> {
    let (count, queries) = (dataset.neighbors.count, dataset.test.len());
    let fewest = (0..queries).map(|query| dataset.neighbors.known(query)).min().unwrap_or(0);
    let of_each = if fewest == count { format!("{count} per query") } else { format!("{fewest} to {count} per query") };
    let links = dataset.links.as_ref().map_or("none".into(), |links| {
        let count = |i: usize| links.relation.iter().filter(|&&r| usize::from(r) == i).count();
        let relations = links.relations.iter().enumerate().map(|(i, name)| format!("{name} {}", count(i)));
        format!("{}: {}", links.edges.len(), relations.collect::<Vec<_>>().join(", "))
    });
    let subtopics = dataset.subtopics.as_ref().map_or("none".into(), |subtopics| {
        let mean = (0..queries).map(|query| subtopics.count(query)).sum::<usize>() as f64 / queries as f64;
        format!("{} rows, {mean:.2} subtopics per query", subtopics.len())
    });
    let mut rows = vec![("distance", dataset.distance.to_string())];
    rows.extend(base_points(&dataset.train));
    rows.extend([
        ("queries", queries.to_string()),
        ("true neighbours", of_each),
        ("links", links),
        ("subtopics", subtopics),
        ("judgements", dataset.qrels.as_ref().map_or("none".into(), |qrels| judgements(qrels, queries))),
        ("sub-queries", dataset.aspects.as_ref().map_or("none".into(), sub_queries)),
        ("groups", groups(&dataset.groups)),
        ("ids", examples(dataset.train_labels.ids.as_ref())),
        ("names", examples(dataset.train_labels.names.as_ref())),
        ("texts", examples(dataset.train_labels.texts.as_ref())),
    ]);
    rows
}

/// How many judgements there are, of how many queries, and by which grades.
fn judgements(qrels: &Qrels, queries: usize) -> String {
    let judged = (0..queries).filter(|&query| !qrels.of(query).is_empty()).count();
    let mut grades: BTreeMap<u32, usize> = BTreeMap::new();
    let pairs = (0..queries).flat_map(|query| qrels.of(query));
    pairs.for_each(|&(_, grade)| *grades.entry(grade).or_default() += 1);
    let of_grades: Vec<String> =
        grades.iter().take(5).map(|(grade, count)| format!("{count} of grade {grade}")).collect();
    let more = if grades.len() > 5 { ", ..." } else { "" };
    format!("{} rows, {judged} of {queries} queries judged: {}{more}", qrels.len(), of_grades.join(", "))
}

/// How many sub-queries there are, and of how many queries.
fn sub_queries(aspects: &Aspects) -> String {
    let queries = aspects.queries();
    let with = (0..queries).filter(|&query| aspects.count(query) > 0).count();
    format!("{} for {with} of {queries} queries", aspects.len())
}

/// The kinds of groups, and how many groups there are of each.
fn groups(kinds: &[Groups]) -> String {
    let of = |groups: &Groups| {
        let without = groups.of.iter().filter(|&&group| group == Groups::NONE).count();
        let rest = if without > 0 { format!(", {without} base points in none") } else { String::new() };
        let name = if groups.name.is_empty() { String::new() } else { format!("{}: ", groups.name) };
        format!("{name}{}{rest}", groups.count())
    };
    if kinds.is_empty() { "none".to_owned() } else { kinds.iter().map(of).collect::<Vec<_>>().join("; ") }
}

/// The first few texts, each cut to a length that can be shown.
fn examples(texts: Option<&Texts>) -> String {
    let first = |text: &str| text.chars().take(80).collect::<String>();
    texts.map_or("none".into(), |texts| {
        let some = texts.iter().filter(|text| !text.is_empty());
        let more = if some.clone().nth(3).is_some() { " ..." } else { "" };
        some.take(3).map(first).collect::<Vec<_>>().join(", ") + more
    })
}

/// The type of the base points, their number and size, and how many members or values they have.
fn base_points(points: &Points) -> Vec<(&'static str, String)> {
    let (rows, dim) = (points.len(), points.dim());
    let mean = |numbers: usize| {
        format!("{numbers}, {} per base point on average", decimals(numbers as f64 / rows.max(1) as f64, 1))
    };
    let (size, held) = match points {
        Points::Dense(_) => (format!("{rows} of {dim} dimensions"), None),
        Points::Bits(_) => (format!("{rows} of {dim} bits"), None),
        Points::Sets(sets) => {
            (format!("{rows} with members below {dim}"), Some(("members", mean(sets.members().len()))))
        }
        Points::Sparse(vectors) => {
            (format!("{rows} of {dim} dimensions"), Some(("values", mean(vectors.values().len()))))
        }
    };
    let mut described = vec![("points", points.kind().to_string()), ("base points", size)];
    described.extend(held);
    described
}

/// Says whether the stored true neighbours are right.
fn truth(base: &Base, dataset: &Dataset) -> String {
    let queries = dataset.test.len();
    if (0..queries).all(|query| dataset.neighbors.known(query) == 0) {
        return "none: the file has no true neighbours for any query".to_owned();
    }
    match ground_truth::verify(base, dataset, 0) {
        Some(doubt) => doubt.to_string(),
        None => format!("agrees with {} sampled queries that were recomputed", ground_truth::SAMPLE.min(queries)),
    }
}

/// Each diagnostic with its interval, and its meaning below it.
fn diagnosis(found: &Diagnosis) -> String {
    let mut text = format!("\ndiagnosed from {}\n\n", found.sampled);
    for finding in &found.findings {
        let value = finding.measured.map_or_else(
            || "-".into(),
            |m| format!("{} (95 %: {} to {})", decimals(m.value, 3), decimals(m.lo, 3), decimals(m.hi, 3)),
        );
        let _ = writeln!(text, "{}: {value}", finding.name);
        text.push_str(&indented(&finding.meaning));
    }
    text
}
