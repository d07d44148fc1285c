//! Lines of `rows/<sha256>.jsonl.gz` and of a trial's `applied.jsonl`: what a trial left in the
//! warehouse or at services, so that neither is needed later, and what it should have left.

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

/// One line of the applied log: an execution that reached the warehouse, or a call that a service of an
/// order took.
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
    /// Rows that this execution changed; of a call of a service 1, where it had the effect.
    pub rows_changed: u64,
    /// What a service answered, where it was one that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ServiceAnswer>,
}

/// What a service made of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceAnswer {
    /// When it took the call, CLOCK_MONOTONIC.
    pub t_ns: u64,
    /// The HTTP status; `None` where no answer came.
    pub status: Option<u16>,
    /// What it said of when to come again, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
