//! Activities that have not ended.

use serde::{Deserialize, Serialize};
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

use super::super::clock;
use super::message;
use crate::heartbeat::Progress;

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
    /// When the attempt is due, in nanoseconds since 1970, while it waits after one that failed.
    pub next_attempt_ns: Option<u64>,
    /// Why the last attempt failed, with the error type before it when there is one.
    pub last_failure: Option<String>,
    /// The worker of the last attempt.
    pub last_worker: String,
}

pub(in crate::client) fn pending_activity(info: PendingActivityInfo) -> PendingActivity {
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
            .and_then(clock::ns),
        rows: progress.map(|progress| progress.rows),
        last_started_ns: info
            .last_started_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(clock::ns),
        next_attempt_ns: info
            .next_attempt_schedule_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(clock::ns),
        last_failure: info.last_failure.as_ref().map(message),
        last_worker: info.last_worker_identity,
    }
}
