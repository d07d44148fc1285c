//! The result of a run, as engines report it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of a run. Counts are of flights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// What is unusual about the data of a run that succeeded, a sentence each: days without rows,
    /// more rows in quarantine than the source allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// How many flights found no partner in a join; they stay in, with nulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
