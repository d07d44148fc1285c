//! The five datasets: their files, columns and keys, and how a file that cannot be used is told.

pub(crate) mod archive;
pub(crate) mod field;
pub(crate) mod index;
pub(crate) mod parse;
pub(crate) mod sorted;
pub(crate) mod stage;

use orchbench_journal::{ErrorType, StepName};
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::schema::{self, Column};

/// One of the five inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// Carrier codes and names.
    Airlines,
    /// Airports by FAA code.
    Airports,
    /// Flights that left New York.
    Flights,
    /// Planes by tail number.
    Planes,
    /// The weather at the origins, by the hour.
    Weather,
}

impl Dataset {
    /// Every dataset.
    pub const ALL: [Self; 5] = [
        Self::Airlines,
        Self::Airports,
        Self::Flights,
        Self::Planes,
        Self::Weather,
    ];

    /// The dataset that a step extracts; `None` for the other steps.
    #[must_use]
    pub fn extracted_by(step: StepName) -> Option<Self> {
        match step {
            StepName::ExtractAirlines => Some(Self::Airlines),
            StepName::ExtractAirports => Some(Self::Airports),
            StepName::ExtractPlanes => Some(Self::Planes),
            StepName::ExtractFlights => Some(Self::Flights),
            StepName::ExtractWeather => Some(Self::Weather),
            _ => None,
        }
    }

    /// The name, such as `flights`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Airlines => "airlines",
            Self::Airports => "airports",
            Self::Flights => "flights",
            Self::Planes => "planes",
            Self::Weather => "weather",
        }
    }

    /// The table's file inside the archive, such as `flights.csv`.
    #[must_use]
    pub fn csv_name(self) -> String {
        format!("{}.csv", self.name())
    }

    /// The archive's file, such as `flights.csv.zip`.
    #[must_use]
    pub fn zip_name(self) -> String {
        format!("{}.csv.zip", self.name())
    }

    /// The columns.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Airlines => schema::AIRLINES,
            Self::Airports => schema::AIRPORTS,
            Self::Flights => schema::FLIGHTS,
            Self::Planes => schema::PLANES,
            Self::Weather => schema::WEATHER,
        }
    }

    /// The columns of the key (within a day, for the datasets that have days); rows are sorted by
    /// them in this order.
    #[must_use]
    pub fn key(self) -> &'static [&'static str] {
        match self {
            Self::Airlines => &["carrier"],
            Self::Airports => &["faa"],
            Self::Flights => schema::FLIGHT_KEY,
            Self::Planes => &["tailnum"],
            Self::Weather => &["origin", "time_hour"],
        }
    }

    /// Whether the rows belong to days, by their columns year, month and day.
    #[must_use]
    pub fn is_daily(self) -> bool {
        matches!(self, Self::Flights | Self::Weather)
    }
}

/// The one error of a dataset that cannot be used: file, row (the line of the table, the header
/// being 1) and column, what was expected and what was found.
pub(crate) fn unusable(
    file: &str,
    row: u64,
    column: &str,
    expected: &str,
    found: &str,
) -> StepError {
    StepError::new(
        ErrorType::Dataset,
        format!("{file}: row {row}, column {column}: expected {expected}, found {found}"),
    )
}
