//! Steps: their calls and what comes back.
//!
//! A step is identified by (run, step, partition), the same on every engine. Steps pass
//! references (path, digest, rows), never data: the claim-check pattern.

use orchbench_journal::{Day, ErrorType, StepName, idempotency_key};
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::outcome::{
    Announced, ArtifactRef, Checked, Escalated, Extracted, Loaded, Published, Served, Transformed,
    Undone,
};

/// What stands in place of a source in the calls of an order.
pub const ORDERS: &str = "orders";

/// What a reminder says when its time has come.
pub const REMINDER: &str = "the time has come";

/// What a step needs from the steps before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepInputs {
    /// Nothing: the dataset is known.
    ExtractAirlines,
    /// Nothing: the dataset is known.
    ExtractAirports,
    /// Nothing: the dataset is known.
    ExtractPlanes,
    /// Nothing: dataset and day are known.
    ExtractFlights,
    /// Nothing: dataset and day are known.
    ExtractWeather,
    /// The five extracted artifacts.
    Transform {
        /// The day's flights.
        flights: ArtifactRef,
        /// The day's weather.
        weather: ArtifactRef,
        /// All planes.
        planes: ArtifactRef,
        /// All airports.
        airports: ArtifactRef,
        /// All airlines.
        airlines: ArtifactRef,
    },
    /// What the day's extract said and what the transform made of it.
    Check {
        /// The extract of the day's flights.
        flights: Extracted,
        /// The transform of the same day.
        transformed: Transformed,
    },
    /// The transformed day and the check that passed on it.
    Load {
        /// The transform of the day.
        transformed: Transformed,
        /// The check of the same artifact.
        checked: Checked,
    },
    /// What every day's load said.
    Publish {
        /// One entry a day of the source's range, in any order.
        loaded: Vec<Loaded>,
    },
    /// What was published.
    Announce {
        /// The publication.
        published: Published,
    },
    /// Nothing: what is undone is the run's own `announce`, whatever became of it.
    UndoAnnounce,
    /// Nothing: what is undone is the run's own `publish`, whatever became of it.
    UndoPublish,
    /// Nothing: what is undone is the run's own `load` of the day, whatever became of it.
    UndoLoad,
    /// What is waited for.
    Escalate {
        /// For whoever reads it.
        reason: String,
    },
    /// Nothing: an order is known by its run.
    Reserve,
    /// Nothing: an order is known by its run.
    Charge,
    /// Nothing: an order is known by its run.
    Book,
    /// Nothing: what is undone is the order's own `book`, whatever became of it.
    UndoBook,
    /// Nothing: what is undone is the order's own `charge`, whatever became of it.
    UndoCharge,
    /// Nothing: what is undone is the order's own `reserve`, whatever became of it.
    UndoReserve,
}

impl StepInputs {
    /// The step that these inputs are for.
    #[must_use]
    pub fn step(&self) -> StepName {
        match self {
            Self::ExtractAirlines => StepName::ExtractAirlines,
            Self::ExtractAirports => StepName::ExtractAirports,
            Self::ExtractPlanes => StepName::ExtractPlanes,
            Self::ExtractFlights => StepName::ExtractFlights,
            Self::ExtractWeather => StepName::ExtractWeather,
            Self::Transform { .. } => StepName::Transform,
            Self::Check { .. } => StepName::Check,
            Self::Load { .. } => StepName::Load,
            Self::Publish { .. } => StepName::Publish,
            Self::Announce { .. } => StepName::Announce,
            Self::UndoAnnounce => StepName::UndoAnnounce,
            Self::UndoPublish => StepName::UndoPublish,
            Self::UndoLoad => StepName::UndoLoad,
            Self::Escalate { .. } => StepName::Escalate,
            Self::Reserve => StepName::Reserve,
            Self::Charge => StepName::Charge,
            Self::Book => StepName::Book,
            Self::UndoBook => StepName::UndoBook,
            Self::UndoCharge => StepName::UndoCharge,
            Self::UndoReserve => StepName::UndoReserve,
        }
    }
}

