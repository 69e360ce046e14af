//! Any text: read as an experiment, and what is wrong with it rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use swath::config;
use swath::config::YamlSource;

fuzz_target!(|text: &str| {
    if let Err(invalid) = YamlSource::parse("x.yaml".into(), text.to_owned()).and_then(config::parse) {
        drop((invalid.render(true), invalid.render(false)));
    }
});
