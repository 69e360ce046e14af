//! The JSON Schema of an experiment, from the types that read it.

use super::Experiment;
use serde_json::{Map, Value, json};

/// The schema by which an editor checks a YAML file (draft 2020-12).
///
/// It adds to the types two freedoms of YAML: a name alone stands for a component with all its defaults, and in a retriever a list
/// is a grid axis.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Experiment).to_value();
    let Some(Value::Object(definitions)) = schema.get_mut("$defs") else { return schema };
    let mut parameters = Vec::new();
    for name in ["CandidatesParams", "ExpansionParams", "SelectorParams"] {
        if let Some(Value::Object(registry)) = definitions.get_mut(name) {
            parameters.extend(allow_names(registry));
            allow_list(registry);
        }
    }
    if let Some(Value::Object(registry)) = definitions.get_mut("Distribution") {
        allow_names(registry);
    }
    for name in parameters {
        if let Some(Value::Object(properties)) = definitions.get_mut(&name).and_then(|d| d.get_mut("properties")) {
            properties.values_mut().for_each(allow_axis);
        }
    }
    schema
}

/// Allows the name of each variant alone; returns the names of the definitions of their parameters.
fn allow_names(registry: &mut Map<String, Value>) -> Vec<String> {
    let variants: Vec<Value> = match registry.remove("oneOf") {
        Some(Value::Array(variants)) => variants,
        _ => Vec::new(),
    };
    let properties = variants.iter().filter_map(|variant| variant["properties"].as_object()).flatten();
    let names: Vec<&String> = properties.clone().map(|(name, _)| name).collect();
    let reference = |content: &Value| content["$ref"].as_str().and_then(|r| r.rsplit('/').next()).map(str::to_owned);
    let definitions = properties.clone().filter_map(|(_, content)| reference(content)).collect();
    let mut alternatives = vec![json!({ "enum": names, "description": "All parameters at their defaults." })];
    alternatives.extend(variants.iter().cloned());
    registry.insert("anyOf".into(), Value::Array(alternatives));
    definitions
}

/// Allows a list of what a registry allows.
fn allow_list(registry: &mut Map<String, Value>) {
    let one = json!({ "anyOf": registry.remove("anyOf") });
    let axis = json!({ "type": "array", "items": one, "minItems": 1, "description": "A grid axis." });
    registry.insert("anyOf".into(), json!([one, axis]));
}

/// Allows a list of a parameter's values.
fn allow_axis(property: &mut Value) {
    let mut one = property.take();
    let mut keep = Map::new();
    for key in ["description", "default"] {
        if let Some(value) = one.as_object_mut().and_then(|object| object.remove(key)) {
            keep.insert(key.into(), value);
        }
    }
    // In a mapping by name each value may be an axis, but not the mapping.
    if one["additionalProperties"].is_object() {
        if let Some(values) = one.get_mut("additionalProperties") {
            allow_axis(values);
        }
        keep.append(one.as_object_mut().unwrap_or(&mut Map::new()));
        *property = Value::Object(keep);
        return;
    }
    let many = json!({ "type": "array", "items": one, "minItems": 1 });
    let mut alternatives = vec![one.clone(), many];
    if one["type"] == "array" {
        alternatives.push(one["items"].clone());
    }
    keep.insert("anyOf".into(), Value::Array(alternatives));
    *property = Value::Object(keep);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_may_be_names_and_parameters_axes() {
        let schema = schema();
        let selectors = &schema["$defs"]["SelectorParams"]["anyOf"][0]["anyOf"];
        assert!(selectors[0]["enum"].as_array().is_some_and(|names| names.contains(&json!("mmr"))));
        let lambda = &schema["$defs"]["Mmr"]["properties"]["lambda"];
        assert_eq!(lambda["anyOf"][0]["maximum"], 1);
        assert_eq!(lambda["anyOf"][1]["items"]["maximum"], 1);
        assert_eq!(lambda["default"], 0.5);
        assert!(lambda["description"].as_str().is_some_and(|text| text.contains("top-k")));
        // A dataset is no grid.
        let distributions = &schema["$defs"]["Distribution"]["anyOf"];
        assert!(distributions[0]["enum"].as_array().is_some_and(|names| names.contains(&json!("manifold"))));
        assert_eq!(schema["$defs"]["Manifold"]["properties"]["intrinsic"]["default"], 8);
    }
}
