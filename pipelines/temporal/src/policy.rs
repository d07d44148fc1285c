//! How long a step may take and how it is retried: the only place that says so.
//!
//! The engine-neutral [`RetrySpec`] is put into Temporal's terms without loss: Temporal's maximum
//! attempts count the first one, as the spec does, and 0 means no limit in both. The wait before
//! attempt n + 1 is `delay · coefficient^(n − 1)`, capped
//! (<https://docs.temporal.io/encyclopedia/retry-policies>). The server's timer queue may round a
//! wait up to its own time shift (`history.timerProcessorMaxTimeShift`, 1 s by default).

use std::time::Duration;

use orchbench_etl::{ErrorType, RetrySpec, StepName, Synthetic};
use temporalio_common::RetryPolicy;
use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, LocalActivityOptions, WorkflowCancellationToken,
};

use crate::input::{PartitionInput, PipelineInput};

/// The policy of one run, from which every activity gets its options.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    retry: RetryPolicy,
    start_to_close: Duration,
    heartbeat_timeout: Duration,
}

impl From<&PipelineInput> for Policy {
    fn from(input: &PipelineInput) -> Self {
        Self::new(
            &input.retry,
            input.start_to_close_ms,
            input.heartbeat_timeout_ms,
        )
    }
}

impl From<&PartitionInput> for Policy {
    fn from(input: &PartitionInput) -> Self {
        Self::new(
            &input.retry,
            input.start_to_close_ms,
            input.heartbeat_timeout_ms,
        )
    }
}

impl Policy {
    fn new(retry: &RetrySpec, start_to_close_ms: u64, heartbeat_timeout_ms: u64) -> Self {
        Self {
            retry: retry_policy(retry),
            start_to_close: Duration::from_millis(start_to_close_ms),
            heartbeat_timeout: Duration::from_millis(heartbeat_timeout_ms),
        }
    }

    /// The options of a step's activity. Every step sends heartbeats: without them, a worker that
    /// died would be noticed only after the whole start-to-close timeout.
    #[must_use]
    pub fn step(&self, step: StepName) -> ActivityOptions {
        ActivityOptions::with_start_to_close_timeout(self.start_to_close)
            .heartbeat_timeout(self.heartbeat_timeout)
            .retry_policy(self.retry.clone())
            .summary(step.as_str())
            .build()
    }

    /// The options of a step that pretends to work. It has the time that it takes and as much again as
    /// a busy machine may need; that its worker died is noticed by its heartbeats.
    #[must_use]
    pub fn synthetic(work: &Synthetic) -> ActivityOptions {
        let timeout = Duration::from_millis(work.step_ms) + Duration::from_secs(10);
        ActivityOptions::with_start_to_close_timeout(timeout)
            .heartbeat_timeout(Duration::from_secs(2))
            .retry_policy(retry_policy(&work.retry))
            .build()
    }

    /// The options of an act that will be undone when the workflow does not come to its end. A
    /// cancelled workflow waits until the act has ended one way or the other: only then is it known
    /// that nothing of it is under way any more when its compensation begins.
    #[must_use]
    pub fn act(&self, step: StepName) -> ActivityOptions {
        let mut options = self.step(step);
        options.cancellation_type = ActivityCancellationType::WaitCancellationCompleted;
        options
    }

    /// The options of a long activity, which counts its attempts itself, up to
    /// [`Policy::max_attempts`]: see [`crate::activities::ExtractDays`].
    #[must_use]
    pub fn long(&self, step: StepName) -> ActivityOptions {
        let mut retry = self.retry.clone();
        retry.set_maximum_attempts(0);
        let mut options = self.act(step);
        options.retry_policy = Some(retry);
        options
    }

    /// How many attempts a step has; 0 means no limit.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.retry.maximum_attempts()
    }

    /// The options of a compensation: tried again until it holds, whatever it fails with, and not
    /// cancelled with the workflow (a token of its own stands in place of the workflow's).
    #[must_use]
    pub fn compensation(&self, step: StepName) -> ActivityOptions {
        let mut retry = self.retry.clone();
        retry
            .set_maximum_attempts(0)
            .set_non_retryable_error_types(Vec::<String>::new());
        let mut options = self.step(step);
        options.retry_policy = Some(retry);
        options.cancellation_token = Some(WorkflowCancellationToken::new());
        options
    }

    /// The options of a lookup without effect, made where the workflow runs.
    #[must_use]
    pub fn lookup(&self) -> LocalActivityOptions {
        LocalActivityOptions::builder()
            .start_to_close_timeout(Duration::from_secs(5))
            .retry_policy(self.retry.clone())
            .build()
    }
}

/// [`RetrySpec`] in Temporal's terms. The error types that no retry cures are always among the
/// non-retryable ones, whatever the spec says: the activities mark them so besides.
#[must_use]
pub fn retry_policy(spec: &RetrySpec) -> RetryPolicy {
    let mut non_retryable = spec.non_retryable.clone();
    for name in ErrorType::NON_RETRYABLE {
        if !non_retryable.iter().any(|known| known == name) {
            non_retryable.push((*name).to_owned());
        }
    }
    // Temporal takes an interval of 0 for "not set" and then waits its default second.
    let delay = Duration::from_millis(spec.delay_ms.max(1));
    RetryPolicy::builder()
        .initial_interval(delay)
        .backoff_coefficient(spec.backoff_coefficient)
        .maximum_interval(Duration::from_millis(spec.max_delay_ms).max(delay))
        .maximum_attempts(spec.max_attempts)
        .non_retryable_error_types(non_retryable)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_is_translated_without_loss() {
        let spec = RetrySpec {
            max_attempts: 3,
            delay_ms: 250,
            backoff_coefficient: 2.0,
            max_delay_ms: 1_000,
            non_retryable: vec!["Mine".to_owned()],
        };
        let policy = retry_policy(&spec);
        assert_eq!(policy.maximum_attempts(), 3);
        assert_eq!(policy.initial_interval(), Duration::from_millis(250));
        assert_eq!(policy.maximum_interval(), Some(Duration::from_secs(1)));
        assert!((policy.backoff_coefficient() - 2.0).abs() < f64::EPSILON);
        let names = policy.non_retryable_error_types();
        assert!(names.contains(&"Mine".to_owned()) && names.contains(&"CheckFailed".to_owned()));
    }

    #[test]
    fn every_step_has_a_heartbeat_timeout() {
        let policy = Policy::from(&PipelineInput::new("all"));
        for step in StepName::ALL {
            let options = policy.step(step);
            assert_eq!(options.heartbeat_timeout, Some(Duration::from_secs(2)));
        }
    }

    #[test]
    fn a_compensation_is_tried_without_end() {
        let options = Policy::from(&PipelineInput::new("all")).compensation(StepName::UndoLoad);
        let retry = options.retry_policy.as_ref();
        assert_eq!(retry.map(RetryPolicy::maximum_attempts), Some(0));
        assert!(retry.is_some_and(|retry| retry.non_retryable_error_types().is_empty()));
        assert!(options.cancellation_token.is_some());
    }
}
