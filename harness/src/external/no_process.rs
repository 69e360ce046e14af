//! A system on which programs outside cannot be started: there are no processes, so nothing can be asked of one.

use super::message::{Answer, Hello};
use super::{Command, Fault};
use serde_json::Value;
use std::path::Path;

/// There is none.
#[derive(Debug)]
pub(super) enum Process {}

impl Process {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn start(_: &Path, _: &Command, _: &Path, _: usize, _: (f64, Option<u64>)) -> Result<(Self, Hello), Fault> {
        Err(Fault::Ended("programs outside cannot be started by this system".into()))
    }

    pub fn ask(&mut self, _: &Value, _: f64, _: &str) -> Result<(Answer, f64), Fault> {
        match *self {}
    }

    pub fn put_down(&mut self, _: String) -> Fault {
        match *self {}
    }

    pub fn log(&self) -> String {
        match *self {}
    }

    pub fn memory(&self) -> (u64, u64) {
        match *self {}
    }

    pub fn narrow(&self, _: usize) -> usize {
        match *self {}
    }

    pub fn end(&mut self, _: f64) -> Result<(), Fault> {
        match *self {}
    }
}
