//! Temporal's account of a run: its history, and what the server said while the run went on.
//!
//! A history has no event of an attempt that failed and is tried again: only the last attempt is
//! in it. While that one waits, the server tells of it among the pending activities, with the time
//! at which it is due: the time at which the server noted the end of the one before, and the
//! policy's delay. (It has a field for the former too, and leaves it empty after a timeout.)

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orchbench_etl::{RetrySpec, monotonic_ns};
use orchbench_temporal::client::{HistoryEvent, PendingActivity};
use orchbench_temporal::{Client, ClientError};

use crate::engine::account::{Account, untold};
use crate::engine::{StepEnds, Work};
use orchbench_evidence::record::{FailedAttempt, HistoryStep};

/// How often the server is asked; shorter than the delay before a retry, during which the answer
/// stays the same.
const LOOK: Duration = Duration::from_millis(50);

/// Attempts that the server called failed or lost while somebody looked.
#[derive(Default)]
pub(super) struct Watch {
    /// When the attempt after it was due, in nanoseconds since 1970, by workflow, activity and
    /// attempt.
    next_ns: Mutex<BTreeMap<(String, String, u32), u64>>,
}

impl Watch {
    /// Looks at a workflow and its children until it is dropped. A server that does not answer is
    /// asked again.
    pub(super) async fn over(&self, client: &Client, workflow: &str) -> Infallible {
        loop {
            let mut open = vec![workflow.to_owned()];
            while let Some(workflow) = open.pop() {
                let Ok(description) = client.describe(&workflow, None).await else {
                    continue;
                };
                for activity in description.pending_activities {
                    self.see(&workflow, activity);
                }
                open.extend(description.pending_children);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn see(&self, workflow: &str, activity: PendingActivity) {
        let before = activity.attempt.saturating_sub(1);
        if let Some(next_ns) = activity.next_attempt_ns.filter(|_| before > 0) {
            self.next_ns
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert((workflow.to_owned(), activity.id, before), next_ns);
        }
    }

    /// The attempts of one activity, by the clock of the journals.
    fn of(&self, workflow: &str, activity: &str, retry: &RetrySpec) -> Vec<FailedAttempt> {
        let next_ns = self.next_ns.lock().unwrap_or_else(PoisonError::into_inner);
        next_ns
            .iter()
            .filter(|((of, id, _), _)| of == workflow && id == activity)
            .map(|((_, _, attempt), next_ns)| {
                let delay_ms = super::ENGINE.retry_schedule.delay_ms(retry, *attempt);
                FailedAttempt {
                    attempt: *attempt,
                    noted_ns: to_monotonic_ns(*next_ns).saturating_sub((delay_ms * 1e6) as u64),
                }
            })
            .collect()
    }
}

/// What the server says of a run that ended: its workflow's history, and those of its children.
pub(super) async fn account(
    client: &Client,
    watch: &Watch,
    work: &Work,
) -> Result<Account, ClientError> {
    let (run, retry) = (work.run.as_str(), work.retry());
    let mut succeeded = false;
    let mut told = Vec::new();
    let (mut history_events, mut actions) = (0, 0);
    let mut workflows = VecDeque::from([run.to_owned()]);
    while let Some(workflow) = workflows.pop_front() {
        let events = client.history(&workflow, None).await?;
        history_events += events.len() as u64;
        actions += events.iter().map(billable_actions).sum::<u64>();
        if workflow == run {
            let last = events.last();
            succeeded = last.is_some_and(|last| last.event_type == "WorkflowExecutionCompleted");
        }
        let begun = events
            .iter()
            .filter(|event| event.event_type == "ChildWorkflowExecutionStarted");
        workflows.extend(begun.filter_map(|event| event.child.clone()));
        told.extend(
            steps(run, &events)
                .into_iter()
                .map(|(activity, step)| HistoryStep {
                    failed: watch.of(&workflow, &activity, &retry),
                    ..step
                }),
        );
    }
    Ok(Account {
        succeeded,
        steps: told,
        footprint: vec![
            ("history_events", history_events),
            ("billable_actions", actions),
        ],
    })
}

/// When the activities of a workflow were completed, over all of its continuations; its children have their
/// own.
pub(super) async fn step_ends(client: &Client, workflow: &str) -> Result<StepEnds, ClientError> {
    let mut ends = StepEnds::default();
    let last = client.describe(workflow, None).await?.execution;
    let mut next = Some(last.first_run_id.unwrap_or(last.run_id));
    while let Some(execution) = next {
        let events = client.history(workflow, Some(&execution)).await?;
        let completed = events
            .iter()
            .filter(|event| event.event_type == "ActivityTaskCompleted");
        let ended_ns = completed.map(|event| to_monotonic_ns(event.t_ns));
        ends.ended_ns.extend(ended_ns);
        ends.executions += 1;
        ends.longest_record = ends.longest_record.max(events.len() as u64);
        next = events.last().and_then(|event| event.next_run_id.clone());
    }
    Ok(ends)
}

/// What an event counts for in Temporal Cloud's price list
/// (<https://docs.temporal.io/cloud/pricing#action>), as far as a history shows it: a start of a
/// workflow or child, an attempt of an activity, a timer, a signal, an update, a continue-as-new.
/// Heartbeats and queries leave no event and are not counted.
fn billable_actions(event: &HistoryEvent) -> u64 {
    match event.event_type.as_str() {
        "WorkflowExecutionStarted"
        | "StartChildWorkflowExecutionInitiated"
        | "TimerStarted"
        | "WorkflowExecutionSignaled"
        | "WorkflowExecutionUpdateAccepted"
        | "WorkflowExecutionContinuedAsNew"
        | "MarkerRecorded" => 1,
        // A history keeps the last attempt only, with its number.
        "ActivityTaskStarted" => u64::from(event.attempt.unwrap_or(1).max(1)),
        _ => 0,
    }
}

/// The activities of a workflow's history as steps of a run, each with its last attempt and
/// whether that completed, behind the activity's id.
pub fn steps(run: &str, events: &[HistoryEvent]) -> Vec<(String, HistoryStep)> {
    let mut steps: BTreeMap<i64, (String, HistoryStep)> = BTreeMap::new();
    for event in events {
        if let (Some(activity), Some(id)) = (&event.activity, &event.activity_id) {
            let argument = event.data.as_ref().map(|data| data.get(0).unwrap_or(data));
            let day = argument.and_then(|argument| argument["partition"].as_str());
            steps.insert(event.id, (id.clone(), untold(run, activity, day)));
        } else if let Some((_, step)) = event.origin.and_then(|origin| steps.get_mut(&origin)) {
            step.attempts = event.attempt.unwrap_or(step.attempts);
            step.completed |= event.event_type == "ActivityTaskCompleted";
        }
    }
    steps.into_values().collect()
}

/// A time since 1970 by the clock of the journals; both clocks are of this host.
pub(super) fn to_monotonic_ns(wall_ns: u64) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        });
    monotonic_ns().saturating_sub(now.saturating_sub(wall_ns))
}
