//! Parameters as text: allowed values, and defaults as YAML.

use super::table::table;
use super::terminal::with_help;
use serde_json::Value;
use std::fmt::Write as _;
use swath::config::{Failure, suggest};

/// JSON as YAML in flow style, as people write it.
pub fn flow(value: &Value) -> String {
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

/// What another selector is allowed for: it has a page of its own.
const A_SELECTOR: &str = "#/$defs/SelectorParams";

/// A schema, or what it refers to.
fn followed<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// One of several values that a schema allows, as it is written: a name, or a name with what must stand behind it. Parameters
/// behind it may be left out.
fn written(variant: &Value) -> Option<String> {
    if let Some(name) = variant["const"].as_str() {
        return Some(name.to_owned());
    }
    let (name, behind) = variant["properties"].as_object()?.iter().next()?;
    let has_parameters = behind.get("$ref").is_some() || behind["type"] == "object";
    let example = behind["examples"].get(0).map_or_else(|| "...".to_owned(), flow);
    Some(if has_parameters { name.clone() } else { format!("{{ {name}: {example} }}") })
}

/// The choices of a parameter that say what they mean: each as it is written, and its meaning.
fn choices(schema: &Value, root: &Value) -> Vec<[String; 2]> {
    let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
    if schema["$ref"] == A_SELECTOR {
        return Vec::new();
    }
    let schema = followed(schema, root);
    if let Some(first) = schema["anyOf"].get(0) {
        return choices(first, root);
    }
    let choice = |variant: &Value| {
        let about = variant["description"].as_str()?.replace('\n', " ");
        Some([written(variant)?, about])
    };
    schema["oneOf"].as_array().into_iter().flatten().filter_map(choice).collect()
}

/// The values that a parameter's schema allows, in words.
fn allowed(schema: &Value, root: &Value) -> String {
    if schema["$ref"] == A_SELECTOR {
        return "selector".to_owned();
    }
    let schema = followed(schema, root);
    let from = |inclusive: &str, exclusive: &str, at: &str, beyond: &str| {
        let bound = |key: &str, word: &str| schema.get(key).map(|value| format!("{word} {value}"));
        bound(inclusive, at).or_else(|| bound(exclusive, beyond))
    };
    // If a name alone is enough, only the name is shown.
    if let Some(first) = schema["anyOf"].get(0) {
        let words = schema["anyOf"].as_array().into_iter().flatten().filter_map(|one| one["const"].as_str());
        let all: Vec<String> = [allowed(first, root)].into_iter().chain(words.map(str::to_owned)).collect();
        return all.join(" | ");
    }
    let names: Vec<String> = schema["oneOf"].as_array().into_iter().flatten().filter_map(written).collect();
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

/// The parameters of a schema, in a table, and under it what their choices mean; empty if there are none.
pub fn parameters(schema: &Value, defaults: &Value) -> String {
    let mut text = table(&rows(schema, defaults), 4..);
    for (parameter, property) in schema["properties"].as_object().into_iter().flatten() {
        let choices = choices(property, schema);
        if !choices.is_empty() {
            let rows: Vec<Vec<String>> =
                choices.into_iter().map(|[choice, about]| vec![format!("  {choice}"), about]).collect();
            let _ = write!(text, "\n{parameter}:\n{}", table(&rows, 2..));
        }
    }
    text
}

/// A row for each parameter of a schema: name, allowed values, default, meaning.
fn rows(schema: &Value, defaults: &Value) -> Vec<Vec<String>> {
    let row = |(parameter, property): (&String, &Value)| {
        // The example lacks defaults that are empty or depend on the dataset.
        let otherwise = || match parameter.as_str() {
            "kernel" => "by distance".into(),
            "pool" => "k or 100".into(),
            "group" => "the only kind".into(),
            _ => "none".into(),
        };
        let default = defaults.get(parameter).or_else(|| property.get("default"));
        let default = format!("[default: {}]", default.map_or_else(otherwise, flow));
        let about = property["description"].as_str().unwrap_or("").replace('\n', " ");
        vec![format!("  {parameter}"), allowed(property, schema), default, about]
    };
    schema["properties"].as_object().into_iter().flatten().map(row).collect()
}

/// Text in lines of at most 100 characters, indented.
pub fn indented(text: &str) -> String {
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

/// The error for an unknown name, with suggestions.
pub fn unknown(kind: &str, name: &str, names: &[&str]) -> Failure {
    Failure::Input(with_help(format!("there is no {kind} `{name}`"), &suggest(name, names)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath::metrics::MetricName;
    use swath_algorithms::candidates::CandidatesParams;
    use swath_algorithms::expansion::ExpansionParams;
    use swath_algorithms::selector::SelectorParams;

    /// The parameters of every component and metric: its name, its schema and its defaults.
    fn all() -> Vec<(&'static str, Value, Value)> {
        let candidates = CandidatesParams::all().into_iter().map(|c| (c.name(), c.schema(), serde_json::to_value(&c)));
        let expansions = ExpansionParams::all().into_iter().map(|e| (e.name(), e.schema(), serde_json::to_value(&e)));
        let selectors = SelectorParams::all().into_iter().map(|s| (s.name(), s.schema(), serde_json::to_value(&s)));
        let metrics = MetricName::all()
            .map(|metric| (metric.kind(), metric.params().schema(), serde_json::to_value(metric.params())));
        let all = candidates.chain(expansions).chain(selectors).chain(metrics);
        all.map(|(name, schema, json)| (name, schema.to_value(), json.expect("JSON")[name].clone())).collect()
    }

    /// What a default of "none" is said of: no file, no relation, nothing to divide by, no parameters of a program.
    const WITHOUT: [&str; 7] = ["file", "files", "relations", "normalise", "command", "build", "search"];

    #[test]
    fn every_default_is_said_and_every_choice_explained() {
        for (name, schema, defaults) in all() {
            let rows = rows(&schema, &defaults);
            for row in &rows {
                let (parameter, default) = (row[0].trim(), &row[2]);
                assert!(default != "[default: none]" || WITHOUT.contains(&parameter), "{name}: {parameter}");
            }
            let text = parameters(&schema, &defaults);
            for (parameter, property) in schema["properties"].as_object().into_iter().flatten() {
                let explained = text.contains(&format!("\n{parameter}:\n"));
                // A number or a word is explained with the parameter.
                let is_choice = rows.iter().any(|row| row[0].trim() == parameter && row[1].contains(" | "));
                assert!(explained || !is_choice || parameter == "lambda", "{name}: {parameter}: {property}");
            }
        }
    }

    #[test]
    fn a_choice_that_needs_a_value_is_shown_with_one() {
        let of = |wanted: &str| {
            let (_, schema, defaults) = all().into_iter().find(|(name, ..)| *name == wanted).expect("one of them");
            parameters(&schema, &defaults)
        };
        for name in ["xquad", "pm2"] {
            let text = of(name);
            assert!(text.contains("subtopics | { clusters: 5 } | queries  [default: subtopics]"), "{text}");
            assert!(text.contains("\n  { clusters: 5 }  So many clusters of the pool"), "{text}");
        }
        assert!(of("flvmi").contains("naive | lazy | stochastic  "));
        assert!(of("dpp").contains("[default: exponential]"));
        assert_eq!(of("top-k"), "");
    }
}
