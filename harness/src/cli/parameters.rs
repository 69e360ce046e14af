//! Parameters as text: allowed values, and defaults as YAML.

use super::terminal::with_help;
use serde_json::Value;
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

/// The values that a parameter's schema allows, in words.
fn allowed(schema: &Value, root: &Value) -> String {
    if schema["$ref"] == "#/$defs/SelectorParams" {
        return "selector".to_owned();
    }
    let schema = match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap_or(schema),
        None => schema,
    };
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

/// A row for each parameter of a schema: name, allowed values, default, meaning.
pub fn parameters(schema: &Value, defaults: &Value) -> Vec<Vec<String>> {
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
