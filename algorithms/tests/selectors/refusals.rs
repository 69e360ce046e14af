//! What is refused at plan time: the message of every selector with every kernel on every type of points.

use crate::naive::SPACES;
use crate::support::setting;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::selector::{SelectorParams, SelectorSetting};

/// Every selector with its defaults, and with each value of each parameter on which a refusal may depend, as
/// `name { parameter: value }`.
fn every_choice() -> Vec<(String, SelectorParams)> {
    let kernels: Vec<Value> = Kernel::ALL.iter().map(|kernel| kernel.name().into()).collect();
    let parameters = [
        ("kernel", kernels),
        ("method", vec!["k-medoids".into()]),
        ("distance", vec!["cosine".into()]),
        ("diversity", vec!["dispersion".into()]),
        ("lambda", vec!["adaptive".into()]),
        ("aspects", vec![json!({ "clusters": 3 }), "queries".into()]),
        ("quality", vec!["power".into()]),
    ];
    let mut all = Vec::new();
    for default in SelectorParams::all() {
        all.push((default.name().to_owned(), default.clone()));
        for (parameter, values) in &parameters {
            for value in values {
                let mut changed = json!(default);
                changed[default.name()][parameter] = value.clone();
                // Other selectors know no such parameter.
                if let Ok(params) = serde_json::from_value::<SelectorParams>(changed) {
                    all.push((
                        format!("{} {{ {parameter}: {} }}", default.name(), value.to_string().replace('"', "")),
                        params,
                    ));
                }
            }
        }
    }
    all
}

/// Each message once, with the spaces and the choices that it is for.
#[test]
fn every_refusal_says_what_would_do() {
    let mut refused: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for space in SPACES {
        for (choice, params) in every_choice() {
            let Err(unfit) = params.check(&setting(space)) else { continue };
            let said = format!("{}: {unfit}", unfit.parameter.unwrap_or("the selector itself"));
            refused.entry(said).or_default().entry(space.to_string()).or_default().push(choice);
        }
    }
    let mut text = String::new();
    for (said, spaces) in &refused {
        writeln!(text, "{said}").expect("a string takes all");
        for (space, choices) in spaces {
            writeln!(text, "    {space}: {}", choices.join(", ")).expect("a string takes all");
        }
    }
    insta::assert_snapshot!(text);
}

/// The kernels that a help names are themselves allowed there, and there is always one.
#[test]
fn what_a_help_names_is_allowed() {
    let mut followed = BTreeSet::new();
    for space in SPACES {
        for (choice, params) in every_choice() {
            let Err(unfit) = params.check(&setting(space)) else { continue };
            let named: Vec<&str> = unfit.help.split('`').skip(1).step_by(2).collect();
            let kernels = named.iter().filter(|name| Kernel::ALL.iter().any(|kernel| kernel.name() == **name));
            if unfit.parameter != Some("kernel") {
                continue;
            }
            for kernel in kernels {
                let mut changed = json!(params);
                changed[params.name()]["kernel"] = (*kernel).into();
                let changed: SelectorParams = serde_json::from_value(changed).expect("a kernel");
                assert_eq!(changed.check(&setting(space)), Ok(()), "{choice} on {space}");
                followed.insert((space.to_string(), choice.clone()));
            }
            assert!(followed.contains(&(space.to_string(), choice.clone())), "{choice} on {space}: {unfit}");
        }
    }
    assert!(followed.len() > 100, "{}", followed.len());
}

/// With its defaults every selector works everywhere, but for those that add up vectors, which say what to write.
#[test]
fn defaults_are_refused_only_where_there_are_no_sums() {
    for space in SPACES {
        for params in SelectorParams::all() {
            match params.check(&setting(space)) {
                Ok(()) => {}
                Err(unfit) => {
                    let said = match params.name() {
                        "cluster" => "k-medoids",
                        "sum-vector" => "`mmr`",
                        "external" => "`select` of a retriever",
                        name => panic!("{name} on {space}: {unfit}"),
                    };
                    assert!(unfit.help.contains(said), "{space}: {unfit}");
                }
            }
            let without = SelectorSetting { subtopics: false, ..setting(space) };
            assert_eq!(
                params.is_oracle(),
                params.check(&without).is_err_and(|unfit| unfit.to_string().contains("subtopics"))
            );
        }
    }
}
