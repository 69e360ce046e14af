//! Keyword arguments that become parameters, by the names that YAML has.

use crate::arrays::wrong;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};
use swath::config::suggest;
use swath_algorithms::selector::SelectorParams;

/// A Python value as one of JSON.
///
/// # Errors
/// It has no such form.
fn value_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.to_cow()?.into_owned().into());
    }
    if object.is_instance_of::<PyBool>() {
        return Ok(object.extract::<bool>()?.into());
    }
    if object.is_instance_of::<PyInt>() {
        return object
            .extract::<i64>()
            .map(Into::into)
            .map_err(|_| wrong(format!("{object} is too large for a parameter")));
    }
    if object.is_instance_of::<PyFloat>() {
        let number = object.extract::<f64>()?;
        return Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| wrong(format!("{number} is no value of a parameter")));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        return Ok(Value::Object(map_of(dict)?));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let values = object.try_iter()?.map(|value| value_of(&value?)).collect::<PyResult<_>>()?;
        return Ok(Value::Array(values));
    }
    // A number of numpy.
    if let Ok(plain) = object.call_method0("item")
        && !plain.get_type().is(object.get_type())
    {
        return value_of(&plain);
    }
    let name = object.get_type().name()?;
    Err(wrong(format!("a parameter is a number, a text, a list or a dict, and not a {name}")))
}

/// Keyword arguments: an underscore at the end is left out, so that `lambda_` is `lambda`.
fn map_of(dict: &Bound<'_, PyDict>) -> PyResult<Map<String, Value>> {
    let mut map = Map::new();
    for (key, value) in dict {
        let key: String = key.extract()?;
        let name = key.strip_suffix('_').unwrap_or(&key);
        map.insert(name.to_owned(), value_of(&value)?);
    }
    Ok(map)
}

/// A name as Python can write it.
fn in_python(name: &str) -> String {
    if name == "lambda" { format!("{name}_") } else { name.to_owned() }
}

/// A selector by its name and keyword arguments, or as YAML has it: a dict of its name and its parameters.
///
/// # Errors
/// There is no such selector, or a parameter is unknown or out of range.
pub fn selector(object: &Bound<'_, PyAny>, parameters: Option<&Bound<'_, PyDict>>) -> PyResult<SelectorParams> {
    let keywords = parameters.map(map_of).transpose()?.unwrap_or_default();
    if let Ok(name) = object.cast::<PyString>() {
        return read(&name.to_cow()?, keywords);
    }
    let Ok(dict) = object.cast::<PyDict>() else {
        let found = object.get_type().name()?;
        return Err(wrong(format!(
            "a selector is a name such as \"mmr\", or a dict such as {{\"mmr\": {{\"lambda\": 0.5}}}}, and not a {found}"
        )));
    };
    let mut entries = map_of(dict)?.into_iter();
    match (entries.next(), entries.next()) {
        (Some((name, Value::Object(parameters))), None) if keywords.is_empty() => read(&name, parameters),
        (Some((name, Value::Null)), None) => read(&name, keywords),
        _ => Err(wrong(
            "a selector as a dict has one entry, its name and its parameters, and takes no others: {\"mmr\": {\"lambda\": 0.5}}",
        )),
    }
}

fn read(name: &str, parameters: Map<String, Value>) -> PyResult<SelectorParams> {
    if !SelectorParams::NAMES.contains(&name) {
        return Err(unknown(&format!("there is no selector `{name}`"), name, SelectorParams::NAMES));
    }
    let parameters = Value::Object(parameters);
    SelectorParams::read(name, &parameters).map_err(|error| culprit(name, &parameters, &error))
}

/// A name that is not there, and what may be meant.
pub fn unknown(message: &str, found: &str, allowed: &[&str]) -> PyErr {
    wrong(format!("{message}; {}", suggest(found, allowed).join("; ")))
}

/// Which parameter is wrong: it is so alone.
fn culprit(name: &str, parameters: &Value, error: &serde_json::Error) -> PyErr {
    let default = SelectorParams::all().into_iter().find(|params| params.name() == name);
    let schema = default.map(|params| params.schema().to_value()).unwrap_or_default();
    let known: Vec<String> =
        schema["properties"].as_object().into_iter().flat_map(Map::keys).map(|key| in_python(key)).collect();
    for (key, value) in parameters.as_object().into_iter().flatten() {
        let shown = in_python(key);
        if !known.contains(&shown) {
            if known.is_empty() {
                return wrong(format!("`{name}` has no parameters; leave `{shown}` out"));
            }
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return unknown(&format!("`{name}` has no parameter `{shown}`"), &shown, &known);
        }
        let alone = Value::Object([(key.clone(), value.clone())].into_iter().collect());
        if let Err(error) = SelectorParams::read(name, &alone) {
            return wrong(format!("`{shown}` of `{name}`: {error}"));
        }
    }
    wrong(format!("`{name}`: {error}"))
}
