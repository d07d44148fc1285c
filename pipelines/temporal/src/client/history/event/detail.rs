//! What one event says by itself, by its subject.

use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::{Payloads, WorkflowExecution};
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::history::v1::MarkerRecordedEventAttributes;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::update::v1::{Outcome, outcome};

use super::super::message;
use crate::client::payload;

/// What one event says; the fields are those of [`super::HistoryEvent`].
#[derive(Clone, Default)]
pub(super) struct Detail {
    pub(super) name: Option<String>,
    pub(super) origin: Option<i64>,
    pub(super) activity: Option<String>,
    pub(super) activity_id: Option<String>,
    pub(super) attempt: Option<u32>,
    pub(super) child: Option<String>,
    pub(super) identity: Option<String>,
    pub(super) data: Option<Value>,
    pub(super) failure: Option<String>,
    pub(super) next_run_id: Option<String>,
}

pub(super) fn detail(attributes: &Attributes) -> Detail {
    activity(attributes)
        .or_else(|| child(attributes))
        .or_else(|| workflow(attributes))
        .or_else(|| workflow_task(attributes))
        .or_else(|| message_or_timer(attributes))
        .unwrap_or_default()
}

fn activity(attributes: &Attributes) -> Option<Detail> {
    Some(match attributes {
        Attributes::ActivityTaskScheduledEventAttributes(a) => {
            let name = a.activity_type.as_ref().map(|kind| kind.name.clone());
            Detail {
                activity: name.clone(),
                activity_id: Some(a.activity_id.clone()),
                name,
                data: held(a.input.as_ref()),
                ..Detail::default()
            }
        }
        Attributes::ActivityTaskStartedEventAttributes(a) => Detail {
            attempt: u32::try_from(a.attempt).ok(),
            identity: Some(a.identity.clone()),
            failure: failure(a.last_failure.as_ref()),
            ..of(a.scheduled_event_id)
        },
        Attributes::ActivityTaskCompletedEventAttributes(a) => Detail {
            identity: Some(a.identity.clone()),
            data: held(a.result.as_ref()),
            ..of(a.scheduled_event_id)
        },
        Attributes::ActivityTaskFailedEventAttributes(a) => Detail {
            identity: Some(a.identity.clone()),
            failure: failure(a.failure.as_ref()),
            ..of(a.scheduled_event_id)
        },
        Attributes::ActivityTaskTimedOutEventAttributes(a) => Detail {
            failure: failure(a.failure.as_ref()),
            ..of(a.scheduled_event_id)
        },
        Attributes::ActivityTaskCancelRequestedEventAttributes(a) => of(a.scheduled_event_id),
        Attributes::ActivityTaskCanceledEventAttributes(a) => Detail {
            identity: Some(a.identity.clone()),
            data: held(a.details.as_ref()),
            ..of(a.scheduled_event_id)
        },
        _ => return None,
    })
}

fn child(attributes: &Attributes) -> Option<Detail> {
    Some(match attributes {
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => Detail {
            name: a.workflow_type.as_ref().map(|kind| kind.name.clone()),
            child: Some(a.workflow_id.clone()),
            data: held(a.input.as_ref()),
            ..Detail::default()
        },
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => Detail {
            failure: Some(format!("{:?}", a.cause())),
            ..of(a.initiated_event_id)
        },
        Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
            of_child(a.initiated_event_id, a.workflow_execution.as_ref())
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => Detail {
            data: held(a.result.as_ref()),
            ..of_child(a.initiated_event_id, a.workflow_execution.as_ref())
        },
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => Detail {
            failure: failure(a.failure.as_ref()),
            ..of_child(a.initiated_event_id, a.workflow_execution.as_ref())
        },
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            of_child(a.initiated_event_id, a.workflow_execution.as_ref())
        }
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            of_child(a.initiated_event_id, a.workflow_execution.as_ref())
        }
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            of_child(a.initiated_event_id, a.workflow_execution.as_ref())
        }
        _ => return None,
    })
}

