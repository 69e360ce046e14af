//! Programs outside swath: well behaved ones in each of their roles, and one for each thing that can go wrong.
//!
//! This test is its own child (see `harness/Cargo.toml`): called with [`child::SERVE`] it is such a program. Each trap is a test of
//! its own name, as with libtest: `cargo test --test external float`.
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_imports, reason = "only Linux tells which processes are left")
)]

#[cfg(target_os = "linux")]
mod answers;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod ends;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod runs;
#[cfg(target_os = "linux")]
mod sessions;
#[cfg(target_os = "linux")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod words;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use libtest_mimic::{Arguments, Trial};
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(child::SERVE) => return child::serve(&arguments[1..]),
        Some(child::STAY) => return child::stay(&arguments[1..]),
        _ => {}
    }
    let all = [words::TESTS, answers::TESTS, ends::TESTS, runs::TESTS, sessions::TESTS].concat();
    let test = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    libtest_mimic::run(&Arguments::from_args(), all.into_iter().map(test).collect()).exit_code()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("programs outside are tested on Linux alone");
    ExitCode::SUCCESS
}

/// The tests of a module, by their names.
#[cfg(target_os = "linux")]
#[macro_export]
macro_rules! tests {
    ($($name:ident,)*) => {
        pub const TESTS: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}
