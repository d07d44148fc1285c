//! What the server knows of a workflow: its history, and the activities that are under way.
//!
//! An activity that is retried does not write an event a failed attempt: the history has the last
//! attempt only, when it is over. Until then the attempts are seen among the pending activities.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use temporalio_client::{WorkflowDescribeOptions, WorkflowFetchHistoryOptions};
use temporalio_common::UntypedWorkflow;
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState};
use temporalio_common::protos::temporal::api::failure::v1::{Failure, failure::FailureInfo};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent as ProtoEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

use super::{Client, ClientError};
use crate::heartbeat::Progress;

/// One event of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// The event's number, from 1.
    pub id: i64,
    /// The kind, such as `ActivityTaskScheduled`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When, by the server's clock, in nanoseconds since 1970.
    pub t_ns: u64,
    /// The activity's type, for the events of an activity.
    pub activity: Option<String>,
    /// The attempt, for events that state it: of an activity or of a workflow task.
    pub attempt: Option<u32>,
    /// The child workflow's id, for the events of a child.
    pub child: Option<String>,
    /// The worker that wrote it.
    pub identity: Option<String>,
    /// What went wrong, with the error type before it when there is one.
    pub failure: Option<String>,
}

/// An activity that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingActivity {
    /// The activity's id within its workflow.
    pub id: String,
    /// The activity's type.
    pub activity: String,
    /// `Scheduled` (waits for a worker, or for its next attempt), `Started`, …
    pub state: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The last heartbeat, by the server's clock, in nanoseconds since 1970.
    pub last_heartbeat_ns: Option<u64>,
    /// Rows that the last heartbeat reported.
    pub rows: Option<u64>,
    /// When the current attempt began, in nanoseconds since 1970.
    pub last_started_ns: Option<u64>,
    /// Why the last attempt failed, with the error type before it when there is one.
    pub last_failure: Option<String>,
    /// The worker of the last attempt.
    pub last_worker: String,
}

impl Client {
    /// The history of an execution, or of the latest one.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn history(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Vec<HistoryEvent>, ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, run_id);
        let events = handle
            .fetch_history(WorkflowFetchHistoryOptions::default())
            .into_events()
            .await
            .map_err(|error| self.interaction(workflow_id, &error))?;
        let mut activities = HashMap::new();
        Ok(events
            .iter()
            .map(|event| summary(event, &mut activities))
            .collect())
    }

    /// The history of an execution, or of the latest one, as the SDK's replayer reads it.
    ///
    /// # Errors
    /// [`ClientError::Server`].
    pub async fn history_json(
        &self,
        workflow_id: &str,
        run_id: Option<&str>,
    ) -> Result<Vec<u8>, ClientError> {
        self.handle::<UntypedWorkflow>(workflow_id, run_id)
            .fetch_history(WorkflowFetchHistoryOptions::default())
            .to_json()
            .await
            .map_err(|error| super::server(workflow_id, &error))
    }

    /// The activities of the latest execution that have not ended; children have their own.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn pending_activities(
        &self,
        workflow_id: &str,
    ) -> Result<Vec<PendingActivity>, ClientError> {
        let description = self
            .handle::<UntypedWorkflow>(workflow_id, None)
            .describe(WorkflowDescribeOptions::default())
            .await
            .map_err(|error| self.interaction(workflow_id, &error))?;
        let pending = description.into_raw().pending_activities;
        Ok(pending.into_iter().map(pending_activity).collect())
    }

    /// The ids of the children of the latest execution that have not ended.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn pending_children(&self, workflow_id: &str) -> Result<Vec<String>, ClientError> {
        let description = self
            .handle::<UntypedWorkflow>(workflow_id, None)
            .describe(WorkflowDescribeOptions::default())
            .await
            .map_err(|error| self.interaction(workflow_id, &error))?;
        let pending = description.into_raw().pending_children;
        Ok(pending.into_iter().map(|child| child.workflow_id).collect())
    }
}

