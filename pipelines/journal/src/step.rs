//! The steps of the pipeline by name, and the key of an execution.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The steps of the pipeline, in the order of the data's way.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// The airlines dataset, cleaned, as Parquet.
    ExtractAirlines,
    /// The airports dataset, cleaned, as Parquet.
    ExtractAirports,
    /// The planes dataset, cleaned, as Parquet.
    ExtractPlanes,
    /// One day of flights, cleaned, as Parquet.
    ExtractFlights,
    /// One day of weather, cleaned, as Parquet.
    ExtractWeather,
    /// One day of flights joined with weather, planes, airports and airlines.
    Transform,
    /// The quality check of one transformed day; it blocks the load.
    Check,
    /// One day into the warehouse, in one transaction.
    Load,
    /// The marts as a new version, then the pointer moves.
    Publish,
    /// The published version, posted to the catalogue service.
    Announce,
    /// Undoes `announce`: the version before it is current again at the catalogue service.
    UndoAnnounce,
    /// Undoes `publish`: the pointer goes back to the version before it.
    UndoPublish,
    /// Undoes one day's `load`: the rows before it are back.
    UndoLoad,
    /// A call for someone to look, posted to the catalogue service.
    Escalate,
    /// A model of the dbt project. There are several in a run: in the place of a day stands the model.
    BuildModel,
    /// An order's goods, reserved at the inventory service.
    Reserve,
    /// An order's price, charged at the payment service.
    Charge,
    /// An order's parcel, booked at the shipping service.
    Book,
    /// Undoes `book`.
    UndoBook,
    /// Undoes `charge`: the money goes back.
    UndoCharge,
    /// Undoes `reserve`.
    UndoReserve,
}

/// How often a step runs within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Once a run; its calls have no partition.
    Run,
    /// Once a day; its calls name the day.
    Day,
}

impl StepName {
    /// The steps of the pipeline, in the order of the data's way.
    pub const ALL: [Self; 10] = [
        Self::ExtractAirlines,
        Self::ExtractAirports,
        Self::ExtractPlanes,
        Self::ExtractFlights,
        Self::ExtractWeather,
        Self::Transform,
        Self::Check,
        Self::Load,
        Self::Publish,
        Self::Announce,
    ];

    /// The steps beside the pipeline, which only some ways of running it take: the compensations, in
    /// the order in which they undo, the escalation, and the models of the dbt project.
    pub const BESIDE: [Self; 5] = [
        Self::UndoAnnounce,
        Self::UndoPublish,
        Self::UndoLoad,
        Self::Escalate,
        Self::BuildModel,
    ];

    /// The steps of an order, a call of a service each: there, and back in the order in which they undo.
    pub const ORDER: [Self; 6] = [
        Self::Reserve,
        Self::Charge,
        Self::Book,
        Self::UndoBook,
        Self::UndoCharge,
        Self::UndoReserve,
    ];

    /// Every step, of the pipeline, beside it and of an order.
    pub fn every() -> impl Iterator<Item = Self> {
        let pipeline = Self::ALL.into_iter().chain(Self::BESIDE);
        pipeline.chain(Self::ORDER)
    }

    /// Whether the step is one of an order.
    #[must_use]
    pub fn is_of_order(self) -> bool {
        Self::ORDER.contains(&self)
    }

    /// The compensation that undoes this step, when it has one.
    #[must_use]
    pub fn undone_by(self) -> Option<Self> {
        Self::every().find(|step| step.undoes() == Some(self))
    }

    /// The step that this one undoes, when it is a compensation.
    #[must_use]
    pub fn undoes(self) -> Option<Self> {
        match self {
            Self::UndoBook => Some(Self::Book),
            Self::UndoCharge => Some(Self::Charge),
            Self::UndoReserve => Some(Self::Reserve),
            Self::UndoAnnounce => Some(Self::Announce),
            Self::UndoPublish => Some(Self::Publish),
            Self::UndoLoad => Some(Self::Load),
            _ => None,
        }
    }

    /// The name in files, keys and JSON, such as `extract_flights`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExtractAirlines => "extract_airlines",
            Self::ExtractAirports => "extract_airports",
            Self::ExtractPlanes => "extract_planes",
            Self::ExtractFlights => "extract_flights",
            Self::ExtractWeather => "extract_weather",
            Self::Transform => "transform",
            Self::Check => "check",
            Self::Load => "load",
            Self::Publish => "publish",
            Self::Announce => "announce",
            Self::UndoAnnounce => "undo_announce",
            Self::UndoPublish => "undo_publish",
            Self::UndoLoad => "undo_load",
            Self::Escalate => "escalate",
            Self::BuildModel => "build_model",
            Self::Reserve => "reserve",
            Self::Charge => "charge",
            Self::Book => "book",
            Self::UndoBook => "undo_book",
            Self::UndoCharge => "undo_charge",
            Self::UndoReserve => "undo_reserve",
        }
    }

    /// Whether the step runs once a run or once a day.
    #[must_use]
    pub fn per(self) -> Per {
        match self {
            Self::ExtractAirlines
            | Self::ExtractAirports
            | Self::ExtractPlanes
            | Self::Publish
            | Self::Announce
            | Self::UndoAnnounce
            | Self::UndoPublish
            | Self::Escalate
            | Self::BuildModel
            | Self::Reserve
            | Self::Charge
            | Self::Book
            | Self::UndoBook
            | Self::UndoCharge
            | Self::UndoReserve => Per::Run,
            Self::ExtractFlights
            | Self::ExtractWeather
            | Self::Transform
            | Self::Check
            | Self::Load
            | Self::UndoLoad => Per::Day,
        }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown step {found:?}: expected one of {}", StepName::every().map(StepName::as_str).collect::<Vec<_>>().join(", "))]
pub struct StepNameError {
    /// What stood in the name's place.
    pub found: String,
}

impl FromStr for StepName {
    type Err = StepNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::every()
            .find(|step| step.as_str() == text)
            .ok_or_else(|| StepNameError {
                found: text.to_owned(),
            })
    }
}

/// `{run}/{step}/{partition}`, with `-` for a step without partition.
#[must_use]
pub fn idempotency_key(
    run: &str,
    step: impl std::fmt::Display,
    partition: Option<impl std::fmt::Display>,
) -> String {
    match partition {
        Some(partition) => format!("{run}/{step}/{partition}"),
        None => format!("{run}/{step}/-"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_in_json() {
        for step in StepName::every() {
            assert_eq!(step.to_string().parse::<StepName>().unwrap(), step);
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
        let message = "loda".parse::<StepName>().unwrap_err().to_string();
        assert!(message.starts_with("unknown step \"loda\": expected one of extract_airlines, "));
    }
}