/// One attempt at a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepCall {
    /// The run's id, chosen by whoever starts it.
    pub run: String,
    /// The source's name; of an order, [`ORDERS`].
    pub source: String,
    /// The day; `None` for the steps that run once a run.
    pub partition: Option<Day>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The fencing token: a higher one is newer.
    pub token: u64,
    /// The step and its inputs.
    pub inputs: StepInputs,
}

impl StepCall {
    /// The step that is called.
    #[must_use]
    pub fn step(&self) -> StepName {
        self.inputs.step()
    }

    /// [`idempotency_key`] of this call: the same for every attempt at the same step.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        self.key_of(self.step())
    }

    /// The idempotency key of the step that this one undoes; `None` when it is no compensation.
    #[must_use]
    pub fn undone_key(&self) -> Option<String> {
        self.step().undoes().map(|act| self.key_of(act))
    }

    fn key_of(&self, step: StepName) -> String {
        idempotency_key(&self.run, step, self.partition)
    }
}

/// What a step gives back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "output", content = "value", rename_all = "snake_case")]
pub enum StepOutput {
    /// Of the five extract steps.
    Extracted(Extracted),
    /// Of `transform`.
    Transformed(Transformed),
    /// Of `check`.
    Checked(Checked),
    /// Of `load`.
    Loaded(Loaded),
    /// Of `publish`.
    Published(Published),
    /// Of `announce`.
    Announced(Announced),
    /// Of the compensations.
    Undone(Undone),
    /// Of `escalate`.
    Escalated(Escalated),
    /// Of `reserve`, `charge` and `book`.
    Served(Served),
}

/// Writes the `try_into_…` method of one variant.
macro_rules! try_into {
    ($($method:ident $variant:ident $name:literal,)*) => {
        impl StepOutput {
            /// The variant's name, as in JSON.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            $(
                #[doc = concat!("The `", $name, "` output.\n\n# Errors\n[`ErrorType::BadInput`] when it is another step's output.")]
                pub fn $method(self) -> Result<$variant, StepError> {
                    match self {
                        Self::$variant(value) => Ok(value),
                        other => Err(StepError::new(
                            ErrorType::BadInput,
                            format!(concat!("step output: expected ", $name, ", found {}"), other.name()),
                        )),
                    }
                }
            )*
        }
    };
}

try_into! {
    try_into_extracted Extracted "extracted",
    try_into_transformed Transformed "transformed",
    try_into_checked Checked "checked",
    try_into_loaded Loaded "loaded",
    try_into_published Published "published",
    try_into_announced Announced "announced",
    try_into_undone Undone "undone",
    try_into_escalated Escalated "escalated",
    try_into_served Served "served",
}

impl StepOutput {
    /// The data version of what the step made, when it made data: the digest that the journal
    /// records as output.
    #[must_use]
    pub fn digest(&self) -> &str {
        match self {
            Self::Extracted(extracted) => &extracted.artifact.digest,
            Self::Transformed(transformed) => &transformed.artifact.digest,
            Self::Checked(checked) => &checked.digest,
            Self::Loaded(loaded) => &loaded.digest,
            Self::Published(published) => &published.digest,
            Self::Announced(announced) => &announced.version,
            Self::Undone(undone) => &undone.now,
            Self::Escalated(escalated) => &escalated.receipt,
            Self::Served(served) => &served.receipt,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn calls_and_outputs_survive_json() {
        let call = StepCall {
            run: "r1".into(),
            source: "all".into(),
            partition: Some("2013-01-31".parse().unwrap()),
            attempt: 2,
            token: 7,
            inputs: StepInputs::ExtractFlights,
        };
        assert_eq!(call.idempotency_key(), "r1/extract_flights/2013-01-31");
        let json = serde_json::to_string(&call).unwrap();
        assert_eq!(serde_json::from_str::<StepCall>(&json).unwrap(), call);

        let output = StepOutput::Announced(Announced {
            version: "v".into(),
            receipt: "r".into(),
        });
        let json = serde_json::to_string(&output).unwrap();
        assert_eq!(serde_json::from_str::<StepOutput>(&json).unwrap(), output);
        let error = output.try_into_loaded().unwrap_err();
        assert_eq!(
            error.message,
            "step output: expected loaded, found announced"
        );
        assert!(!error.retryable());
    }
}
