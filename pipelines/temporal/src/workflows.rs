//! The workflows, one file each.
//!
//! | file | pattern |
//! |---|---|
//! | [`pipeline`] | parallel activities, then child workflows with bounded concurrency, then a sequence |
//! | [`partition`] | two parallel activities, then a sequence |
//! | [`noop`] | a chain and a fan-out of empty activities, with continue-as-new |
//!
//! Workflow code is replayed: after a worker's death, another one runs it again from the start, and
//! the server answers from the history what has already happened. So it must ask for the same things
//! in the same order each time. `tests/replay.rs` holds recorded histories against it: a change that
//! would break running workflows fails there.

pub mod lanes;
pub mod noop;
pub mod partition;
pub mod pipeline;

pub use noop::NoopWorkflow;
pub use partition::PartitionWorkflow;
pub use pipeline::DataPipelineWorkflow;
