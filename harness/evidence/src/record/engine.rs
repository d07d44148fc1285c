//! What a plan says of an engine: what its checks, its figures and the sentences about it rest on.
//! Nothing in this crate spells the name of one.

use std::collections::BTreeMap;

use orchbench_journal::RetrySpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An engine that takes part in a run, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineRecord {
    /// Registered name, as in [`super::TrialPlan::engine`].
    pub name: String,
    /// What sentences call it.
    pub label: String,
    /// What it is.
    pub what: String,
    /// What it consists of beside its workers, and where it runs.
    pub place: String,
    /// Its colour in charts, `#rrggbb`.
    pub colour: String,
    /// What kind of orchestrator it is.
    pub family: Family,
    /// Where it can execute its steps; the first is its default.
    pub executions: Vec<String>,
    /// In which of them, by its own word, a run goes on when the process that holds it has died and is
    /// started again: `execution`, or `execution/settings` where it does so under these settings alone.
    pub resumes: Vec<String>,
    /// Whether it has a server beside its workers.
    pub server: bool,
    /// How its retries are spaced where the policy's delay grows.
    pub retry_schedule: RetrySchedule,
    /// How it learns of a lost attempt and what it does then, in sentences.
    pub recovery: String,
}

/// A kind of orchestrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Code as workflow, its progress durable.
    DurableWorkflow,
    /// Declared data assets, materialized where they are missing or stale.
    AssetStyle,
    /// None: what the costs of the others are held against.
    Floor,
}

impl EngineRecord {
    /// The execution of a trial or a measurement with these factors: the one that they name, else the first.
    pub fn execution<'a>(&'a self, factors: &'a BTreeMap<String, String>) -> Option<&'a String> {
        factors.get("execution").or(self.executions.first())
    }
}

/// How an engine documents the wait before a retry, for a coefficient other than 1. Under a constant
/// delay all agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetrySchedule {
    /// Before retry k: coefficient^(k−1) · delay (Temporal).
    Exponential,
    /// Before retry k: (coefficient^k − 1) · delay (Dagster).
    ExponentialLessOne,
}

impl RetrySchedule {
    /// The wait before attempt `failed` + 1, milliseconds.
    pub fn delay_ms(self, retry: &RetrySpec, failed: u32) -> f64 {
        let exponent = i32::try_from(failed).unwrap_or(i32::MAX);
        let coefficient = retry.backoff_coefficient;
        let factor = match self {
            _ if coefficient == 1.0 => 1.0,
            Self::Exponential => coefficient.powi(exponent - 1),
            Self::ExponentialLessOne => coefficient.powi(exponent) - 1.0,
        };
        (retry.delay_ms as f64 * factor).min(retry.max_delay_ms as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedules_are_the_documented_ones() {
        let retry = RetrySpec {
            delay_ms: 100,
            backoff_coefficient: 2.0,
            max_delay_ms: 500,
            ..RetrySpec::default()
        };
        let waits = |schedule: RetrySchedule| [1, 2, 3, 4].map(|k| schedule.delay_ms(&retry, k));
        assert_eq!(
            waits(RetrySchedule::Exponential),
            [100.0, 200.0, 400.0, 500.0]
        );
        assert_eq!(
            waits(RetrySchedule::ExponentialLessOne),
            [100.0, 300.0, 500.0, 500.0]
        );
        let constant = RetrySpec {
            backoff_coefficient: 1.0,
            ..retry
        };
        assert_eq!(
            RetrySchedule::ExponentialLessOne.delay_ms(&constant, 3),
            100.0
        );
    }
}
