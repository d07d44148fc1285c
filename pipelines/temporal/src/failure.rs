//! Failures: how a step's error becomes Temporal's, and how a workflow's failure is read again.
//!
//! The name of a step's error ([`orchbench_etl::ErrorType`]) is Temporal's error type, on the wire,
//! in the UI and in retry policies. The types that no retry cures are marked as non-retryable by the
//! activity itself, so that they end a step at once whatever policy the caller brought.

use std::fmt;
use std::time::Duration;

use orchbench_etl::{ErrorType, StepError};
use serde::{Deserialize, Serialize};
use temporalio_common::error::{IncomingError, OutgoingWorkflowError};
use temporalio_common::protos::temporal::api::failure::v1::{
    Failure as Proto, failure::FailureInfo,
};
use temporalio_sdk::activities::ActivityError;
use temporalio_sdk::{ActivityExecutionError, ApplicationFailure, WorkflowTermination};

/// Why a workflow did not complete: the innermost cause, which names what happened, and the chain
/// that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error type by name, such as `UnknownSource`; `Timeout`, `Cancelled` or `Terminated` for
    /// what Temporal ended itself, and `Failed` for a failure without a name.
    pub error_type: String,
    /// What the innermost cause says.
    pub message: String,
    /// Whether the innermost cause said that no retry helps.
    pub non_retryable: bool,
    /// The messages from the workflow inwards, the innermost one last.
    pub chain: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl std::error::Error for Failure {}

/// How a workflow ended that did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By its own word.
    Failed,
    /// By its own word, asked to.
    Cancelled,
    /// From outside, without being asked.
    Terminated,
    /// By the server, at the end of its time.
    TimedOut,
}

impl Failure {
    /// How the workflow ended. One that failed of something cancelled inside it has failed.
    #[must_use]
    pub fn end(&self) -> End {
        match (self.chain.as_slice(), self.error_type.as_str()) {
            ([_], "Cancelled") => End::Cancelled,
            ([_], "Terminated") => End::Terminated,
            ([_], "Timeout") => End::TimedOut,
            _ => End::Failed,
        }
    }

    /// A failure that Temporal itself states and that has no cause.
    #[must_use]
    pub fn plain(error_type: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            error_type: error_type.to_owned(),
            message: message.clone(),
            non_retryable: false,
            chain: vec![message],
        }
    }
}

impl From<&IncomingError> for Failure {
    fn from(error: &IncomingError) -> Self {
        let mut chain = vec![error.failure().message.clone()];
        let mut innermost = error;
        while let Some(cause) = innermost.cause() {
            chain.push(cause.failure().message.clone());
            innermost = cause;
        }
        let (error_type, non_retryable) = match innermost {
            IncomingError::Application(failure) => (
                failure.type_name().unwrap_or("Failed").to_owned(),
                failure.is_non_retryable(),
            ),
            IncomingError::Timeout(timeout) => {
                (format!("Timeout{:?}", timeout.timeout_type()), false)
            }
            IncomingError::Cancelled(_) => ("Cancelled".to_owned(), false),
            IncomingError::Terminated(_) => ("Terminated".to_owned(), false),
            _ => ("Failed".to_owned(), false),
        };
        Self {
            error_type,
            message: innermost.failure().message.clone(),
            non_retryable,
            chain,
        }
    }
}

impl From<&Proto> for Failure {
    /// What a refused or failed update carries.
    fn from(failure: &Proto) -> Self {
        let mut chain = vec![failure.message.clone()];
        let mut innermost = failure;
        while let Some(cause) = &innermost.cause {
            chain.push(cause.message.clone());
            innermost = cause;
        }
        let (error_type, non_retryable) = match &innermost.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) if !info.r#type.is_empty() => {
                (info.r#type.clone(), info.non_retryable)
            }
            _ => ("Failed".to_owned(), false),
        };
        Self {
            error_type,
            message: innermost.message.clone(),
            non_retryable,
            chain,
        }
    }
}

/// A step's error as an activity's. Where the other side has said when to come again (HTTP 429 with
/// `Retry-After`), that is the next retry's delay, in place of the policy's.
#[must_use]
pub fn activity_error(error: &StepError) -> ActivityError {
    step_error(error, false)
}

