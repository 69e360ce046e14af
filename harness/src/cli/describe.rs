//! What there is: datasets, algorithms, metrics.

use super::{print, run, table, with_help};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::config::suggest;
use swath::escape;
use swath::findings::diagnostics::diagnose;
use swath::metrics::{MetricName, MetricParams};
use swath::plan::LoadedDataset;
use swath::plot::format::decimals;
use swath::record::diagnosis::Diagnosis;
use swath::record::machine::memory;
use swath_algorithms::Base;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::selector::SelectorParams;
use swath_datasets::catalogue::{CATALOGUE, resolve};
use swath_datasets::ground_truth;

/// The datasets that are known by name.
pub fn datasets(folders: &[PathBuf]) -> String {
    let mut rows = vec![["name", "here", "distance", "about", "vectors", "queries", "dim"].map(str::to_owned).to_vec()];
    for entry in CATALOGUE {
        let found = resolve(entry.name, Path::new(""), folders).is_ok();
        let here = if found {
            "yes"
        } else if entry.readable() {
            "no"
        } else {
            "not readable yet"
        };
        let mut cells = [entry.name, here, entry.distance, entry.about].map(str::to_owned).to_vec();
        cells.extend([entry.train, entry.test, entry.dim].map(|n| n.to_string()));
        rows.push(cells);
    }
    let mut text = table(&rows, 4);
    let _ = writeln!(
        text,
        "\nA file that is not here: get https://ann-benchmarks.com/NAME.hdf5 and put it into a folder that --data-dir or\n\
         SWATH_DATA names. Any other ann-benchmarks HDF5 file: give its path."
    );
    text
}

