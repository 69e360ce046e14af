//! Notes what this build is made of, so that what it computes is never taken for what another build computed.

#[path = "build/hash.rs"]
mod hash;

use std::path::PathBuf;
use std::process::Command;

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    // A package that was published has a lock file of its own; that of a workspace is above.
    let locks = [package.join("Cargo.lock"), package.join("../Cargo.lock")];
    let lock = locks.iter().find(|path| path.is_file());
    let rustc = Command::new(variable("RUSTC")).arg("--version").output();
    let rustc = rustc.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned());
    let words = [rustc.trim(), &variable("TARGET"), &variable("OPT_LEVEL")].map(str::to_owned);
    let words = words.each_ref().map(String::as_str);
    match hash::of(&package, lock.map(PathBuf::as_path), &words) {
        Ok(hash) => println!("cargo::rustc-env=SWATH_ALGORITHMS_BUILD={hash}"),
        Err(error) => println!("cargo::error=the sources of {} cannot be read: {error}", package.display()),
    }
    for path in [Some("src"), Some("build.rs"), Some("build"), Some("Cargo.toml"), lock.and_then(|path| path.to_str())]
    {
        path.into_iter().for_each(|path| println!("cargo::rerun-if-changed={path}"));
    }
}
