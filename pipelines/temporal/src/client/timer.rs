//! The timer that a workflow waits for, and the time that the server lets pass for it at once.
//!
//! A server from 1.32 on may skip time for an execution (`frontend.WorkflowTimeSkippingEnabled`, off by
//! default): while nothing of it is under way, its clock goes ahead, and its timers are due earlier by
//! as much. What was skipped stands in the history.

use std::time::Duration;

use temporalio_client::WorkflowFetchHistoryOptions;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::UntypedWorkflow;
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::common::v1::{
    FastForwardConfig, TimeSkippingConfig, WorkflowExecution,
};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::WorkflowExecutionOptions;
use temporalio_common::protos::temporal::api::workflowservice::v1::UpdateWorkflowExecutionOptionsRequest;

use super::{Client, ClientError, clock, subject};

/// A timer of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When it was started, by the server's clock, in nanoseconds since 1970.
    pub started_ns: u64,
    /// How long it runs, in nanoseconds.
    pub length_ns: u64,
    /// How much of the execution's time was skipped since, in nanoseconds.
    pub skipped_ns: u64,
    /// Whether it has fired.
    pub fired: bool,
}

impl Client {
    /// The timer that the latest execution of a workflow started last; `None` where it has started none.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Server`].
    pub async fn last_timer(&self, workflow_id: &str) -> Result<Option<Timer>, ClientError> {
        let handle = self.handle::<UntypedWorkflow>(workflow_id, None);
        let events = handle
            .fetch_history(WorkflowFetchHistoryOptions::default())
            .into_events()
            .await
            .map_err(|error| self.interaction(workflow_id, &error))?;
        Ok(read(&events))
    }

    /// Has the server skip `time` of the latest execution, as soon as nothing of it is under way. `id`
    /// names the request in the history.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]; [`ClientError::Refused`] by a server that skips no time.
    pub async fn skip_time(
        &self,
        workflow_id: &str,
        id: &str,
        time: Duration,
    ) -> Result<(), ClientError> {
        let mut ahead = FastForwardConfig {
            id: id.to_owned(),
            ..FastForwardConfig::default()
        };
        let length = ahead.duration.get_or_insert_default();
        length.seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        length.nanos = i32::try_from(time.subsec_nanos()).unwrap_or_default();
        let mut request = UpdateWorkflowExecutionOptionsRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: workflow_id.to_owned(),
                run_id: String::new(),
            }),
            workflow_execution_options: Some(WorkflowExecutionOptions {
                time_skipping_config: Some(TimeSkippingConfig {
                    enabled: true,
                    fast_forward_config: Some(ahead),
                    ..TimeSkippingConfig::default()
                }),
                ..WorkflowExecutionOptions::default()
            }),
            ..UpdateWorkflowExecutionOptionsRequest::default()
        };
        let mask = request.update_mask.get_or_insert_default();
        mask.paths = vec!["time_skipping_config".to_owned()];
        let mut service = self.sdk.connection().workflow_service();
        let answer = service.update_workflow_execution_options(request.into_request());
        match answer.await {
            Ok(_) => Ok(()),
            Err(status) => Err(self.refusal(subject(workflow_id), &status)),
        }
    }
}

/// The last timer of a history. After a skip the times in it are ahead of the server's clock by what was
/// skipped; a skip says where it led to, and by its own time where it began.
fn read(events: &[HistoryEvent]) -> Option<Timer> {
    let mut last: Option<(i64, Timer)> = None;
    for event in events {
        let at = event.event_time.as_ref().and_then(proto_ts_to_system_time);
        let at_ns = at.and_then(clock::ns).unwrap_or_default();
        match event.attributes.as_ref() {
            Some(Attributes::TimerStartedEventAttributes(started)) => {
                let length = started.start_to_fire_timeout.unwrap_or_default();
                let seconds = u64::try_from(length.seconds).unwrap_or_default();
                let nanos = u64::try_from(length.nanos).unwrap_or_default();
                let timer = Timer {
                    started_ns: at_ns,
                    length_ns: seconds.saturating_mul(1_000_000_000) + nanos,
                    skipped_ns: 0,
                    fired: false,
                };
                last = Some((event.event_id, timer));
            }
            Some(Attributes::TimerFiredEventAttributes(fired)) => {
                if let Some((id, timer)) = &mut last {
                    timer.fired |= *id == fired.started_event_id;
                }
            }
            Some(Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(skip)) => {
                let to = skip.target_time.as_ref().and_then(proto_ts_to_system_time);
                let to_ns = to.and_then(clock::ns).unwrap_or(at_ns);
                if let Some((_, timer)) = &mut last {
                    timer.skipped_ns += to_ns.saturating_sub(at_ns);
                }
            }
            _ => {}
        }
    }
    last.map(|(_, timer)| timer)
}
