//! The work itself: sources, steps, warehouse, effect journal and crash points.
//!
//! Knows no orchestrator. Every engine calls the same steps through [`Etl::call`]; a step is
//! identified by (run, step, partition) and passes references, never data.
//!
//! The data's way, and so the modules: [`source`] (what a run is about) → [`step`] (what is
//! called) → dataset, extract, transform, check, load, publish, announce → [`outcome`]; the way back
//! is undo. Beside it [`journal`] (the witness), [`crash`] and [`failure`] (planned faults),
//! [`process`] (a step in a process of its own), and [`catalogue`], the service at the other end of
//! announce; [`models`] is the marts as a project of dbt. The steps of an order are calls of [`services`],
//! and nothing else.

mod announce;
mod artifact;
pub mod canonical;
pub mod catalogue;
mod check;
pub mod config;
pub mod crash;
pub mod dataset;
mod direct;
pub mod error;
mod etl;
pub mod excerpt;
mod execute;
mod extract;
pub mod failure;
mod frame;
pub mod generate;
mod http;
pub mod models;
mod order;
pub mod outcome;
pub mod process;
mod quality;
pub mod schema;
pub mod services;
pub mod source;
pub mod step;
mod synthetic;
mod transform;
mod undo;
pub mod warehouse;

/// The text of the plain calls, whose user's part is counted where a loop is one step.
pub const UNTIL_ENOUGH: &str = include_str!("direct.rs");

pub use orchbench_journal as journal;
/// The words of the work, which the checker knows too.
pub use orchbench_journal::{
    CrashPoint, Day, DayError, DayRange, ErrorType, Per, RetrySpec, Shape, StepName, StepNameError,
    Summary, Unresolved, idempotency_key, monotonic_ns,
};

pub use artifact::store_url;
pub use config::{EtlConfig, Release, Sink, SinkKind};
pub use crash::{CrashAction, CrashPlan, CrashRule, Rendezvous};
pub use direct::{PreparedDay, UntilEnough};
pub use error::{EtlError, StepError};
pub use etl::Etl;
pub use failure::FailurePlan;
pub use models::{Model, ModelProject};
pub use order::OrderServices;
pub use outcome::{
    Announced, ArtifactRef, Checked, DayResult, Escalated, Extracted, Loaded, Published, Served,
    Transformed, Undo, Undone, summarize,
};
pub use process::StepCommand;
pub use quality::Extract;
pub use source::{Source, SourceCatalogue, SourceError};
pub use step::{ORDERS, REMINDER, StepCall, StepInputs, StepOutput};
pub use synthetic::Synthetic;
pub use warehouse::{Applied, Warehouse, WarehouseError, WarehouseRow};
