//! Labels that tell the points of a grid apart: `lambda=0.3, pool=100`.

use crate::metrics::number_text;
use crate::record::Parameters;
use serde_json::Value;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// The path to a parameter: a stage, then a component's name, then its own. A parameter that is a component itself goes on with that
/// one's name.
type ParameterPath = Vec<String>;

/// The parameter of a selector that is a selector itself.
const WITHIN: &str = "within";

/// A parameter in which the points of a grid differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varying {
    /// Its name, with the stage before it if another stage varies one of the same name.
    pub name: String,
    /// Its value at each point, as in labels; `None` at a point that does not have it.
    pub values: Vec<Option<String>>,
}

impl Varying {
    /// Its values, if all points have it and all values are numbers.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.values.iter().map(|value| value.as_ref()?.parse().ok().filter(|number: &f64| number.is_finite())).collect()
    }
}

/// The parameters in which the points of a grid differ. A component's parameters are compared only among the points that
/// have this component.
pub fn varying<P: Borrow<Parameters>>(points: &[P]) -> Vec<Varying> {
    let all: Vec<BTreeMap<ParameterPath, String>> =
        points.iter().map(|point| leaves(point.borrow().stages())).collect();
    let keys: BTreeSet<&ParameterPath> = all.iter().flat_map(BTreeMap::keys).collect();
    let varying: Vec<&ParameterPath> = keys.into_iter().filter(|key| varies(key, &all)).collect();
    let short = |key: &ParameterPath| {
        let (stage, name) = (&key[0], &key[key.len() - 1]);
        // A point may have both, unless they are of two components of one stage.
        let is_elsewhere = |other: &ParameterPath| other[0] != *stage || other.len() != key.len();
        let is_ambiguous = varying.iter().any(|other| is_elsewhere(other) && other[1..].last() == Some(name));
        match key.len() {
            4.. if is_ambiguous => format!("{}{name}", format!("{WITHIN}.").repeat((key.len() - 3) / 2)),
            2.. if is_ambiguous => format!("{stage}.{name}"),
            _ => name.clone(),
        }
    };
    let value = |leaves: &BTreeMap<ParameterPath, String>, key: &ParameterPath| {
        let missing = (key.len() == 1).then(|| "none".to_owned());
        leaves.get(key).cloned().or(missing)
    };
    let of = |key: &&ParameterPath| Varying {
        name: short(key),
        values: all.iter().map(|leaves| value(leaves, key)).collect(),
    };
    varying.iter().map(of).collect()
}

/// For each point of a grid a label: the parameters in which the points differ, see [`varying`].
pub fn labels<P: Borrow<Parameters>>(points: &[P]) -> Vec<String> {
    let varying = varying(points);
    let describe = |i: usize| {
        let part = |parameter: &Varying| Some(format!("{}={}", parameter.name, parameter.values[i].as_ref()?));
        varying.iter().filter_map(part).collect::<Vec<_>>().join(", ")
    };
    (0..points.len()).map(describe).collect()
}

