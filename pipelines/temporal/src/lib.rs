//! The ETL as Temporal workflows and activities; the worker that runs them; the client that
//! starts them.
//!
//! The data's way, and so the order in which to read:
//!
//! 1. [`client`] starts a workflow by name and waits for its result. Any other Temporal SDK and the
//!    `temporal` command line can do the same: the contract is the task queue ([`TASK_QUEUE`]), the
//!    workflow's name and one JSON argument ([`input`]).
//! 2. [`workflows`] decide what happens in which order. They are deterministic: no clock, no file,
//!    no network, no thread; whatever touches the world is an activity.
//! 3. [`activities`] call the steps of `orchbench-etl`, the same steps that every other engine calls,
//!    with the attempt and the fencing token ([`fencing`]) of the task that they were given; in the
//!    worker's process, or each in a process of its own.
//! 4. [`policy`] says, in one place, how long a step may take and how it is retried.
//! 5. [`worker`] hosts workflows and activities in a process.
//!
//! Payloads are references (path, digest, rows), never data: the claim-check pattern. So the
//! histories stay small at 365 partitions.

pub mod activities;
pub mod client;
mod connection;
mod deployment;
pub mod failure;
pub mod fencing;
pub mod heartbeat;
pub mod input;
mod interruption;
pub mod policy;
mod process;
mod release;
mod task_queue;
pub mod worker;
pub mod workflows;

pub use client::{Client, ClientError, Started};
pub use connection::{Configured, ConnectError, Endpoint, Target};
pub use failure::Failure;
pub use input::{
    ApprovalInput, Argument, BackfillInput, DailyInput, EnoughInput, Memory, ModelsInput,
    ModelsOutcome, NoopInput, NoopOutcome, OrderInput, PartitionInput, PipelineInput, RefreshInput,
    Remembered, Validate, Verdict,
};
pub use worker::{SettingsName, WorkerError, WorkerOptions, WorkerSettings};
pub use workflows::{
    ApprovalWorkflow, BackfillWorkflow, DailyWorkflow, DataPipelineWorkflow, EnoughWorkflow,
    ExtractWorkflow, ModelsWorkflow, NoopWorkflow, OrderWorkflow, ParallelWorkflow,
    PartitionWorkflow, RefreshWorkflow, ReminderWorkflow, SagaWorkflow, SequentialWorkflow,
};

/// The task queue that workers poll and that starters name, unless both are told otherwise.
pub const TASK_QUEUE: &str = "data-pipeline-queue";

/// The version of Temporal's SDK crate that workers and client are built on.
pub const SDK_VERSION: &str = "1.1.1";

#[cfg(test)]
mod tests {
    #[test]
    fn the_sdk_is_of_the_version_that_is_said() {
        let lock = include_str!("../../../Cargo.lock");
        let sdk = format!(
            "name = \"temporalio-sdk\"\nversion = \"{}\"",
            super::SDK_VERSION
        );
        assert!(lock.contains(&sdk), "Cargo.lock has another temporalio-sdk");
    }
}
