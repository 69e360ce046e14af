//! Nuggets as JSON: facts that an answer should hold, with the documents that hold them. Each nugget is a subtopic of its query.
//!
//! - `FreshStack`: for each query an object with `query_id` and `nuggets`, a list of objects with `relevant_corpus_ids`.
//! - `CoverageBench`: for each topic an object with `topic_id`, `nuggets`, and `labels`: pairs (document, nugget), where a nugget is
//!   named by its text, by its id, or by its place in the list, from 0.
//!
//! A file is one object, a list of them, or one on each line.

use super::qrels::Finders;
use super::strangers::{BOTH, Strangers};
use crate::check::Flaw;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Keys of a query's id.
const QUERY: [&str; 6] = ["query_id", "topic_id", "query-id", "qid", "_id", "id"];
/// Keys of a nugget's documents.
const DOCUMENTS: [&str; 5] = ["relevant_corpus_ids", "relevant_documents", "documents", "docs", "doc_ids"];
/// Keys of pairs of documents and nuggets.
const LABELS: [&str; 4] = ["labels", "judgments", "judgements", "qrels"];
/// Keys of a document in a label.
const DOCUMENT: [&str; 6] = ["document", "doc_id", "document_id", "docid", "corpus_id", "corpus-id"];
/// Keys of a nugget in a label, and of a nugget's id.
const NUGGET: [&str; 5] = ["nugget", "nugget_id", "nugget_text", "_id", "id"];

/// What the documents of a nugget are in an error.
const EXPECTED: &str = "for each query `query_id` and `nuggets`, each with `relevant_corpus_ids`; or `topic_id`, `nuggets` and `labels` of (document, nugget)";

/// Rows (query, item, subtopic) of a text of JSON.
pub(super) fn read(
    text: &str,
    name: &str,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<[u32; 3]>, Flaw> {
    let mut strangers = Strangers::new(name, ["nugget's document", "nuggets' documents"], BOTH);
    let (mut rows, mut empty, mut all, mut queries_unknown) = (Vec::new(), 0, 0, Vec::new());
    // Of each query, those of its earlier entries.
    let mut before: HashMap<String, usize> = HashMap::new();
    for (at, object) in objects(text)? {
        let (query_id, nuggets) = nuggets(&object).map_err(|found| Flaw::new(at.clone(), found, EXPECTED))?;
        let query = finders.queries.find(&query_id);
        if query.is_none() {
            queries_unknown.push(query_id.clone());
        }
        let numbers = before.entry(query_id.clone()).or_default();
        for documents in nuggets {
            let number = *numbers;
            *numbers += 1;
            all += 1;
            let mut found = 0;
            for document in documents {
                strangers.query(&query_id, finders.queries);
                let item = strangers.item(&document, finders.items);
                strangers.line(query.is_some() && item.is_some());
                if let (Some(query), Some(item)) = (query, item) {
                    rows.push([query, item, number as u32]);
                    found += 1;
                }
            }
            empty += usize::from(found == 0);
        }
    }
    if all == 0 {
        return Err(Flaw::new("the file", "it has no nuggets", EXPECTED));
    }
    if rows.is_empty() && queries_unknown.is_empty() {
        let found = match all {
            1 => "its only nugget has no document of the dataset".to_owned(),
            all => format!("none of its {all} nuggets has a document of the dataset"),
        };
        return Err(Flaw::new(format!("`{name}`"), found, EXPECTED));
    }
    strangers.tell(notes)?;
    if empty > 0 {
        let (have, are) = if empty == 1 { ("has", "it is") } else { ("have", "they are") };
        notes.push(format!("{empty} of {all} nuggets in {name} {have} no document in the dataset: {are} left out"));
    }
    Ok(rows)
}

/// An object, with its place in the text.
type Placed = (String, Map<String, Value>);

/// The objects in a text.
fn objects(text: &str) -> Result<Vec<Placed>, Flaw> {
    let wrong = |at: String, error: &serde_json::Error| Flaw::new(at, format!("it is no JSON ({error})"), EXPECTED);
    let object = |at: String, value: Value| match value {
        Value::Object(object) => Ok((at, object)),
        _ => Err(Flaw::new(at, "it is no object", EXPECTED)),
    };
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(list)) => {
            list.into_iter().enumerate().map(|(i, value)| object(format!("entry {i}"), value)).collect()
        }
        Ok(value) => Ok(vec![object("the file".into(), value)?]),
        // One on each line.
        Err(_) => {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let parsed = lines.map(|(i, line)| {
                let at = format!("line {}", i + 1);
                let value = serde_json::from_str(line).map_err(|error| wrong(at.clone(), &error))?;
                object(at, value)
            });
            parsed.collect()
        }
    }
}