/// One dataset, read and checked.
/// With a seed also diagnosed.
pub fn dataset(name: &Path, folders: &[PathBuf], seed: Option<u64>) -> Result<ExitCode, Failure> {
    let path = run::find(name, folders)?;
    let LoadedDataset { sha256, dataset, .. } = LoadedDataset::read(&path, memory())?;
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut row = |key: &str, value: String| rows.push([key.to_owned(), value]);
    row("file", escape::path(&path));
    row("SHA-256", sha256);
    row("distance", dataset.distance.to_string());
    row("base vectors", format!("{} of {} dimensions", dataset.train.rows(), dataset.train.dim()));
    row("queries", dataset.test.rows().to_string());
    let (count, queries) = (dataset.neighbors.count, dataset.test.rows());
    let fewest = (0..queries).map(|query| dataset.neighbors.known(query)).min().unwrap_or(0);
    let of_each =
        if fewest == count { format!("{count} of each query") } else { format!("{fewest} to {count} of a query") };
    row("true neighbours", of_each);
    row(
        "links",
        match &dataset.links {
            None => "none".into(),
            Some(links) => {
                let count = |i: usize| links.relation.iter().filter(|&&r| usize::from(r) == i).count();
                let relations = links.relations.iter().enumerate().map(|(i, name)| format!("{name} {}", count(i)));
                format!("{}: {}", links.edges.len(), relations.collect::<Vec<_>>().join(", "))
            }
        },
    );
    row(
        "subtopics",
        match &dataset.subtopics {
            None => "none".into(),
            Some(subtopics) => {
                let m = dataset.test.rows();
                let mean = (0..m).map(|query| subtopics.count(query)).sum::<usize>() as f64 / m as f64;
                format!("{} rows, {mean:.2} subtopics a query", subtopics.len())
            }
        },
    );
    let named = |names: &Option<Vec<String>>| {
        let first = |name: &String| name.chars().take(80).collect::<String>();
        names
            .as_ref()
            .map_or("none".into(), |names| names.iter().take(3).map(first).collect::<Vec<_>>().join(", ") + " ...")
    };
    row("names", named(&dataset.train_names));
    let base = Base::new(dataset.train.clone(), dataset.distance);
    let doubts = dataset.doubts();
    let has_truth = (0..queries).any(|query| dataset.neighbors.known(query) > 0);
    row(
        "ground truth",
        if has_truth {
            ground_truth::verify(&base, &dataset, 0).map_or_else(
                || {
                    format!(
                        "agrees with {} sampled queries computed again",
                        ground_truth::SAMPLE.min(dataset.test.rows())
                    )
                },
                |doubt| doubt.to_string(),
            )
        } else {
            "there is none: no query has a true neighbour in the file".to_owned()
        },
    );
    for doubt in doubts {
        row("note", doubt);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    let diagnosed = seed.map(|seed| diagnosis(&diagnose(&base, &dataset.test, seed, false)));
    print(&(table(&rows, 2) + &diagnosed.unwrap_or_default()))
}

/// A block of text: each diagnostic with its interval, below it what it means.
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

/// A component as the registries know it.
struct Component {
    kind: &'static str,
    key: &'static str,
    name: &'static str,
    schema: Value,
    example: Value,
}

fn components() -> Vec<Component> {
    let mut all = Vec::new();
    let mut add = |kind, key, name, schema: schemars::Schema, example: Result<Value, _>| {
        let example: Value = example.unwrap_or(Value::Null);
        all.push(Component { kind, key, name, schema: schema.to_value(), example });
    };
    for c in CandidatesParams::all() {
        add("candidates", "candidates", c.name(), c.schema(), serde_json::to_value(&c));
    }
    for e in ExpansionParams::all() {
        add("expansion", "expand", e.name(), e.schema(), serde_json::to_value(&e));
    }
    for s in SelectorParams::all() {
        add("selector", "select", s.name(), s.schema(), serde_json::to_value(&s));
    }
    all
}

/// JSON as the YAML that people write.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".into(),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a parameter's schema allows, in words.
fn allowed(schema: &Value, root: &Value) -> String {
    let schema = match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap_or(schema),
        None => schema,
    };
    let from = |inclusive: &str, exclusive: &str, at: &str, beyond: &str| {
        let bound = |key: &str, word: &str| schema.get(key).map(|value| format!("{word} {value}"));
        bound(inclusive, at).or_else(|| bound(exclusive, beyond))
    };
    // What may stand as its name or with more said: the name.
    if let Some(first) = schema["anyOf"].get(0) {
        return allowed(first, root);
    }
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    // A variant is a name, or a name with parameters of its own.
    let name = |variant: &'_ Value| -> Option<String> {
        let with_parameters = variant["properties"].as_object().and_then(|properties| properties.keys().next());
        variant["const"].as_str().or(with_parameters.map(String::as_str)).map(str::to_owned)
    };
    let names: Vec<String> = variants.filter_map(name).collect();
    if !names.is_empty() {
        return names.join(" | ");
    }
    if schema["type"] == "array" {
        return format!("list of {}", allowed(&schema["items"], root));
    }
    if schema["type"] == "object" {
        return format!("names, each with a {}", allowed(&schema["additionalProperties"], root));
    }
    let bounds =
        [from("minimum", "exclusiveMinimum", "from", "above"), from("maximum", "exclusiveMaximum", "to", "below")];
    let kind = schema["type"].as_str().unwrap_or("value").to_owned();
    [Some(kind)].into_iter().chain(bounds).flatten().collect::<Vec<_>>().join(" ")
}

/// The first sentence of a description.
fn first_sentence(description: &str) -> String {
    let flat = description.split("\n\n").next().unwrap_or("").replace('\n', " ");
    flat.split_once(". ").map_or(flat.trim_end_matches('.').to_owned(), |(first, _)| first.to_owned())
}