/// One event; `activities` has the types of the activities that the events before it scheduled.
fn summary(event: &ProtoEvent, activities: &mut HashMap<i64, String>) -> HistoryEvent {
    let mut summary = HistoryEvent {
        id: event.event_id,
        event_type: format!(
            "{:?}",
            EventType::try_from(event.event_type).unwrap_or_default()
        ),
        t_ns: event
            .event_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(ns)
            .unwrap_or_default(),
        activity: None,
        attempt: None,
        child: None,
        identity: None,
        failure: None,
    };
    let Some(attributes) = &event.attributes else {
        return summary;
    };
    let activity_of = |scheduled: i64| activities.get(&scheduled).cloned();
    match attributes {
        Attributes::ActivityTaskScheduledEventAttributes(a) => {
            let name = a.activity_type.as_ref().map(|kind| kind.name.clone());
            activities.insert(event.event_id, name.clone().unwrap_or_default());
            summary.activity = name;
        }
        Attributes::ActivityTaskStartedEventAttributes(a) => {
            summary.activity = activity_of(a.scheduled_event_id);
            summary.attempt = u32::try_from(a.attempt).ok();
            summary.identity = Some(a.identity.clone());
            summary.failure = a.last_failure.as_ref().map(message);
        }
        Attributes::ActivityTaskCompletedEventAttributes(a) => {
            summary.activity = activity_of(a.scheduled_event_id);
            summary.identity = Some(a.identity.clone());
        }
        Attributes::ActivityTaskFailedEventAttributes(a) => {
            summary.activity = activity_of(a.scheduled_event_id);
            summary.identity = Some(a.identity.clone());
            summary.failure = a.failure.as_ref().map(message);
        }
        Attributes::ActivityTaskTimedOutEventAttributes(a) => {
            summary.activity = activity_of(a.scheduled_event_id);
            summary.failure = a.failure.as_ref().map(message);
        }
        Attributes::WorkflowTaskScheduledEventAttributes(a) => {
            summary.attempt = u32::try_from(a.attempt).ok();
        }
        Attributes::WorkflowTaskStartedEventAttributes(a) => {
            summary.identity = Some(a.identity.clone());
        }
        Attributes::WorkflowTaskFailedEventAttributes(a) => {
            summary.failure = a.failure.as_ref().map(message);
        }
        Attributes::WorkflowTaskTimedOutEventAttributes(a) => {
            summary.failure = Some(format!("{:?}", a.timeout_type()));
        }
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
            summary.child = Some(a.workflow_id.clone());
        }
        Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
            summary.child = a.workflow_execution.as_ref().map(|e| e.workflow_id.clone());
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => {
            summary.child = a.workflow_execution.as_ref().map(|e| e.workflow_id.clone());
        }
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => {
            summary.child = a.workflow_execution.as_ref().map(|e| e.workflow_id.clone());
            summary.failure = a.failure.as_ref().map(message);
        }
        Attributes::WorkflowExecutionFailedEventAttributes(a) => {
            summary.failure = a.failure.as_ref().map(message);
        }
        _ => {}
    }
    summary
}

fn pending_activity(info: PendingActivityInfo) -> PendingActivity {
    let state = PendingActivityState::try_from(info.state).unwrap_or_default();
    let progress: Option<Progress> = info
        .heartbeat_details
        .as_ref()
        .and_then(|details| details.payloads.first())
        .and_then(|payload| serde_json::from_slice(&payload.data).ok());
    PendingActivity {
        id: info.activity_id,
        activity: info.activity_type.map(|kind| kind.name).unwrap_or_default(),
        state: format!("{state:?}"),
        attempt: u32::try_from(info.attempt).unwrap_or_default(),
        last_heartbeat_ns: info
            .last_heartbeat_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(ns),
        rows: progress.map(|progress| progress.rows),
        last_started_ns: info
            .last_started_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(ns),
        last_failure: info.last_failure.as_ref().map(message),
        last_worker: info.last_worker_identity,
    }
}

/// The innermost message of a failure, behind its error type when it has one.
fn message(failure: &Failure) -> String {
    let mut innermost = failure;
    while let Some(cause) = &innermost.cause {
        innermost = cause;
    }
    match &innermost.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) if !info.r#type.is_empty() => {
            format!("{}: {}", info.r#type, innermost.message)
        }
        _ => innermost.message.clone(),
    }
}

/// Nanoseconds since 1970.
fn ns(time: SystemTime) -> Option<u64> {
    let since_1970 = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since_1970.as_nanos()).ok()
}