/// Whether the points that have the parameter's component differ in it.
fn varies(key: &ParameterPath, all: &[BTreeMap<ParameterPath, String>]) -> bool {
    let has_component = |leaves: &&BTreeMap<ParameterPath, String>| {
        (1..key.len()).step_by(2).all(|at| leaves.get(&key[..at]) == Some(&key[at]))
    };
    let mut values = all.iter().filter(has_component).map(|leaves| leaves.get(key));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// The component whose parameters are mappings of a program's own parameters.
const EXTERNAL: &str = "external";

/// The parameters of a program outside, each by its own name; with that of its mapping before it if both have it.
fn settings(parameters: &Value) -> Value {
    const OWN: [&str; 2] = ["build", "search"];
    let mut flat = parameters.as_object().cloned().unwrap_or_default();
    let of = |which: &str| parameters[which].as_object().into_iter().flatten();
    for which in OWN {
        flat.remove(which);
        for (name, value) in of(which) {
            let is_twice =
                OWN.iter().all(|&which| parameters[which].get(name).is_some()) || parameters.get(name).is_some();
            flat.insert(if is_twice { format!("{which}.{name}") } else { name.clone() }, value.clone());
        }
    }
    flat.into()
}

/// Each stage's component, and each parameter as text.
fn leaves(point: &Value) -> BTreeMap<ParameterPath, String> {
    let mut leaves = BTreeMap::new();
    for (stage, component) in point.as_object().into_iter().flatten() {
        add_component(std::slice::from_ref(stage), component, &mut leaves);
    }
    leaves
}

/// Adds the component at a path, with its parameters.
fn add_component(path: &[String], component: &Value, leaves: &mut BTreeMap<ParameterPath, String>) {
    for (name, parameters) in component.as_object().into_iter().flatten() {
        leaves.insert(path.to_vec(), name.clone());
        let parameters = if name == EXTERNAL { settings(parameters) } else { parameters.clone() };
        for (parameter, value) in parameters.as_object().into_iter().flatten() {
            let path = [path, &[name.clone(), parameter.clone()]].concat();
            if parameter == WITHIN {
                add_component(&path, value, leaves);
            } else {
                leaves.insert(path, text(value));
            }
        }
    }
}

/// A value in a label: `0.3`, `knn+links:2`, `stochastic(epsilon:0.1)`.
fn text(value: &Value) -> String {
    let entry = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{name}({})", text(value)),
        _ => format!("{name}:{}", text(value)),
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number_text(number),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("+"),
        Value::Object(entries) if entries.is_empty() => "none".into(),
        Value::Object(entries) => entries.iter().map(entry).collect::<Vec<_>>().join("+"),
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Parameters;
    use serde_json::{Value, json};

    fn labels(points: &[Value]) -> Vec<String> {
        let points: Vec<_> = points.iter().map(|point| Parameters::parse(point.to_string())).collect();
        super::labels(&points)
    }

    #[test]
    fn labels_hold_the_parameters_that_differ() {
        let mmr = |pool: u32, lambda: f64| json!({"candidates": {"exact": {"pool": pool}}, "select": {"mmr": {"kernel": "gram", "lambda": lambda}}});
        assert_eq!(labels(&[mmr(10, 0.5)]), [""]);
        assert_eq!(labels(&[mmr(10, 1.0), mmr(10, 0.25)]), ["lambda=1", "lambda=0.25"]);
        assert_eq!(labels(&[mmr(10, 0.5), mmr(20, 0.5)]), ["pool=10", "pool=20"]);
    }

    #[test]
    fn components_are_named_and_their_parameters_only_where_they_differ() {
        let select = |component| json!({"candidates": {"exact": {"pool": 5}}, "select": component});
        let points = [
            select(json!({"mmr": {"lambda": 0.5}})),
            select(json!({"top-k": {}})),
            select(json!({"mmr": {"lambda": 1}})),
        ];
        assert_eq!(labels(&points), ["select=mmr, lambda=0.5", "select=top-k", "select=mmr, lambda=1"]);
        let walk = json!({"expand": {"walk": {"beta": 0.5}}, "select": {"top-k": {}}});
        assert_eq!(labels(&[walk, json!({"select": {"top-k": {}}})]), ["expand=walk", "expand=none"]);
    }

    #[test]
    fn lists_and_mappings_become_one_word() {
        let with = |value| json!({"select": {"x": value}});
        let points = [
            with(json!({"optimizer": "lazy"})),
            with(json!({"optimizer": {"stochastic": {"epsilon": 0.1}}})),
            with(json!({"graph": ["knn", {"links": 2.0}], "relations": {"antonym": 0.0, "hypernym": 2.5}})),
        ];
        let found = labels(&points);
        assert_eq!(found[0], "optimizer=lazy");
        assert_eq!(found[1], "optimizer=stochastic(epsilon:0.1)");
        assert_eq!(found[2], "graph=knn+links:2, relations=antonym:0+hypernym:2.5");
    }

    #[test]
    fn a_component_inside_another_is_named_with_its_parameters() {
        let limit = |limit: u32, within: Value| json!({"select": {"group-limit": {"limit": limit, "within": within}}});
        let mmr = |lambda: f64| json!({"mmr": {"lambda": lambda}});
        assert_eq!(labels(&[limit(1, mmr(0.5)), limit(2, mmr(0.5))]), ["limit=1", "limit=2"]);
        assert_eq!(labels(&[limit(1, mmr(0.5)), limit(1, mmr(1.0))]), ["lambda=0.5", "lambda=1"]);
        let points = [limit(1, json!({"top-k": {}})), limit(1, mmr(0.3)), limit(2, mmr(0.7))];
        let expected = ["limit=1, within=top-k", "limit=1, within=mmr, lambda=0.3", "limit=2, within=mmr, lambda=0.7"];
        assert_eq!(labels(&points), expected);
        let twice = |outer: u32, inner: u32| limit(outer, json!({"group-limit": {"limit": inner, "within": mmr(0.5)}}));
        assert_eq!(labels(&[twice(1, 5), twice(2, 6)])[0], "select.limit=1, within.limit=5");
        assert_eq!(labels(&[twice(1, 5), twice(1, 6)])[0], "limit=5");
    }

    #[test]
    fn parameters_of_a_program_are_named_as_its_own() {
        let point = |m: u32, ef: u32| json!({"candidates": {"external": {"command": ["./x"], "build": {"M": m}, "search": {"ef": ef}, "pool": 100}}, "select": {"top-k": {}}});
        assert_eq!(labels(&[point(8, 20), point(8, 50)]), ["ef=20", "ef=50"]);
        assert_eq!(labels(&[point(8, 20), point(16, 50)])[0], "M=8, ef=20");
        let whole = |a: u32, b: u32| json!({"retriever": {"external": {"command": ["./x"], "build": {"n": a}, "search": {"n": b, "pool": 7}}}});
        assert_eq!(labels(&[whole(1, 2), whole(2, 3)])[0], "build.n=1, search.n=2");
    }

    #[test]
    fn names_that_two_stages_share_have_the_stage_before_them() {
        let point = |a: u32, b: u32| json!({"expand": {"walk": {"beta": a}}, "select": {"x": {"beta": b}}});
        assert_eq!(labels(&[point(1, 2), point(2, 1)])[0], "expand.beta=1, select.beta=2");
    }
}
