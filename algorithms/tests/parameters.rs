//! The canonical JSON of every registered parameter type, written down once: trial ids hash it. What a file may say and
//! what is refused stands beside it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::selector::SelectorParams;

/// What each of `written` becomes for the member of this name: its canonical JSON, or why it is refused.
fn become_of<Params: Serialize + DeserializeOwned>(name: &str, written: &[String]) -> String {
    let mut lines = String::new();
    for parameters in written {
        let canonical = match serde_json::from_str::<Params>(&format!("{{\"{name}\": {parameters}}}")) {
            Ok(params) => serde_json::to_value(params).expect("parameters are JSON").to_string(),
            Err(error) => format!("refused: {error}"),
        };
        writeln!(lines, "{name}: {parameters}\n    {canonical}").expect("a string takes all");
    }
    lines
}

/// What is written in place of one parameter's value.
fn each(parameter: &str, values: &[&str]) -> Vec<String> {
    values.iter().map(|value| format!("{{\"{parameter}\": {value}}}")).collect()
}

#[test]
fn the_canonical_json_of_parameters_is_what_it_was() {
    let kernels = Kernel::ALL.map(|kernel| format!("\"{}\"", kernel.name()));
    let mut values: Vec<&str> = kernels.iter().map(String::as_str).collect();
    values.extend(["null", "3", "\"cosin\"", "[\"rbf\"]", "{}"]);
    let mut written = vec!["{}".to_owned(), "{\"colour\": 1}".to_owned()];
    written.extend(each("kernel", &values));
    written.extend(each("limit", &["1", "0"]));
    written.extend(each("group", &["\"seller\"", "3"]));
    let within = ["{\"mmr\": {\"lambda\": 1}}", "{\"threshold\": {}}", "\"mmr\"", "null"];
    written.extend(each("within", &within));
    let mut all: String =
        SelectorParams::NAMES.iter().map(|name| become_of::<SelectorParams>(name, &written)).collect();
    let mut written = each("lambda", &["3", "1e6", "-1", "1e7", "\"adaptive\"", "\"adaptiv\"", "[1]", "null"]);
    written.extend(each("greedy", &["\"half\"", "\"full\"", "\"none\""]));
    written.extend(each("optimizer", &["\"greedy\"", "\"swap\"", "\"frank-wolfe\"", "\"exact\"", "\"lazy\""]));
    all.push_str(&become_of::<SelectorParams>("max-sum", &written));
    let aspects = ["\"subtopics\"", "\"queries\"", "{\"clusters\": 5}", "{\"clusters\": 0}", "\"clusters\"", "5"];
    let mut written = each("aspects", &aspects);
    written.push("{\"aspects\": {\"clusters\": 5}, \"temperature\": 0.1}".to_owned());
    written.extend(each("temperature", &["0.1", "1", "0"]));
    all.extend(["xquad", "pm2"].map(|name| become_of::<SelectorParams>(name, &written)));
    let mut written = each("quality", &["\"power\"", "\"exponential\"", "{\"power\": {}}"]);
    written.extend(each("p", &["2", "null"]));
    written.push("{\"quality\": \"power\", \"p\": 2, \"eta\": 0}".to_owned());
    written.push("{\"quality\": \"power\", \"p\": 1, \"eta\": 0.5}".to_owned());
    all.push_str(&become_of::<SelectorParams>("dpp", &written));
    all.push_str(&become_of::<SelectorParams>(
        "mmr",
        &each("redundancy", &["\"mean\"", "\"largest\"", "\"max\"", "null"]),
    ));
    let graphs = ["\"links\"", "[\"knn\", {\"links\": 2}]", "{\"links\": 2}", "[]", "[\"knn\", \"knn\"]", "null"];
    let mut written = vec!["{}".to_owned(), "{\"colour\": 1}".to_owned()];
    written.extend(each("graph", &graphs));
    written.extend(each("neighbors", &["3", "0", "null"]));
    written.extend(each("relations", &["{\"a\": 0.5}", "{}", "[]"]));
    written.extend(each("temperature", &["1", "0"]));
    written.extend(each("epsilon", &["0.001", "1"]));
    written.extend(each("beta", &["0", "2"]));
    written.extend(each("limit", &["7", "-1"]));
    all.extend(ExpansionParams::NAMES.iter().map(|name| become_of::<ExpansionParams>(name, &written)));
    let written = ["{}", "{\"pool\": 5}", "{\"pool\": null}", "{\"colour\": 1}"].map(str::to_owned);
    all.extend(CandidatesParams::NAMES.iter().map(|name| become_of::<CandidatesParams>(name, &written)));
    let mut written = each("file", &["\"a.trec\"", "null"]);
    written.extend(each("files", &["{\"a.trec\": 0.5}", "{}", "[\"a.trec\"]", "{\"a.trec\": 0}"]));
    written.extend(each("fuse", &["\"sum\"", "\"borda\""]));
    all.push_str(&become_of::<CandidatesParams>("run", &written));
    insta::assert_snapshot!(all);
}
