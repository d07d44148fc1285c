//! Schedules: the server starts a workflow by the clock, with nobody else running.
//!
//! A schedule is the server's own object: it outlives every client and worker, is paused and set in
//! motion again, and says what it has started. Each start has an id of its own, made of the
//! schedule's workflow id and the time (<https://docs.temporal.io/schedule>).

mod read;

use std::time::Duration;

use futures::TryStreamExt;
use serde_json::Value;
use temporalio_client::schedules::{
    CreateScheduleOptions, DeleteScheduleOptions, ListSchedulesOptions, PauseScheduleOptions,
    ScheduleAction, ScheduleError, ScheduleHandle, ScheduleOverlapPolicy, ScheduleSpec,
    TriggerScheduleOptions, UnpauseScheduleOptions,
};
use temporalio_client::tonic::Code;
use temporalio_client::{RpcOptions, UntypedWorkflow};

pub use self::read::{Schedule, ScheduledRun};
use super::{Client, ClientError, payload};

/// When a schedule starts its workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// Again and again after this time, counted from 1970.
    Every(Duration),
    /// At the times of a cron expression, such as `0 6 * * *`.
    Cron {
        /// The expression.
        expression: String,
        /// The IANA name of the time zone; `None` means UTC.
        time_zone: Option<String>,
    },
}

/// What happens when a start is due while the one before it still runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// The start is left out.
    #[default]
    Skip,
    /// One start waits until the running one has ended; further ones are left out.
    BufferOne,
    /// All starts wait, one after the other.
    BufferAll,
    /// The running one is cancelled, and then the new one started.
    CancelOther,
    /// The running one is terminated, and then the new one started.
    TerminateOther,
    /// Both run.
    AllowAll,
}

/// A schedule to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSchedule {
    /// The name of the workflow that it starts.
    pub workflow: String,
    /// The workflow id, to which the server adds the time of each start.
    pub workflow_id: String,
    /// The workflow's arguments.
    pub arguments: Vec<Value>,
    /// When.
    pub cadence: Cadence,
    /// What happens when starts overlap.
    pub overlap: Overlap,
    /// Whether it is made paused.
    pub paused: bool,
    /// For those who look at it.
    pub note: String,
}

impl Client {
    /// Makes a schedule whose workflows go to the client's task queue.
    ///
    /// # Errors
    /// [`ClientError::ScheduleExists`]; [`ClientError::Server`], for a cron expression that is none
    /// too.
    pub async fn create_schedule(
        &self,
        schedule_id: &str,
        new: NewSchedule,
    ) -> Result<(), ClientError> {
        let action = ScheduleAction::start_workflow(
            UntypedWorkflow::new(new.workflow),
            payload::arguments(&new.arguments),
            self.task_queue.as_str(),
            new.workflow_id,
        );
        let options = CreateScheduleOptions::builder()
            .action(action)
            .spec(spec(new.cadence))
            .overlap_policy(policy(new.overlap))
            .paused(new.paused)
            .note(new.note)
            .build();
        match self.sdk.create_schedule(schedule_id, options).await {
            Ok(_) => Ok(()),
            Err(ScheduleError::Rpc(status)) if status.code() == Code::AlreadyExists => {
                Err(ClientError::ScheduleExists {
                    schedule_id: schedule_id.to_owned(),
                    namespace: self.namespace.clone(),
                })
            }
            Err(error) => Err(self.schedule_error(schedule_id, error)),
        }
    }

    /// How a schedule stands.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`].
    pub async fn schedule(&self, schedule_id: &str) -> Result<Schedule, ClientError> {
        let described = self
            .schedule_handle(schedule_id)
            .describe(RpcOptions::default())
            .await
            .map_err(|error| self.schedule_error(schedule_id, error))?;
        Ok(read::described(schedule_id, &described))
    }

    /// All schedules of the namespace. The list may be some moments behind.
    ///
    /// # Errors
    /// [`ClientError::Server`].
    pub async fn schedules(&self) -> Result<Vec<Schedule>, ClientError> {
        let schedules: Result<Vec<_>, _> = self
            .sdk
            .list_schedules(ListSchedulesOptions::default())
            .map_ok(|each| read::listed(&each))
            .try_collect()
            .await;
        schedules.map_err(|error| ClientError::Server {
            subject: format!("list of schedules in namespace {}", self.namespace),
            reason: reason(error),
        })
    }

    /// Lets a schedule start nothing until it is set in motion again.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`].
    pub async fn pause_schedule(&self, schedule_id: &str, note: &str) -> Result<(), ClientError> {
        self.schedule_handle(schedule_id)
            .pause(Some(note), PauseScheduleOptions::default())
            .await
            .map_err(|error| self.schedule_error(schedule_id, error))
    }

    /// Sets a paused schedule in motion again.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`].
    pub async fn unpause_schedule(&self, schedule_id: &str, note: &str) -> Result<(), ClientError> {
        self.schedule_handle(schedule_id)
            .unpause(Some(note), UnpauseScheduleOptions::default())
            .await
            .map_err(|error| self.schedule_error(schedule_id, error))
    }

    /// Lets a schedule start its workflow now, also when it is paused.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`].
    pub async fn trigger_schedule(
        &self,
        schedule_id: &str,
        overlap: Overlap,
    ) -> Result<(), ClientError> {
        self.schedule_handle(schedule_id)
            .trigger(policy(overlap), TriggerScheduleOptions::default())
            .await
            .map_err(|error| self.schedule_error(schedule_id, error))
    }

    /// Removes a schedule; what it has started goes on.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`].
    pub async fn delete_schedule(&self, schedule_id: &str) -> Result<(), ClientError> {
        self.schedule_handle(schedule_id)
            .delete(DeleteScheduleOptions::default())
            .await
            .map_err(|error| self.schedule_error(schedule_id, error))
    }

    fn schedule_handle(&self, schedule_id: &str) -> ScheduleHandle<temporalio_client::Client> {
        self.sdk.get_schedule_handle(schedule_id)
    }

    fn schedule_error(&self, schedule_id: &str, error: ScheduleError) -> ClientError {
        match error {
            ScheduleError::Rpc(status) if status.code() == Code::NotFound => {
                ClientError::NoSchedule {
                    schedule_id: schedule_id.to_owned(),
                    namespace: self.namespace.clone(),
                }
            }
            error => ClientError::Server {
                subject: format!("schedule {schedule_id}"),
                reason: reason(error),
            },
        }
    }
}

/// What the server said, without the SDK's frame around it.
fn reason(error: ScheduleError) -> String {
    match error {
        ScheduleError::Rpc(status) => status.message().to_owned(),
        error => error.to_string(),
    }
}

fn spec(cadence: Cadence) -> ScheduleSpec {
    match cadence {
        Cadence::Every(every) => ScheduleSpec::from_interval(every),
        Cadence::Cron {
            expression,
            time_zone,
        } => ScheduleSpec::builder()
            .cron_strings(vec![expression])
            .timezone_name(time_zone.unwrap_or_default())
            .build(),
    }
}

fn policy(overlap: Overlap) -> ScheduleOverlapPolicy {
    match overlap {
        Overlap::Skip => ScheduleOverlapPolicy::Skip,
        Overlap::BufferOne => ScheduleOverlapPolicy::BufferOne,
        Overlap::BufferAll => ScheduleOverlapPolicy::BufferAll,
        Overlap::CancelOther => ScheduleOverlapPolicy::CancelOther,
        Overlap::TerminateOther => ScheduleOverlapPolicy::TerminateOther,
        Overlap::AllowAll => ScheduleOverlapPolicy::AllowAll,
    }
}
