//! A workload, as its file says it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::field::{self, FIELDS};
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
    /// Whether the steps are made side by side, not one after the other.
    #[serde(default)]
    pub side_by_side: bool,
    /// How many runs, or partitions, there are a day.
    pub runs_a_day: f64,
    /// How many runs begin a second when most do; 0 where that is no matter.
    #[serde(default)]
    pub peak_runs_a_second: f64,
    /// On how many hosts steps are made.
    #[serde(default = "one")]
    pub hosts: u32,
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
    /// What a billable action of a durable workflow costs; 0 where it is operated by oneself.
    #[serde(default)]
    pub price_an_action: f64,
    /// What a materialization of an asset costs; 0 where it is operated by oneself.
    #[serde(default)]
    pub price_a_materialization: f64,
}

fn one() -> u32 {
    1
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
        let mut refused = FIELDS
            .iter()
            .filter_map(|field| Some((field.name, field.refuses(self)?)));
        refused.next()
    }

    /// The same with another value of a field, one that it may be.
    pub(super) fn with(&self, field: &str, value: toml::Value) -> Self {
        let mut table = self.as_table();
        table.insert(field.to_owned(), value);
        table.try_into().unwrap_or_else(|_| self.clone())
    }

    /// As its file has it, without what need not be said.
    pub(super) fn to_toml(&self) -> String {
        let mut said = self.as_table();
        for field in FIELDS {
            let mut without = said.clone();
            without.remove(field.name);
            if without.clone().try_into::<Self>().as_ref() == Ok(self) {
                said = without;
            }
        }
        said.to_string().trim_end().to_owned()
    }

    /// Whether a field asks for something: it is true, or above the least.
    pub(super) fn asks(&self, field: &str) -> bool {
        field::named(field).is_some_and(|field| field.asks(self))
    }

    /// The number that a field has; 0 of one that has none.
    pub(super) fn number(&self, field: &str) -> f64 {
        field::named(field).map_or(0.0, |field| field.number(self))
    }

    /// How its steps depend on one another, as measurements have it.
    pub(super) fn shape(&self) -> &'static str {
        if self.side_by_side {
            "fan-out"
        } else {
            "chain"
        }
    }

    pub(super) fn as_table(&self) -> toml::Table {
        toml::Table::try_from(self).unwrap_or_default()
    }
}
