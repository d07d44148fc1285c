//! What steps hand on, and the summary of a run.
//!
//! Everything here crosses processes as JSON; none of it carries data, only references and counts.

use serde::{Deserialize, Serialize};

use crate::day::Day;
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

/// How many flights found no partner in a join; they stay in, with nulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// Flights whose tail number is missing or not among the planes.
    pub plane: u64,
    /// Flights whose destination is not among the airports.
    pub airport: u64,
    /// Flights whose (origin, hour) is not in the day's weather.
    pub weather: u64,
}

impl std::ops::AddAssign for Unresolved {
    fn add_assign(&mut self, other: Self) {
        self.plane += other.plane;
        self.airport += other.airport;
        self.weather += other.weather;
    }
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

/// The result of a run. Counts are of flights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The run's id.
    pub run: String,
    /// The source's name.
    pub source: String,
    /// How many days were processed.
    pub partitions: u64,
    /// Flights of the dataset that belong to the source.
    pub extracted: u64,
    /// Flights that went on to the transform.
    pub accepted: u64,
    /// Flights that went to quarantine.
    pub quarantined: u64,
    /// Rows in the warehouse for this source and range after the run.
    pub loaded: u64,
    /// Rows that this run changed.
    pub changed: u64,
    /// The digest over all partitions of the range.
    pub digest: String,
    /// The published version.
    pub version: String,
    /// The receipt of the announcement.
    pub receipt: String,
    /// Flights without partner in a join.
    pub unresolved: Unresolved,
    /// The sum of the arrival delays (minutes) over the extracted flights.
    pub arr_delay_sum: i64,
}

impl Summary {
    /// Sums up the days of a run; their order does not matter.
    #[must_use]
    pub fn of(
        run: &str,
        source: &Source,
        days: &[DayResult],
        published: &Published,
        announced: &Announced,
    ) -> Self {
        let mut summary = Self {
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
        };
        for day in days {
            summary.extracted += day.flights.extracted;
            summary.accepted += day.flights.accepted;
            summary.quarantined += day.flights.quarantined;
            summary.changed += day.loaded.changed;
            summary.unresolved += day.transformed.unresolved;
            summary.arr_delay_sum += day.flights.arr_delay_sum;
        }
        summary
    }
}
