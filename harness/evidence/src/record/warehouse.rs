//! Lines of `rows/<sha256>.jsonl.gz` and of a trial's `applied.jsonl`: what a trial left in the
//! warehouse, so that no database is needed later, and what it should have left.

use orchbench_journal::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One row of the warehouse: after a trial, or as a run of the source should leave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct WarehouseRow {
    /// The row's partition.
    pub day: Day,
    /// The flight key.
    pub key: String,
    /// SHA-256 of the canonical row, hex.
    pub digest: String,
}

/// One line of the applied log: an execution that reached the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppliedRow {
    /// Order in the log, from 1.
    pub seq: u64,
    /// Idempotency key.
    pub key: String,
    /// The step.
    pub step: String,
    /// The partition, `None` for steps of a whole run.
    pub partition: Option<Day>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The fencing token.
    pub token: u64,
    /// Rows that this execution changed.
    pub rows_changed: u64,
}
