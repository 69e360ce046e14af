//! Candidates that a program outside swath finds.

use super::Candidates;
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::external::{Found, Program, Settings};
use crate::params::{Count, constant};
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a program of yours finds, in any language: a child process that speaks swath's protocol (docs/your-algorithm.md). Its ids are
/// believed; distances are measured again, and the pool stands in their order.
///
/// Its time is by its own clock around one search, checked against swath's clock around a block of them; swath's measuring of the
/// pool is added, as for each index of swath.
///
/// Source: the program itself; the protocol is in docs/protocol.md.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct External {
    /// The program and its arguments: `[python3, mine.py]`. Files are seen from the folder of the experiment's file.
    pub command: Vec<String>,
    /// Parameters of its index: trials that agree on them share one. Each may be a list, which is a grid axis.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub build: Settings,
    /// Parameters that may change from search to search on one index.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub search: Settings,
    /// Threads with which it may build its index; all, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Count", extend("default" = "all"))]
    pub build_threads: Option<Count>,
    /// Size of the pool: how many ids it is asked for.
    pub pool: Count,
}

impl Default for External {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            build: Settings::new(),
            search: Settings::new(),
            build_threads: None,
            pool: constant!(Count, 100),
        }
    }
}

impl External {
    /// The program, with the parameters of its index.
    pub fn program(&self) -> Program<'_> {
        Program { command: &self.command, build: &self.build, build_threads: self.build_threads, search: &self.search }
    }
}

/// Bytes of a graph or of lists for each base point, beside a copy of the points: what such a program may take, for an estimate.
const BESIDE: usize = 256;

/// Nothing is built here: [`Found::index`] makes an index of what the program answered.
impl Candidates for External {
    type Build = String;
    type Index = Found;

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn may_find_fewer(&self) -> bool {
        true
    }

    /// No parameters are known that make it find more.
    fn exhaustive(&self, pool: Count, _: usize) -> Self {
        Self { pool, ..self.clone() }
    }

    fn build_part(&self) -> String {
        self.program().key()
    }

    /// Without answers.
    fn build(_: &String, _: &Base) -> Found {
        Found::default()
    }

    /// 0: the program says how large its index is.
    fn bytes(_: &Found, _: &Base) -> usize {
        0
    }

    /// A copy of the points and a graph.
    fn estimate(&self, facts: &BaseFacts) -> usize {
        facts.bytes_of(facts.rows).saturating_add(facts.rows.saturating_mul(BESIDE))
    }

    fn check(&self, _: &BaseFacts) -> Result<(), Unfit> {
        self.program().check()
    }

    fn search(&self, index: &Found, _: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>) {
        found.clear();
        found.extend_from_slice(index.of(query.row));
        scratch.evaluations.set(scratch.evaluations.get() + index.evaluations(query.row));
    }
}
