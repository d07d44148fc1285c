//! The workflows, one file each.
//!
//! | file | pattern |
//! |---|---|
//! | [`sequential`] | one activity after the other |
//! | [`parallel`] | activities side by side, with bounded concurrency |
//! | [`pipeline`], [`partition`] | parallel activities, one child workflow a day, then a sequence |
//! | [`refresh`] | only what would be made of something else than before, by digests that it keeps |
//! | [`saga`] | a compensation for each act, undone in reverse |
//! | [`order`] | the same over three services |
//! | [`backfill`] | many child workflows, an update that changes their number, continue-as-new |
//! | [`approval`] | signals, queries, timers, and a patch while workflows wait |
//! | [`enough`] | a loop and a branch that results decide |
//! | [`daily`] | what a schedule starts; a durable timer |
//! | [`reminder`] | a durable timer and hardly anything else, to be started by the thousand |
//! | [`extract`] | one long activity: heartbeats, resume, cancellation |
//! | [`models`] | a graph from elsewhere, one activity a node |
//! | [`noop`] | empty steps, for the measurement of the engine |
//!
//! What they share: [`steps`] (a step and its policy), [`lanes`] (bounded concurrency),
//! [`wait`] (a wait with an end), and [`report`] (what queries answer and workflows return).
//!
//! Workflow code is replayed: after a worker's death, another one runs it again from the start, and
//! the server answers from the history what has already happened. So it must ask for the same things
//! in the same order each time. `tests/replay.rs` holds recorded histories against it: a change that
//! would break running workflows fails there.

pub mod approval;
pub mod backfill;
pub mod daily;
pub mod enough;
pub mod extract;
pub mod lanes;
pub mod models;
pub mod noop;
pub mod order;
pub mod parallel;
pub mod partition;
pub mod pipeline;
pub mod refresh;
pub mod reminder;
pub mod report;
pub mod saga;
pub mod sequential;
pub mod steps;
pub mod wait;

/// The texts of the workflows whose lines are counted, by the patterns that their regions name.
pub const PROGRAMS: [&str; 7] = [
    include_str!("workflows/approval.rs"),
    include_str!("workflows/enough.rs"),
    include_str!("workflows/partition.rs"),
    include_str!("workflows/pipeline.rs"),
    include_str!("workflows/saga.rs"),
    include_str!("workflows/steps.rs"),
    include_str!("workflows/steps/order.rs"),
];

pub use approval::ApprovalWorkflow;
pub use backfill::BackfillWorkflow;
pub use daily::DailyWorkflow;
pub use enough::EnoughWorkflow;
pub use extract::ExtractWorkflow;
pub use models::ModelsWorkflow;
pub use noop::NoopWorkflow;
pub use order::OrderWorkflow;
pub use parallel::ParallelWorkflow;
pub use partition::PartitionWorkflow;
pub use pipeline::DataPipelineWorkflow;
pub use refresh::RefreshWorkflow;
pub use reminder::ReminderWorkflow;
pub use saga::SagaWorkflow;
pub use sequential::SequentialWorkflow;
