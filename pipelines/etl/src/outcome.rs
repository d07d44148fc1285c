//! What steps hand on, and how a run is summed up.
//!
//! Everything here crosses processes as JSON; none of it carries data, only references and counts.

use orchbench_journal::{Day, Summary, Unresolved};
use serde::{Deserialize, Serialize};

use crate::source::Source;

/// A reference to a Parquet file in the artifact store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// The file, relative to the artifact store's folder.
    pub path: String,
    /// The data version: hex SHA-256 of the logical rows, see [`crate::canonical`].
    pub digest: String,
    /// How many rows it has.
    pub rows: u64,
}

/// What an extract step says. `extracted = accepted + quarantined`, always.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// The accepted rows.
    pub artifact: ArtifactRef,
    /// Rows of the dataset that belong to the source and the day.
    pub extracted: u64,
    /// Rows in `artifact`.
    pub accepted: u64,
    /// Rows in `quarantine`.
    pub quarantined: u64,
    /// The bad rows with line number and reason; `None` when there are none.
    pub quarantine: Option<ArtifactRef>,
    /// The sum of the arrival delays (minutes) that are there, over all extracted rows in which
    /// the column can be read, quarantined ones too; 0 for the other datasets.
    pub arr_delay_sum: i64,
}

/// What the transform step says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transformed {
    /// The joined flights, one row a flight.
    pub artifact: ArtifactRef,
    /// The flights without partner.
    pub unresolved: Unresolved,
    /// The sum of the arrival delays (minutes) that are there.
    pub arr_delay_sum: i64,
}

/// What the check step says when it passes; a failed check is an error of the type `CheckFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Rows that were checked.
    pub rows: u64,
    /// The digest of the rows that were checked, computed again from the file.
    pub digest: String,
}

/// What the load step says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The day.
    pub partition: Day,
    /// Rows in the warehouse for this source and day after the load.
    pub rows: u64,
    /// Rows that this load inserted, updated or deleted.
    pub changed: u64,
    /// The digest of the rows in the warehouse for this source and day after the load.
    pub digest: String,
}

/// What the publish step says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The version of the marts, derived from `digest`: the same data has the same version.
    pub version: String,
    /// Rows in the warehouse over all days of the source.
    pub loaded: u64,
    /// The digest over all partitions of the range.
    pub digest: String,
    /// Whether this publication changed anything: new marts, or a moved pointer.
    pub changed: bool,
}

/// What the announce step says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The version that was announced.
    pub version: String,
    /// The catalogue service's receipt: the same for the same idempotency key.
    pub receipt: String,
}

/// What a compensation found, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// The effect was there and is undone: what was before it is back.
    Restored,
    /// The effect never happened, or had changed nothing; from now on it cannot happen any more.
    NothingToUndo,
    /// Another run has written over the effect since: its work stays.
    Superseded,
}

/// What a compensation says. A second execution says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The idempotency key of what was undone.
    pub act: String,
    /// What was found, and done.
    pub undo: Undo,
    /// The digest or version that is there now; empty when there is none.
    pub now: String,
    /// Rows that this execution changed; 1 for a pointer that it moved.
    pub changed: u64,
}

/// What the escalate step says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The catalogue service's receipt: the same for the same idempotency key.
    pub receipt: String,
}

/// What a step of an order says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The service's receipt: the same for the same idempotency key.
    pub receipt: String,
    /// Whether this call had the effect; false where an earlier one had it.
    pub changed: bool,
}

/// What one day hands up to the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayResult {
    /// The day.
    pub day: Day,
    /// The day's flights.
    pub flights: Extracted,
    /// The day's weather.
    pub weather: Extracted,
    /// The day's transform.
    pub transformed: Transformed,
    /// The day's load.
    pub loaded: Loaded,
}

/// Sums up the days of a run; their order does not matter.
#[must_use]
pub fn summarize(
    run: &str,
    source: &Source,
    days: &[DayResult],
    published: &Published,
    announced: &Announced,
) -> Summary {
    let mut in_order: Vec<&DayResult> = days.iter().collect();
    in_order.sort_by_key(|day| day.day);
    let mut summary = Summary {
        run: run.to_owned(),
        source: source.name.clone(),
        partitions: days.len() as u64,
        extracted: 0,
        accepted: 0,
        quarantined: 0,
        loaded: published.loaded,
        changed: 0,
        digest: published.digest.clone(),
        version: published.version.clone(),
        receipt: announced.receipt.clone(),
        unresolved: Unresolved::default(),
        arr_delay_sum: 0,
        warnings: source.warnings(in_order.iter().flat_map(|day| day.extracts())),
    };
    for day in days {
        summary.extracted += day.flights.extracted;
        summary.accepted += day.flights.accepted;
        summary.quarantined += day.flights.quarantined;
        summary.changed += day.loaded.changed;
        summary.unresolved += day.transformed.unresolved;
        let sum = summary.arr_delay_sum;
        summary.arr_delay_sum = sum.wrapping_add(day.flights.arr_delay_sum);
    }
    summary
}
