//! What the questions are about: the parameters of a trial.

use orchbench_journal::{Day, StepName};
use serde::{Deserialize, Serialize};

/// What the questions are about, the same for every engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The run, whose publication fails at first and is retried.
    pub run: String,
    /// Its source.
    pub source: String,
    /// A run whose publication fails for good.
    pub failing_run: String,
    /// The source of that one.
    pub failing_source: String,
    /// The partition of the run's source that is found to be bad.
    pub day: Day,
    /// The step whose code is changed before it is asked what is stale.
    pub changed: StepName,
    /// The name under which the publication is approved.
    pub approver: String,
    /// The retry policy's constant delay.
    pub delay_ms: u64,
    /// Whether the run is deleted at last and asked about once more: an engine may take most of a
    /// minute to forget it.
    #[serde(default)]
    pub delete: bool,
}

impl Subject {
    /// Both sources.
    pub fn sources(&self) -> [&str; 2] {
        [&self.source, &self.failing_source]
    }
}

/// What a step makes, in the words of answers: `load/2013-01-01`, or `publish`.
pub fn piece(step: impl std::fmt::Display, day: Option<impl std::fmt::Display>) -> String {
    match day {
        Some(day) => format!("{step}/{day}"),
        None => step.to_string(),
    }
}
