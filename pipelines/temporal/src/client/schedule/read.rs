//! What the server says of a schedule.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use temporalio_client::schedules::{
    ScheduleDescription, ScheduleDescriptionAction, ScheduleRecentAction, ScheduleSummary,
};

use super::super::clock;

/// A schedule, as the server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The schedule's id.
    pub schedule_id: String,
    /// The name of the workflow that it starts; `None` for another kind of action.
    pub workflow: Option<String>,
    /// Whether it is paused.
    pub paused: bool,
    /// What its owner noted, such as why it is paused.
    pub note: Option<String>,
    /// How many workflows it has started; `None` in a list, which does not say.
    pub started: Option<i64>,
    /// The last workflows that it has started, the newest last.
    pub recent: Vec<ScheduledRun>,
    /// When it will start the next ones, in nanoseconds since 1970, unless it is paused.
    pub next_ns: Vec<u64>,
}

/// A workflow that a schedule has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledRun {
    /// The workflow's id.
    pub workflow_id: String,
    /// The execution's own id.
    pub run_id: String,
    /// When the start was due, in nanoseconds since 1970.
    pub due_ns: Option<u64>,
    /// When it was made, in nanoseconds since 1970.
    pub started_ns: Option<u64>,
}

pub(super) fn described(schedule_id: &str, described: &ScheduleDescription) -> Schedule {
    let workflow = match described.action() {
        ScheduleDescriptionAction::StartWorkflow(action) => Some(action.workflow_type().to_owned()),
        _ => None,
    };
    Schedule {
        schedule_id: schedule_id.to_owned(),
        workflow,
        paused: described.paused(),
        note: described.note().map(str::to_owned),
        started: Some(described.action_count()),
        recent: runs(described.recent_actions()),
        next_ns: times(described.future_action_times()),
    }
}

pub(super) fn listed(listed: &ScheduleSummary) -> Schedule {
    Schedule {
        schedule_id: listed.schedule_id().to_owned(),
        workflow: listed.workflow_type().map(str::to_owned),
        paused: listed.paused(),
        note: listed.note().map(str::to_owned),
        started: None,
        recent: runs(listed.recent_actions()),
        next_ns: times(listed.future_action_times()),
    }
}

fn runs(actions: Vec<ScheduleRecentAction>) -> Vec<ScheduledRun> {
    actions
        .into_iter()
        .map(|action| ScheduledRun {
            workflow_id: action.workflow_id,
            run_id: action.run_id,
            due_ns: action.schedule_time.and_then(clock::ns),
            started_ns: action.actual_time.and_then(clock::ns),
        })
        .collect()
}

fn times(times: Vec<SystemTime>) -> Vec<u64> {
    times.into_iter().filter_map(clock::ns).collect()
}
