//! Events of a history, with what the event alone does not say: which activity, child or timer an
//! event answers, and how long that took.

mod detail;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent as ProtoEvent;

use self::detail::{Detail, detail};
use super::super::clock;

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
    /// What it is about: the type of the workflow, the activity or the child, the timer's id, the
    /// signal's, update's or marker's name.
    pub name: Option<String>,
    /// The event that this one answers: where the activity was scheduled, the child initiated, the
    /// timer started, the update accepted.
    pub origin: Option<i64>,
    /// How long after its origin, in nanoseconds.
    pub since_origin_ns: Option<u64>,
    /// The activity's type, for the events of an activity.
    pub activity: Option<String>,
    /// The activity's id within its workflow, for the event that schedules it.
    pub activity_id: Option<String>,
    /// The attempt, for events that state it: of an activity or of a workflow task.
    pub attempt: Option<u32>,
    /// The child workflow's id, for the events of a child.
    pub child: Option<String>,
    /// The worker or client that wrote it.
    pub identity: Option<String>,
    /// What went in or came out: arguments, a result, a signal's input.
    pub data: Option<Value>,
    /// What went wrong, with the error type before it when there is one.
    pub failure: Option<String>,
    /// The execution that goes on from here, after a continue-as-new or a retry.
    pub next_run_id: Option<String>,
}

/// The events, in their order.
pub(super) fn read(events: &[ProtoEvent]) -> Vec<HistoryEvent> {
    let mut reader = Reader::default();
    events.iter().map(|event| reader.event(event)).collect()
}

/// Remembers what later events answer.
#[derive(Default)]
struct Reader {
    origins: HashMap<i64, (u64, Detail)>,
}

impl Reader {
    fn event(&mut self, event: &ProtoEvent) -> HistoryEvent {
        let kind = EventType::try_from(event.event_type).unwrap_or_default();
        let t_ns = event
            .event_time
            .as_ref()
            .and_then(proto_ts_to_system_time)
            .and_then(clock::ns)
            .unwrap_or_default();
        let mut detail = event.attributes.as_ref().map(detail).unwrap_or_default();
        let mut since_origin_ns = None;
        if let Some((began_ns, origin)) = detail.origin.and_then(|id| self.origins.get(&id)) {
            since_origin_ns = Some(t_ns.saturating_sub(*began_ns));
            detail.name = detail.name.or_else(|| origin.name.clone());
            detail.activity = detail.activity.or_else(|| origin.activity.clone());
            detail.child = detail.child.or_else(|| origin.child.clone());
        }
        self.origins.insert(event.event_id, (t_ns, detail.clone()));
        HistoryEvent {
            id: event.event_id,
            event_type: format!("{kind:?}"),
            t_ns,
            name: detail.name,
            origin: detail.origin,
            since_origin_ns,
            activity: detail.activity,
            activity_id: detail.activity_id,
            attempt: detail.attempt,
            child: detail.child,
            identity: detail.identity,
            data: detail.data,
            failure: detail.failure,
            next_run_id: detail.next_run_id,
        }
    }
}
