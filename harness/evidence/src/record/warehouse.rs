//! `warehouse/<trial>.<source>.rows.jsonl`, `warehouse/<trial>.applied.jsonl` and
//! `warehouse/expected.<source>.jsonl`: what a trial left in the warehouse, so that no
//! database is needed later, and what it should have left.

use orchbench_journal::Day;
use serde::{Deserialize, Serialize};

/// One row of the warehouse after a trial.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WarehouseRow {
    /// The row's partition.
    pub day: Day,
    /// The flight key.
    pub key: String,
    /// SHA-256 of the canonical row, hex.
    pub digest: String,
}

/// One row that the source should leave in the warehouse: computed by the harness from
/// the input by plain calls, apart from every engine.
pub type ExpectedRow = WarehouseRow;

/// One line of the applied log: an execution that reached the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
