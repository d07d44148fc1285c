//! `expected.json`: what a run of each source should leave, worked out by plain calls apart from
//! every engine.

use std::collections::BTreeMap;

use orchbench_journal::Summary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, FormatVersion};

/// What runs should leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// By the source's name.
    pub sources: BTreeMap<String, ExpectedSource>,
}

impl Default for Expected {
    /// No source yet.
    fn default() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            sources: BTreeMap::new(),
        }
    }
}

/// What a run of a source should leave and say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedSource {
    /// SHA-256 of the row set that it should leave, hex: `rows/<sha256>.jsonl.gz`.
    pub rows: String,
    /// The summary that it should give; its run, receipt and changed are not compared.
    pub summary: Summary,
}
