//! The ETL as assets on the asset engine.
//!
//! One asset per step of the ETL, named after what it makes; the daily ones are partitioned by
//! day. An asset's metadata is the step's output (references and counts, never data: the claim
//! check), its data version the digest of the rows, so a step builds its call from what it reads.
#![forbid(unsafe_code)]

mod approval;
mod automation;
mod continuation;
mod embargo;
mod enough;
mod error;
mod expiry;
mod graph;
mod identity;
mod input;
mod models;
mod noop;
mod options;
mod order;
mod orders;
mod process;
mod rows;
mod run;
mod saga;
mod step;
mod undo;

/// The texts of the programs whose lines are counted, by the patterns that their regions name.
pub const PROGRAMS: [&str; 8] = [
    include_str!("approval.rs"),
    include_str!("continuation.rs"),
    include_str!("enough.rs"),
    include_str!("graph.rs"),
    include_str!("saga.rs"),
    include_str!("step.rs"),
    include_str!("undo.rs"),
    orchbench_etl::UNTIL_ENOUGH,
];

pub use approval::{NOT_APPROVED, Verdict, word};
pub use automation::{arrivals, automations, order_automations};
pub use continuation::{
    approval_automations, continued, continued_by, continuing_run, found_no_word,
};
pub use embargo::{Embargo, due_run, reminder_graph};
pub use enough::{enough_graph, told};
pub use error::AssetsError;
pub use expiry::{expired_run, expiring_automations, unexpired};
pub use graph::{definitions, graph, step_making};
pub use identity::{identity, order_identity};
pub use models::{model_graph, model_of};
pub use noop::{noop_graph, payload_graph, synthetic_graph};
pub use options::GraphOptions;
pub use order::{ORDER, order_graph, order_ledger};
pub use orders::orders_graph;
pub use rows::{Rows, rows};
pub use run::{run, submit, summary, wait};
pub use saga::{is_owed_undoing, saga_acts, saga_automations, saga_graph, undoing_run};
pub use undo::undone_by;
