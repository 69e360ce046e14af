//! Records the compiler and the revision of the source, for manifests.

use std::process::Command;

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = output(&rustc, &["--version"]).unwrap_or_else(|| "unknown".into());
    let revision =
        output("git", &["--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]);
    println!("cargo::rustc-env=SWATH_RUSTC={version}");
    println!("cargo::rustc-env=SWATH_REVISION={}", revision.unwrap_or_else(|| "unknown".into()));
    if let Some(git) = output("git", &["rev-parse", "--absolute-git-dir"]) {
        // The log of HEAD changes with every commit and checkout. The index is not watched: each `git status` changes it.
        println!("cargo::rerun-if-changed={git}/HEAD");
        if std::path::Path::new(&git).join("logs/HEAD").exists() {
            println!("cargo::rerun-if-changed={git}/logs/HEAD");
        }
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=build.rs");
}
