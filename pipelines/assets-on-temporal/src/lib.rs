//! Assets on Temporal: the asset engine plans, Temporal executes, on any number of hosts.
//!
//! The data's way, and so the order in which to read:
//!
//! 1. [`materialize`]: `MaterializeWorkflow`, one execution a request. It asks for the plan's lanes stage by stage and has a
//!    sliding window of them in work; what it hands on are names of pieces, never plans or data, and it continues as new long
//!    before its history grows too long.
//! 2. [`pieces`]: `PiecesWorkflow`, one execution a lane: what is made of one partition, one activity a step.
//! 3. [`activities`]: what touches the catalog and the world, by a [`asset_engine::StepWorker`]: the plan, the lanes, a step, the
//!    end of the run.
//! 4. [`worker`] hosts all of that in a process.
//!
//! What is true of a run is in the catalog, which all hosts share: a step that was made is not made again, whatever is asked
//! for again after a crash, a reset or a lost answer; and a host that was thought dead commits nothing. Temporal says when,
//! where, and again.

pub mod activities;
pub mod input;
pub mod materialize;
pub mod pieces;
pub mod worker;

pub use input::{MaterializeInput, MaterializeOutcome, MaterializeProgress};
pub use materialize::MaterializeWorkflow;
pub use pieces::PiecesWorkflow;

/// The task queue that workers poll and that starters name, unless both are told otherwise.
pub const TASK_QUEUE: &str = "assets-queue";

/// The id of the workflow of a run: whoever asks for the run again finds that one. The workers of a queue have one catalog,
/// in which the run's id is its alone.
#[must_use]
pub fn workflow_id(task_queue: &str, run: &str) -> String {
    format!("{task_queue}/{run}")
}