/// [`activity_error`] of an activity that counts its attempts itself; after the `last` one there is no
/// other.
pub(crate) fn step_error(error: &StepError, last: bool) -> ActivityError {
    let retry_after = error.retry_after_ms.map(Duration::from_millis);
    ActivityError::application(
        ApplicationFailure::builder(error.message.clone())
            .type_name(error.error_type.as_str().to_owned())
            .non_retryable(last || !error.retryable())
            .maybe_next_retry_delay(retry_after)
            .build(),
    )
}

/// The same for a compensation, of which no error says that no retry helps: there is no third thing
/// to do when it does not hold, so it is tried until someone has mended what is in its way.
#[must_use]
pub fn compensation_error(error: &StepError) -> ActivityError {
    let failure = named(error.error_type.as_str(), error.message.clone(), false);
    ActivityError::application(failure)
}

/// The end of such an activity whose attempts are used up, the last ones without a word.
pub(crate) fn attempts_exhausted(most: u32) -> ActivityError {
    let message = format!("expected an end within {most} attempts, found none");
    ActivityError::application(named("AttemptsExhausted", message, true))
}

/// The failure of a workflow whose argument makes no sense.
#[must_use]
pub fn bad_input(message: String) -> WorkflowTermination {
    named(ErrorType::BadInput.as_str(), message, true).into()
}

/// The failure of a workflow from that of an activity, under the name that the activity gave it.
///
/// A step's failure keeps its chain (which activity, how many attempts). A source that does not exist
/// is the caller's mistake, not an activity's: it stands at the top, where every client looks first.
pub(crate) fn unwrapped(error: ActivityExecutionError) -> WorkflowTermination {
    match error.reason() {
        Some(IncomingError::Application(cause)) if cause.is_non_retryable() => {
            let name = cause.type_name().unwrap_or("Failed").to_owned();
            named(&name, cause.to_string(), true).into()
        }
        _ => error.into(),
    }
}

/// The end of a workflow that was cancelled while it waited for an activity or a child.
///
/// The error of what it waited for says "cancelled", but as an error: passed on as it is, it would
/// close the workflow as failed.
#[must_use]
pub fn closing(end: WorkflowTermination) -> WorkflowTermination {
    match end {
        WorkflowTermination::Failed(error) if error.as_cancelled().is_some() => {
            WorkflowTermination::cancelled()
        }
        other => other,
    }
}

/// Why a workflow's part ended as it did: the innermost cause, by name where it has one.
pub(crate) fn reason(end: &WorkflowTermination) -> String {
    let cause = match end {
        WorkflowTermination::Failed(OutgoingWorkflowError::ActivityExecution(error)) => {
            error.reason()
        }
        WorkflowTermination::Failed(OutgoingWorkflowError::ChildWorkflowExecution(error)) => {
            error.reason()
        }
        _ => None,
    };
    cause.map_or_else(|| end.to_string(), |cause| Failure::from(cause).to_string())
}

fn named(name: &str, message: String, non_retryable: bool) -> ApplicationFailure {
    ApplicationFailure::builder(message)
        .type_name(name.to_owned())
        .non_retryable(non_retryable)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steps_error_keeps_its_name_and_says_whether_a_retry_helps() {
        for error_type in ErrorType::ALL {
            let error = activity_error(&StepError::new(error_type, "why"));
            let ActivityError::Application(failure) = error else {
                panic!("expected an application failure, found {error:?}");
            };
            assert_eq!(failure.type_name(), Some(error_type.as_str()));
            assert_eq!(failure.is_non_retryable(), !error_type.retryable());
            assert_eq!(failure.to_string(), "why");
            assert_eq!(failure.next_retry_delay(), None);
        }
    }

    #[test]
    fn what_the_other_side_says_about_the_next_attempt_counts() {
        let busy = StepError {
            retry_after_ms: Some(1_500),
            ..StepError::new(ErrorType::Throttled, "busy")
        };
        let ActivityError::Application(failure) = activity_error(&busy) else {
            panic!("expected an application failure");
        };
        assert_eq!(
            failure.next_retry_delay(),
            Some(Duration::from_millis(1_500))
        );
    }
}