/// The id of a query, and the documents of each of its nuggets; or what is missing.
fn nuggets(object: &Map<String, Value>) -> Result<(String, Vec<Vec<String>>), String> {
    let keys = || object.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let query = first(object, &QUERY)
        .and_then(text)
        .ok_or_else(|| format!("it has no id of a query; its keys are {}", keys()))?;
    let Some(Value::Array(nuggets)) = object.get("nuggets") else {
        return Err(format!("it has no list `nuggets`; its keys are {}", keys()));
    };
    let Some(labels) = first(object, &LABELS) else {
        let documents = nuggets.iter().map(|nugget| {
            let listed = nugget.as_object().and_then(|nugget| first(nugget, &DOCUMENTS)).and_then(Value::as_array);
            let listed = listed.ok_or_else(|| "a nugget has no list of documents".to_owned())?;
            listed.iter().map(|id| text(id).ok_or_else(|| "a document's id is no text".to_owned())).collect()
        });
        return Ok((query, documents.collect::<Result<_, _>>()?));
    };
    let mut documents = vec![Vec::new(); nuggets.len()];
    for (document, nugget) in pairs(labels)? {
        let at = place(nuggets, nugget)
            .ok_or_else(|| format!("a label names the nugget {nugget}, which is not in `nuggets`"))?;
        documents[at].push(document);
    }
    Ok((query, documents))
}

/// Pairs (document, nugget): lists of two, objects, or a map from documents to lists of nuggets.
fn pairs(labels: &Value) -> Result<Vec<(String, &Value)>, String> {
    const WRONG: &str = "a label is no pair of a document and a nugget";
    match labels {
        Value::Array(list) => list
            .iter()
            .map(|label| match label {
                Value::Array(pair) if pair.len() == 2 => text(&pair[0]).map(|document| (document, &pair[1])),
                Value::Object(label) => {
                    first(label, &DOCUMENT).and_then(text).and_then(|document| Some((document, first(label, &NUGGET)?)))
                }
                _ => None,
            })
            .map(|pair| pair.ok_or_else(|| WRONG.to_owned()))
            .collect(),
        Value::Object(map) => {
            let mut pairs = Vec::new();
            for (document, nuggets) in map {
                let nuggets = nuggets.as_array().ok_or_else(|| WRONG.to_owned())?;
                pairs.extend(nuggets.iter().map(|nugget| (document.clone(), nugget)));
            }
            Ok(pairs)
        }
        _ => Err(WRONG.to_owned()),
    }
}

/// The place of a nugget in the list, by its text, its id, or its number.
fn place(nuggets: &[Value], wanted: &Value) -> Option<usize> {
    let is = |nugget: &Value| match nugget {
        Value::Object(nugget) => {
            NUGGET.iter().chain(&["text"]).any(|key| nugget.get(*key).is_some_and(|value| value == wanted))
        }
        nugget => nugget == wanted,
    };
    let by_number = || wanted.as_u64().map(|number| number as usize).filter(|number| *number < nuggets.len());
    nuggets.iter().position(is).or_else(by_number)
}

/// The value of the first of these keys that an object has.
fn first<'v>(object: &'v Map<String, Value>, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().find_map(|key| object.get(*key))
}

/// An id: a text, or a whole number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}
