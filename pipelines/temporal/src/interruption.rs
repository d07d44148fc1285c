//! Why an activity is to stop: the workflow was cancelled, the activity was paused or reset by hand, or
//! the worker is being shut down.
//!
//! The SDK tells an activity only that it is to stop. The server says why in its answer to a heartbeat,
//! so it is asked once more. The difference matters: the server takes "cancelled" only for what was
//! cancelled. Said of a pause it is refused, the attempt stays open until its heartbeats are missed, and
//! each pause costs an attempt and the time until then. What was not cancelled fails in a way that can
//! be retried: a paused activity is then shown as paused and waits, a reset one begins again.
//!
//! The server counts each of these as an attempt. They are none of the activity's own, so what counts
//! them here ([`own_attempt`]) leaves them out.

use std::time::Duration;

use serde::Serialize;
use temporalio_client::NamespacedClient as _;
use temporalio_client::tonic::{Code, IntoRequest as _};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::workflowservice::v1::RecordActivityTaskHeartbeatRequest;
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError, ActivityInfo};

use crate::client::payloads;

/// The next attempt shall not wait for a policy's delay: nothing went wrong.
const AT_ONCE: Duration = Duration::from_millis(1);

/// The end of an attempt that the SDK has told to stop, with `details` as its last heartbeat.
///
/// What is not cancelled fails as `Paused`, `Reset`, or, when the server wants nothing of the kind,
/// as `Interrupted`: the worker stops, or a pause is over already.
pub async fn stopped(ctx: &ActivityContext, details: &impl Serialize) -> ActivityError {
    let name = match heartbeat(ctx, details).await {
        Asked::Cancel => return ActivityError::cancelled(),
        Asked::Reset => "Reset",
        Asked::Pause => "Paused",
        Asked::Nothing => "Interrupted",
    };
    ActivityError::application(
        ApplicationFailure::builder(format!("attempt {} stopped", ctx.info().attempt))
            .type_name(name.to_owned())
            .next_retry_delay(AT_ONCE)
            .build(),
    )
}

/// The number of an attempt, without those that were interrupted, as far as the heartbeat details have
/// counted them. A reset begins at 1 again, whatever was counted before.
#[must_use]
pub fn own_attempt(info: &ActivityInfo, interrupted: u32) -> u32 {
    info.attempt - interrupted.min(info.attempt.saturating_sub(1))
}

/// What the server asks of a running activity.
enum Asked {
    Cancel,
    Pause,
    Reset,
    Nothing,
}

async fn heartbeat(ctx: &ActivityContext, details: &impl Serialize) -> Asked {
    let client = ctx.client();
    let request = RecordActivityTaskHeartbeatRequest {
        namespace: client.namespace(),
        task_token: ctx.info().task_token.clone(),
        details: Some(Payloads {
            payloads: payloads(&[serde_json::to_value(details).unwrap_or_default()]),
        }),
        identity: client.identity(),
        ..RecordActivityTaskHeartbeatRequest::default()
    };
    let mut service = client.connection().workflow_service();
    match service
        .record_activity_task_heartbeat(request.into_request())
        .await
    {
        Ok(answer) => {
            let answer = answer.into_inner();
            if answer.cancel_requested {
                Asked::Cancel
            } else if answer.activity_reset {
                Asked::Reset
            } else if answer.activity_paused {
                Asked::Pause
            } else {
                Asked::Nothing
            }
        }
        // The workflow has closed, or the attempt counts no more: nobody waits for its word.
        Err(status) if status.code() == Code::NotFound => Asked::Cancel,
        Err(error) => {
            tracing::warn!(%error, "heartbeat of an activity that is to stop");
            Asked::Nothing
        }
    }
}