/// All algorithms, or one of them in full.
pub fn algorithms(name: Option<&str>) -> Result<String, Failure> {
    let all = components();
    let Some(name) = name else {
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
            let _ = writeln!(text, "{}", table(&rows, 2));
        }
        text.push_str(
            "`swath algorithms NAME` explains one. Any selector composes with any candidates and any expansion.\n",
        );
        return Ok(text);
    };
    let Some(component) = all.iter().find(|component| component.name == name) else {
        let names: Vec<&str> = all.iter().map(|component| component.name).collect();
        return Err(unknown("algorithm", name, &names));
    };
    let schema = &component.schema;
    let mut text = format!("{name}, {}\n\n{}\n", component.kind, schema["description"].as_str().unwrap_or(""));
    let rows = parameters(schema, &component.example[name]);
    if !rows.is_empty() {
        let _ = write!(text, "\nparameters (in a retriever a list is a grid axis):\n{}", table(&rows, 4));
    }
    let _ = write!(text, "\nYAML, to save and run (`swath run FILE`):\n\n{}", snippet(component));
    Ok(text)
}

/// A row for each parameter of a schema: its name, what is allowed, the default, what it means.
fn parameters(schema: &Value, defaults: &Value) -> Vec<Vec<String>> {
    let row = |(parameter, property): (&String, &Value)| {
        // What is empty by default is not among the defaults; nor is what stands for what the dataset says.
        let otherwise = || match parameter.as_str() {
            "kernel" => "by distance".into(),
            "pool" => "k or 100".into(),
            _ => "none".into(),
        };
        let default = format!("[default: {}]", defaults.get(parameter).map_or_else(otherwise, flow));
        let about = property["description"].as_str().unwrap_or("").replace('\n', " ");
        vec![format!("  {parameter}"), allowed(property, schema), default, about]
    };
    schema["properties"].as_object().into_iter().flatten().map(row).collect()
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
    let name = component.name;
    format!("name: try-{name}\ndataset: glove-wordnet-20k\nk: 10\nqueries: 20\nretrievers:\n  - name: {name}\n{stages}")
}

/// All metrics, or one of them in full.
pub fn metrics(name: Option<&str>) -> Result<String, Failure> {
    let direction = |metric: &MetricName| {
        if metric.higher_is_better() { "higher is better" } else { "lower is better" }
    };
    let Some(name) = name else {
        let mut text = String::new();
        for metric in MetricName::all() {
            let about = metric.about();
            let _ = writeln!(text, "{}: {}, {}", metric.name(), about.range, direction(&metric));
            text.push_str(&indented(&format!("{}. {}.", about.definition, about.source)));
        }
        let usual: Vec<&str> = MetricName::usual(true).map(MetricName::name).collect();
        let _ = writeln!(
            text,
            "\nAn experiment without `metrics` measures, as far as the dataset has what it takes:\n{}\
             `recall@5` looks at the first 5 results alone. `swath metrics NAME` explains one and its parameters.",
            indented(&usual.join(", "))
        );
        return Ok(text);
    };
    let metric = MetricName::find(name).ok_or_else(|| unknown("metric", name, MetricParams::NAMES))?;
    let about = metric.about();
    let mut text = format!(
        "{name}\n\n{}.\n\nrange:  {} ({})\nsource: {}\n",
        about.definition,
        about.range,
        direction(&metric),
        about.source
    );
    let kind = metric.kind();
    let plain = MetricName::find(kind).unwrap_or(metric);
    let defaults = serde_json::to_value(plain.params()).unwrap_or_default();
    let rows = parameters(&metric.params().schema().to_value(), &defaults[kind]);
    if !rows.is_empty() {
        let _ = write!(text, "\nparameters:\n{}", table(&rows, 4));
    }
    let cut = if metric.params().takes_cut() { format!(", {kind}@5") } else { String::new() };
    let example = match &defaults[kind] {
        Value::Object(given) if !given.is_empty() => format!(", {}", flow(&defaults)),
        _ => String::new(),
    };
    let _ = writeln!(text, "\nYAML:\n  metrics: [{kind}{cut}{example}]");
    Ok(text)
}

/// Text in lines of at most 100 characters, indented.
fn indented(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if lines.last().is_some_and(|line| !line.is_empty() && line.len() + word.len() > 96) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().fold(String::new(), |text, line| text + "    " + line + "\n")
}

fn unknown(kind: &str, name: &str, names: &[&str]) -> Failure {
    Failure::Input(with_help(format!("there is no {kind} `{name}`"), &suggest(name, names)))
}
