//! How the assets of the ETL are executed.

use std::collections::BTreeMap;

use asset_engine::{Backoff, Execution, RetryPolicy};
use orchbench_etl::{RetrySpec, StepCommand, StepName};

use crate::AssetsError;

/// How the assets of the ETL are executed.
#[derive(Debug, Clone, Default)]
pub struct GraphOptions {
    /// The retry policy of every asset.
    pub retry: RetrySpec,
    /// In worker threads, or each step in a process of its own.
    pub execution: Execution,
    /// The program of a step's process; `None` = this one ([`StepCommand::own`]). It speaks as
    /// [`orchbench_etl::process`] says.
    pub command: Option<StepCommand>,
    /// Whether the announcement waits for a person's word, see [`crate::Verdict`].
    pub gated: bool,
    /// Whether somebody is told that there is something to approve.
    pub tells: bool,
    /// Whether the daily inputs are looked at by day, and not as whole files.
    pub inputs_by_day: bool,
    /// Versions of the code behind steps that have changed.
    pub code_versions: BTreeMap<StepName, String>,
}

impl GraphOptions {
    /// The policy in the engine's terms.
    ///
    /// A coefficient of 1 is a constant delay. A coefficient of 2 is the engine's exponential
    /// backoff, whose schedule is Dagster's, `(2^k − 1) · delay`. Attempts that die with the
    /// executor count as attempts and are not made good by others, as on Temporal.
    ///
    /// # Errors
    /// Another coefficient, which no schedule of the engine matches.
    pub fn retry_policy(&self) -> Result<RetryPolicy, AssetsError> {
        let coefficient = self.retry.backoff_coefficient;
        let backoff = if (coefficient - 1.0).abs() < f64::EPSILON {
            Backoff::Constant
        } else if (coefficient - 2.0).abs() < f64::EPSILON {
            Backoff::Exponential
        } else {
            return Err(AssetsError::Backoff { found: coefficient });
        };
        let max_retries = self.retry.max_attempts.checked_sub(1).unwrap_or(u32::MAX);
        Ok(RetryPolicy::constant(max_retries, self.retry.delay_ms)
            .backoff(backoff)
            .max_delay_ms(self.retry.max_delay_ms)
            .non_retryable(self.retry.non_retryable.clone())
            .max_crash_retries(0))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn attempts_become_retries() {
        let mut options = GraphOptions::default();
        options.retry.max_attempts = 5;
        assert_eq!(options.retry_policy().unwrap().max_retries, 4);
        options.retry.max_attempts = 0;
        assert_eq!(options.retry_policy().unwrap().max_retries, u32::MAX);
        options.retry.backoff_coefficient = 1.5;
        assert_eq!(
            options.retry_policy().unwrap_err().to_string(),
            "retry backoff coefficient 1.5: the asset engine has 1 (constant) and 2 (exponential)"
        );
    }
}
