//! `swath algorithms`.

use super::parameters::{flow, parameters, unknown};
use super::places::Places;
use super::table::table;
use super::terminal::print;
use clap::Args;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::ExitCode;
use swath::config::Failure;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::points::PointType;
use swath_algorithms::selector::{SelectorParams, SelectorSetting};
use swath_algorithms::{BaseFacts, Distance};

/// List candidates, expansions and selectors, or explain one
#[derive(Args)]
#[command(after_help = "Examples:\n  swath algorithms\n  swath algorithms facility-location")]
pub struct Arguments {
    /// Name of an algorithm
    name: Option<String>,
}

impl Arguments {
    /// Prints all algorithms, or one of them in full.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        let all = components();
        match &self.name {
            Some(name) => print(&one(&all, name)?),
            None => print(&list(&all)),
        }
    }
}

/// A component, as in its registry.
struct Component {
    kind: &'static str,
    key: &'static str,
    name: &'static str,
    schema: Value,
    /// Its parameters where none is given.
    defaults: Value,
    /// Its parameters in an experiment to copy.
    example: Value,
    /// A dataset that it can search, in YAML.
    dataset: &'static str,
}

/// A dataset for examples.
struct ExampleDataset {
    yaml: &'static str,
    facts: BaseFacts,
    /// The kinds of groups that it has.
    groups: &'static [&'static str],
}

impl ExampleDataset {
    const fn new(yaml: &'static str, kind: PointType, distance: Distance) -> Self {
        Self { yaml, facts: BaseFacts { rows: 2000, dim: 2000, kind, distance, numbers: 0 }, groups: &[] }
    }
}

/// The dataset that swath ships, then a drawn one of each other type of points, then one with groups.
const EXAMPLE_DATASETS: [ExampleDataset; 5] = [
    ExampleDataset::new("glove-wordnet-20k", PointType::Dense, Distance::Angular),
    ExampleDataset::new(
        "{ generate: zipf, n: 2000, dimension: 2000, distance: jaccard }",
        PointType::Sets,
        Distance::Jaccard,
    ),
    ExampleDataset::new(
        "{ generate: clusters, n: 2000, dimension: 2000, distance: hamming }",
        PointType::Bits,
        Distance::Hamming,
    ),
    ExampleDataset::new(
        "{ generate: zipf, n: 2000, dimension: 2000, distance: ip }",
        PointType::Sparse,
        Distance::InnerProduct,
    ),
    ExampleDataset {
        groups: &["original"],
        ..ExampleDataset::new("{ generate: duplicates, n: 2000, dimension: 50 }", PointType::Dense, Distance::Euclidean)
    },
];

/// The first of the datasets for examples that candidates can search.
fn searchable(candidates: &CandidatesParams) -> &'static str {
    let fits = |dataset: &&ExampleDataset| candidates.check(&dataset.facts).is_ok();
    EXAMPLE_DATASETS.iter().find(fits).unwrap_or(&EXAMPLE_DATASETS[0]).yaml
}

/// The first of the datasets for examples on which a selector works.
fn selectable(selector: &SelectorParams) -> &'static str {
    let fits = |dataset: &&ExampleDataset| {
        let BaseFacts { distance, kind, .. } = dataset.facts;
        let groups: Vec<String> = dataset.groups.iter().map(|&kind| kind.to_owned()).collect();
        selector
            .check(&SelectorSetting {
                distance,
                kind,
                subtopics: true,
                aspects: true,
                groups: &groups,
                pool: None,
                programs: true,
            })
            .is_ok()
    };
    EXAMPLE_DATASETS.iter().find(fits).unwrap_or(&EXAMPLE_DATASETS[0]).yaml
}

