//! The worker's settings, all of them, under a name: a figure that was taken on a worker says which
//! it used.
//!
//! `default` is what the SDK does when nobody sets anything, written out. `tuned` differs in what has
//! been seen to matter for recovery: after a worker's death the server first offers a workflow's tasks
//! to the dead worker's sticky queue, for 10 s by default, so that any recovery takes 10 s longer.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};

/// A named set of settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsName {
    /// As the SDK comes.
    #[default]
    Default,
    /// A sticky timeout of 1 s.
    Tuned,
}

/// What a worker is set to. It stands in the results beside each figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// The named set that the settings began with.
    pub name: SettingsName,
    /// How long a workflow task waits for the worker that has the workflow in its cache.
    pub sticky_timeout_ms: u64,
    /// How many workflows the worker keeps between their tasks.
    pub cached_workflows: usize,
    /// How many workflow tasks it works on at a time.
    pub workflow_task_slots: usize,
    /// How many activities it works on at a time.
    pub activity_slots: usize,
    /// How many local activities it works on at a time.
    pub local_activity_slots: usize,
    /// How many activities it may take right from the workflow task that asks for them, without a
    /// way over the queue.
    pub eager_activities_per_workflow_task: usize,
    /// The longest time for which heartbeats are held back; they are sent at least every 0.8 of an
    /// activity's heartbeat timeout.
    pub heartbeat_throttle_max_ms: u64,
    /// How long activities may go on when the worker is told to stop.
    pub drain_ms: u64,
    /// Where Prometheus metrics are served; `None` for nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
}

impl WorkerSettings {
    /// The settings of a named set, with a drain of 10 s.
    #[must_use]
    pub fn of(name: SettingsName) -> Self {
        Self {
            name,
            sticky_timeout_ms: match name {
                SettingsName::Default => 10_000,
                SettingsName::Tuned => 1_000,
            },
            cached_workflows: 1_000,
            workflow_task_slots: 100,
            activity_slots: 100,
            local_activity_slots: 100,
            eager_activities_per_workflow_task: 3,
            heartbeat_throttle_max_ms: 60_000,
            drain_ms: 10_000,
            metrics: None,
        }
    }

    /// Puts the settings into the SDK's options. The pollers stay as they come: five of each kind,
    /// which the SDK scales by itself where the namespace says that it can.
    pub(super) fn apply(&self, options: &mut WorkerOptions) {
        let slots = FixedSizeSlotSupplier::new;
        options.tuner = TunerHolder::builder()
            .workflow_task_slot_supplier(slots(self.workflow_task_slots))
            .activity_task_slot_supplier(slots(self.activity_slots))
            .local_activity_task_slot_supplier(slots(self.local_activity_slots))
            // No operations of other namespaces are served; the SDK asks for a number all the same.
            .nexus_task_slot_supplier(slots(1))
            .build()
            .into();
        options.max_cached_workflows = self.cached_workflows;
        options.max_eager_activity_reservations_per_workflow_task =
            self.eager_activities_per_workflow_task;
        options.sticky_queue_schedule_to_start_timeout =
            Duration::from_millis(self.sticky_timeout_ms);
        options.max_heartbeat_throttle_interval =
            Duration::from_millis(self.heartbeat_throttle_max_ms);
        options.graceful_shutdown_period = Some(Duration::from_millis(self.drain_ms));
    }
}
