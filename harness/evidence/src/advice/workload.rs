//! A workload, as its file says it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::claim::hint;

/// A pipeline of the reader's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// What it is called.
    pub title: String,
    /// Steps of a run, 1 to 100,000.
    pub steps: u32,
    /// How long a step takes, seconds.
    pub step_seconds: f64,
    /// How many runs there are a day.
    pub runs_a_day: f64,
    /// Whether somebody decides while a run waits.
    #[serde(default)]
    pub people: bool,
    /// The longest that a run waits for something outside, hours.
    #[serde(default)]
    pub longest_wait_hours: f64,
    /// Whether what a run did is to be undone when it fails for good.
    #[serde(default)]
    pub undo: bool,
    /// Whether it is asked which data was made from which, and when.
    #[serde(default)]
    pub lineage: bool,
    /// Whether many partitions are made at once, such as those of a year.
    #[serde(default)]
    pub backfill: bool,
    /// Whether steps are calls of services, which may be late, fail or refuse.
    #[serde(default)]
    pub services: bool,
    /// Whether steps are the models of a dbt project.
    #[serde(default)]
    pub dbt_models: bool,
    /// The share of attempts at a step that fail.
    #[serde(default)]
    pub failed_attempts: f64,
    /// How often a process that has runs in work dies, a month.
    #[serde(default)]
    pub kills_a_month: f64,
    /// How many partitions of a source are corrected after they were loaded, a month.
    #[serde(default)]
    pub corrections_a_month: f64,
}

/// Why a workload's file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}:{line}: {message}")]
pub struct WorkloadError {
    /// The file.
    pub place: String,
    /// The line, from 1.
    pub line: usize,
    /// What was expected and what was found, with the nearest known name.
    pub message: String,
}

/// How many steps a run may have.
pub(super) const STEPS: RangeInclusive<u32> = 1..=100_000;

const YEAR_HOURS: f64 = 24.0 * 365.0;

impl Workload {
    /// Reads one.
    ///
    /// # Errors
    /// A name that is not known, a value that cannot be, a wrong type: the first of them.
    pub fn parse(place: &str, text: &str) -> Result<Self, WorkloadError> {
        let refuse = |line: usize, message: String| WorkloadError {
            place: place.to_owned(),
            line,
            message,
        };
        let workload: Self = toml::from_str(text).map_err(|error| {
            let begin = error.span().map_or(0, |span| span.start);
            let line = text[..begin].matches('\n').count() + 1;
            let message = error.message().trim().replace('\n', " ");
            refuse(line, format!("{message}{}", hint(&message)))
        })?;
        match workload.impossible() {
            None => Ok(workload),
            Some((field, message)) => {
                let at = text
                    .lines()
                    .position(|line| line.trim_start().starts_with(field));
                Err(refuse(at.map_or(1, |at| at + 1), message))
            }
        }
    }

    /// A field whose value cannot be, with what was expected.
    fn impossible(&self) -> Option<(&'static str, String)> {
        let bounds: [(&str, f64, f64, f64); 7] = [
            (
                "steps",
                f64::from(self.steps),
                f64::from(*STEPS.start()),
                f64::from(*STEPS.end()),
            ),
            ("step_seconds", self.step_seconds, 0.0, 7.0 * 86_400.0),
            ("runs_a_day", self.runs_a_day, 0.0, 1e8),
            (
                "longest_wait_hours",
                self.longest_wait_hours,
                0.0,
                100.0 * YEAR_HOURS,
            ),
            ("failed_attempts", self.failed_attempts, 0.0, 0.99),
            ("kills_a_month", self.kills_a_month, 0.0, 1e6),
            ("corrections_a_month", self.corrections_a_month, 0.0, 1e6),
        ];
        let mut outside = bounds
            .iter()
            .filter(|(_, value, low, high)| !(low..=high).contains(&value));
        outside.next().map(|(field, value, low, high)| {
            (
                *field,
                format!("{field}: expected {low} to {high}, found {value}"),
            )
        })
    }

    /// As its file has it, without what it does not ask for.
    pub(super) fn to_toml(&self) -> String {
        let mut table = toml::Table::try_from(self).unwrap_or_default();
        table.retain(|_, value| {
            value.as_bool().unwrap_or(true) && value.as_float().is_none_or(|value| value > 0.0)
        });
        table.to_string().trim_end().to_owned()
    }

    /// Whether a field asks for something: it is true, or above 0.
    pub(super) fn asks(&self, field: &str) -> bool {
        let value = serde_json::to_value(self).unwrap_or_default();
        let value = &value[field];
        value
            .as_bool()
            .unwrap_or_else(|| value.as_f64().is_some_and(|value| value > 0.0))
    }
}