fn components() -> Vec<Component> {
    let mut all = Vec::new();
    let mut add = |kind, key, name, schema: schemars::Schema, example: Result<Value, _>, dataset| {
        let defaults: Value = example.unwrap_or(Value::Null);
        let example = defaults.clone();
        all.push(Component { kind, key, name, schema: schema.to_value(), defaults, example, dataset });
    };
    for c in CandidatesParams::all() {
        add("candidates", "candidates", c.name(), c.schema(), serde_json::to_value(&c), searchable(&c));
    }
    let [shipped, ..] = EXAMPLE_DATASETS;
    for e in ExpansionParams::all() {
        add("expansion", "expand", e.name(), e.schema(), serde_json::to_value(&e), shipped.yaml);
    }
    for s in SelectorParams::all() {
        add("selector", "select", s.name(), s.schema(), serde_json::to_value(&s), selectable(&s));
    }
    for component in all.iter_mut().filter(|component| component.name == "run") {
        // There is no file by default.
        component.example["run"]["file"] = "bm25.trec".into();
    }
    for component in all.iter_mut().filter(|component| component.name == "external") {
        // Nor is there a program.
        component.example["external"]["command"] = serde_json::json!(["python3", "mine.py"]);
    }
    all
}

/// The first sentence of a description.
fn first_sentence(description: &str) -> String {
    let flat = description.split("\n\n").next().unwrap_or("").replace('\n', " ");
    flat.split_once(". ").map_or(flat.trim_end_matches('.').to_owned(), |(first, _)| first.to_owned())
}

fn list(all: &[Component]) -> String {
    let mut text = String::new();
    for (kind, key, about) in [
        ("candidates", "candidates", "find a pool of base vectors near the query"),
        ("expansion", "expand", "adds to the pool by walking a graph, and rescores it"),
        ("selector", "select", "picks k of the pool, in order"),
    ] {
        let _ = writeln!(text, "{kind} (`{key}:`), {about}");
        let of_kind = all.iter().filter(|component| component.kind == kind);
        let rows: Vec<Vec<String>> = of_kind
            .map(|c| vec![format!("  {}", c.name), first_sentence(c.schema["description"].as_str().unwrap_or(""))])
            .collect();
        let _ = writeln!(text, "{}", table(&rows, 2..));
    }
    text.push_str(
        "`swath algorithms NAME` explains one. Any selector composes with any candidates and any expansion, if the points have\n\
         what they need; swath refuses the others before the run.\n",
    );
    text
}

fn one(all: &[Component], name: &str) -> Result<String, Failure> {
    let Some(component) = all.iter().find(|component| component.name == name) else {
        let names: Vec<&str> = all.iter().map(|component| component.name).collect();
        return Err(unknown("algorithm", name, &names));
    };
    let schema = &component.schema;
    let mut text = format!("{name}, {}\n\n{}\n", component.kind, schema["description"].as_str().unwrap_or(""));
    let parameters = parameters(schema, &component.defaults[name]);
    if !parameters.is_empty() {
        let _ = write!(text, "\nparameters (in a retriever a list is a grid axis):\n{parameters}");
    }
    let _ = write!(text, "\nYAML, to save and run (`swath run FILE`):\n\n{}", snippet(component));
    Ok(text)
}

/// A whole experiment around a component, at its defaults.
fn snippet(component: &Component) -> String {
    let mut retriever = vec![("candidates", "exact".to_owned()), ("select", "top-k".to_owned())];
    match component.key {
        "expand" => {
            retriever[0].1 = "{ exact: { pool: 20 } }".into();
            retriever.insert(1, ("expand", flow(&component.example)));
        }
        key => retriever
            .iter_mut()
            .filter(|(stage, _)| *stage == key)
            .for_each(|(_, what)| *what = flow(&component.example)),
    }
    let stages: String =
        retriever.iter().fold(String::new(), |text, (stage, what)| text + &format!("    {stage}: {what}\n"));
    let Component { name, dataset, .. } = component;
    format!("name: try-{name}\ndataset: {dataset}\nk: 10\nqueries: 20\nretrievers:\n  - name: {name}\n{stages}")
}
