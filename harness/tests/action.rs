//! The scripts that CI systems run: no input of theirs is ever run itself, and each arrives whole.
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use swath::config::{YamlNode, YamlSource, YamlValue};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("a file")
}

/// What stands under a key of a mapping.
fn get<'n>(node: &'n YamlNode, key: &str) -> Option<&'n YamlNode> {
    let YamlValue::Map(entries) = &node.value else { return None };
    entries.iter().find(|(name, _)| name.name == key).map(|(_, value)| value)
}

fn text(node: &YamlNode) -> &str {
    if let YamlValue::Text(text) = &node.value { text } else { panic!("a text: {node:?}") }
}

/// A step of the action: what it sets in the environment, and its script.
struct Step {
    env: Vec<(String, String)>,
    script: String,
}

fn steps() -> Vec<Step> {
    let source = YamlSource::parse("action.yml".into(), read("action.yml")).expect("YAML");
    let runs = get(source.root(), "runs").expect("runs");
    let YamlValue::List(steps) = &get(runs, "steps").expect("steps").value else { panic!("a list") };
    let step = |step: &YamlNode| {
        assert_eq!(text(get(step, "shell").expect("a shell")), "bash");
        let env = match get(step, "env").map(|env| &env.value) {
            Some(YamlValue::Map(entries)) => {
                entries.iter().map(|(key, value)| (key.name.clone(), text(value).to_owned())).collect()
            }
            _ => Vec::new(),
        };
        Step { env, script: text(get(step, "run").expect("a script")).to_owned() }
    };
    steps.iter().map(step).collect()
}

/// Lines of YAML that a shell runs: those of `run:`, `script:` and what is indented below them.
fn scripts(yaml: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut inside = None;
    for line in yaml.lines().filter(|line| !line.trim().is_empty()) {
        let bare = line.trim_start().trim_start_matches("- ");
        let indent = line.len() - bare.len();
        if inside.is_some_and(|of| indent <= of) {
            inside = None;
        }
        if ["run:", "script:", "before_script:", "after_script:"].iter().any(|key| bare.starts_with(key)) {
            inside = Some(indent);
        }
        if inside.is_some() {
            found.push(line);
        }
    }
    found
}

/// An expression in a script is pasted into it before a shell reads it.
#[test]
fn no_input_is_pasted_into_a_script() {
    let steps = steps();
    assert_eq!(steps.len(), 2);
    assert!(steps.iter().all(|step| !step.script.contains("${{")), "an input goes through `env:`");
    let documents = ["action.yml", "docs/ci.md", "README.md"].map(read);
    let lines: Vec<&str> = documents.iter().flat_map(|text| scripts(text)).collect();
    assert!(lines.len() >= 8, "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("${{")), "{lines:#?}");
    // The search sees what it should.
    assert_eq!(scripts("a:\n  - run: |\n      x ${{ y }}\n    env: ${{ z }}\n").len(), 2);
    // All inputs arrive in the environment.
    let source = YamlSource::parse("action.yml".into(), read("action.yml")).expect("YAML");
    let YamlValue::Map(inputs) = &get(source.root(), "inputs").expect("inputs").value else { panic!("a mapping") };
    for (input, _) in inputs {
        let wanted = format!("${{{{ inputs.{} }}}}", input.name);
        assert!(steps.iter().flat_map(|step| &step.env).any(|(_, value)| *value == wanted), "{wanted}");
    }
}

/// Inputs that would do something if a shell read them.
const HOSTILE: [&str; 9] = [
    "$(touch x)",
    "\"; touch x; \"",
    "'; touch x; '",
    "`touch x`",
    "two  words * ?",
    "first\nsecond; touch x\n",
    "-rf",
    "--help",
    "${IFS} ~ !! & touch x | y > x",
];

#[test]
fn hostile_inputs_run_nothing_and_arrive_whole() {
    for value in HOSTILE {
        let folder = tempfile::tempdir().expect("a folder");
        // The action itself may lie in a folder of such a name.
        let action = folder.path().join(format!("action {}", value.replace('/', "")));
        let (programs, work) = (folder.path().join("programs"), folder.path().join("work"));
        for folder in [&action.join(".ci"), &programs, &work] {
            std::fs::create_dir_all(folder).expect("created");
        }
        std::fs::copy(root().join(".ci/check"), action.join(".ci/check")).expect("copied");
        for program in ["swath", "cargo"] {
            let path = programs.join(program);
            let script = format!(
                "#!/bin/sh\nprintf '%s\\0' \"$@\" > '{0}/{program}.said'\nprintf '%s' \"$SWATH_DATA\" > '{0}/data.said'\n",
                programs.display()
            );
            std::fs::write(&path, script).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("allowed");
        }
        let inputs: BTreeMap<&str, String> = ["config", "baseline", "data", "out"]
            .map(|name| (name, format!("{value}{name}")))
            .into_iter()
            .chain([("quality-only", "true".to_owned())])
            .collect();
        for step in steps() {
            let mut command = Command::new("bash");
            // As GitHub starts it.
            std::fs::write(folder.path().join("step.sh"), &step.script).expect("written");
            command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(folder.path().join("step.sh"));
            let path = std::env::var("PATH").expect("a path");
            command.env("PATH", format!("{}:{path}", programs.display())).env("GITHUB_ACTION_PATH", &action);
            for (name, expression) in &step.env {
                let input = expression.trim_start_matches("${{ inputs.").trim_end_matches(" }}");
                command.env(name, &inputs[input]);
            }
            let output = command.current_dir(&work).output().expect("bash runs");
            assert!(output.status.success(), "{value:?}: {}", support::stderr(&output));
        }
        let said = |file: &str| {
            let bytes = std::fs::read(programs.join(file)).expect("what the program was told");
            String::from_utf8(bytes).expect("text")
        };
        let [config, baseline, data, out] = ["config", "baseline", "data", "out"].map(|name| &inputs[name]);
        let expected = [
            "check".to_owned(),
            "--quiet".into(),
            format!("--data-dir={data}"),
            format!("--baseline={baseline}"),
            "--quality-only".into(),
            format!("--junit={out}/junit.xml"),
            format!("--markdown={out}/summary.md"),
            format!("--json={out}/check.json"),
            format!("--bencher={out}/bencher.json"),
            format!("--github-action-benchmark={out}"),
            "--".into(),
            config.clone(),
        ];
        assert_eq!(said("swath.said").split_terminator('\0').collect::<Vec<_>>(), expected, "{value:?}");
        assert_eq!(said("data.said"), format!("{}/datasets/data", action.display()));
        let harness = format!("{}/harness", action.display());
        let cargo = said("cargo.said");
        assert_eq!(cargo.split_terminator('\0').next_back(), Some(harness.as_str()));
        // Nothing was made but the folder for what is found.
        let made: Vec<_> =
            std::fs::read_dir(&work).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(made, [out.as_str()], "{value:?}");
    }
}

/// What the script gives is what the program takes.
#[test]
fn the_program_reads_the_words_of_the_script() {
    let folder = support::folder_with("-small.yaml", "name: x\n");
    let output = Command::new(root().join(".ci/check"))
        .env("SWATH", env!("CARGO_BIN_EXE_swath"))
        .envs([
            ("SWATH_CONFIG", "-small.yaml"),
            ("SWATH_BASELINE", "-b.yaml"),
            ("SWATH_OUT", "-out"),
            ("SWATH_DATA_DIR", "."),
        ])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let said = support::stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the field `retrievers` is missing") && said.contains("-small.yaml:1:1"), "{said}");
}