fn workflow(attributes: &Attributes) -> Option<Detail> {
    Some(match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => Detail {
            name: a.workflow_type.as_ref().map(|kind| kind.name.clone()),
            identity: Some(a.identity.clone()),
            data: held(a.input.as_ref()),
            ..Detail::default()
        },
        Attributes::WorkflowExecutionCompletedEventAttributes(a) => Detail {
            data: held(a.result.as_ref()),
            next_run_id: named(&a.new_execution_run_id),
            ..Detail::default()
        },
        Attributes::WorkflowExecutionFailedEventAttributes(a) => Detail {
            failure: failure(a.failure.as_ref()),
            next_run_id: named(&a.new_execution_run_id),
            ..Detail::default()
        },
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => Detail {
            name: a.workflow_type.as_ref().map(|kind| kind.name.clone()),
            data: held(a.input.as_ref()),
            next_run_id: named(&a.new_execution_run_id),
            ..Detail::default()
        },
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(a) => Detail {
            identity: Some(a.identity.clone()),
            failure: named(&a.cause),
            ..Detail::default()
        },
        Attributes::WorkflowExecutionTerminatedEventAttributes(a) => Detail {
            identity: Some(a.identity.clone()),
            failure: named(&a.reason),
            ..Detail::default()
        },
        _ => return None,
    })
}

fn workflow_task(attributes: &Attributes) -> Option<Detail> {
    Some(match attributes {
        Attributes::WorkflowTaskScheduledEventAttributes(a) => Detail {
            attempt: u32::try_from(a.attempt).ok(),
            ..Detail::default()
        },
        Attributes::WorkflowTaskStartedEventAttributes(a) => Detail {
            identity: Some(a.identity.clone()),
            ..of(a.scheduled_event_id)
        },
        Attributes::WorkflowTaskCompletedEventAttributes(a) => of(a.scheduled_event_id),
        Attributes::WorkflowTaskFailedEventAttributes(a) => Detail {
            failure: failure(a.failure.as_ref()),
            ..of(a.scheduled_event_id)
        },
        Attributes::WorkflowTaskTimedOutEventAttributes(a) => Detail {
            failure: Some(format!("{:?}", a.timeout_type())),
            ..of(a.scheduled_event_id)
        },
        _ => return None,
    })
}

fn message_or_timer(attributes: &Attributes) -> Option<Detail> {
    Some(match attributes {
        Attributes::TimerStartedEventAttributes(a) => Detail {
            name: named(&a.timer_id),
            ..Detail::default()
        },
        Attributes::TimerFiredEventAttributes(a) => of(a.started_event_id),
        Attributes::TimerCanceledEventAttributes(a) => of(a.started_event_id),
        Attributes::WorkflowExecutionSignaledEventAttributes(a) => Detail {
            name: named(&a.signal_name),
            identity: Some(a.identity.clone()),
            data: held(a.input.as_ref()),
            ..Detail::default()
        },
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a) => {
            let input = a.accepted_request.as_ref().and_then(|r| r.input.as_ref());
            Detail {
                name: input.and_then(|input| named(&input.name)),
                data: input.and_then(|input| held(input.args.as_ref())),
                ..Detail::default()
            }
        }
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
            update_outcome(a.accepted_event_id, a.outcome.as_ref())
        }
        Attributes::MarkerRecordedEventAttributes(a) => marker(a),
        _ => return None,
    })
}

/// A patch of the workflow's code, or a local activity, which has no other event.
fn marker(marker: &MarkerRecordedEventAttributes) -> Detail {
    let part = |name: &str| held(marker.details.get(name));
    let activity = part("data").and_then(|data| data["activity_type"].as_str().map(str::to_owned));
    Detail {
        name: Some(activity.unwrap_or_else(|| marker.marker_name.clone())),
        failure: failure(marker.failure.as_ref()),
        data: part("result").or_else(|| part("patch-data")),
        ..Detail::default()
    }
}

fn update_outcome(accepted: i64, outcome: Option<&Outcome>) -> Detail {
    match outcome.and_then(|outcome| outcome.value.as_ref()) {
        Some(outcome::Value::Success(result)) => Detail {
            data: held(Some(result)),
            ..of(accepted)
        },
        Some(outcome::Value::Failure(error)) => Detail {
            failure: Some(message(error)),
            ..of(accepted)
        },
        None => of(accepted),
    }
}

fn of(origin: i64) -> Detail {
    Detail {
        origin: Some(origin),
        ..Detail::default()
    }
}

fn of_child(origin: i64, execution: Option<&WorkflowExecution>) -> Detail {
    Detail {
        child: execution.map(|execution| execution.workflow_id.clone()),
        ..of(origin)
    }
}

fn held(payloads: Option<&Payloads>) -> Option<Value> {
    payload::held(payloads)
}

fn failure(failure: Option<&Failure>) -> Option<String> {
    failure.map(message)
}

fn named(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
