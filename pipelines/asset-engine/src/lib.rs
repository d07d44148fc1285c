//! An embedded, durable asset orchestrator in Dagster's model.
//!
//! Declare data assets and what they depend on ([`Asset`], [`AssetGraph`]), and let an
//! [`Executor`] materialize them: in parallel, with retries, recording every attempt and every
//! version in a [`Catalog`] that survives SIGKILL at any instant. It runs inside the calling
//! process; there is no server.
//!
//! The modules in the way the data goes: [`AssetKey`] and [`Partitions`] name pieces of data, an
//! [`Asset`] says how they are made, the [`AssetGraph`] checks how they hang together, a
//! [`Selection`] picks some, a [`Plan`] lays out the steps, [`staleness`] says which of them are
//! needed and why, the [`Executor`] runs them and the [`Catalog`] records what happened. A [`Daemon`]
//! asks for runs by itself: at the times of a [`Schedule`], when a [`Sensor`] or a [`Rule`] says so,
//! and for the partitions of a [`Backfill`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use asset_engine::{
//!     Asset, AssetGraph, Executor, ExecutorOptions, Materialized, Mode, Partitions, RunRequest,
//!     StepContext,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let days = Partitions::daily("2013-01-01", "2013-01-03")?;
//! let count = |cx: &StepContext<'_>| {
//!     let day = cx.partition.unwrap_or_default();
//!     Ok(Materialized::new(format!("orders of {day}")))
//! };
//! let add_up = |cx: &StepContext<'_>| Ok(Materialized::new(format!("{} days", cx.inputs.len())));
//! let orders = Asset::new("shop/orders".try_into()?, count).partitions(days);
//! let report = Asset::new("shop/report".try_into()?, add_up).depends_on(orders.key.clone());
//! let graph = Arc::new(AssetGraph::new(vec![orders, report])?);
//!
//! let executor = Executor::memory(ExecutorOptions::default());
//! let first = executor.run(RunRequest::new("first", Arc::clone(&graph)))?;
//! assert_eq!(first.steps.materialized, 4);
//! // Nothing has changed, so that nothing is made again.
//! let second = executor.run(RunRequest::new("second", graph).mode(Mode::Stale))?;
//! assert_eq!((second.steps.materialized, second.steps.fresh), (0, 4));
//! # Ok(())
//! # }
//! ```
//!
//! It needs Unix: a catalog has its owner by flock(2), and steps in processes of their own are
//! groups that a signal ends. SQLite is built with it, unless the feature `bundled` is off.
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("asset-engine needs Unix: flock(2), process groups, signals");

mod asset;
mod automation;
mod catalog;
mod clock;
mod critical_path;
mod cron;
mod event;
mod executor;
mod freshness;
mod graph;
mod io;
mod key;
mod lineage;
mod lock;
mod partition;
mod plan;
mod retry;
mod selection;
mod step;
mod stop;
mod subprocess;

pub use asset::{
    Asset, Check, Checked, Dep, Execution, Making, MultiStep, SubsetStep, Test, Together,
};
pub use automation::{
    Automation, AutomationError, Backfill, BackfillProgress, Beat, Condition, Daemon, Evaluation,
    EvaluationContext, FailedOrder, Order, PartitionStatus, Rule, Schedule, ScheduledTick, Sensor,
};
pub use catalog::{
    Catalog, CatalogError, Durability, EndedRun, Fence, Head, Log, Owner, Recorder, RunInfo, Stamp,
    Verified,
};
pub use critical_path::{CriticalPath, CriticalStep};
pub use cron::{Cron, CronError};
pub use event::{
    Attempt, BackfillInfo, BackfillRecord, BackfillRun, CheckResult, Event, EventRecord,
    InputVersion, Materialization, Mode, Observation, PartitionChange, Report, RunRecord,
    RunStatus, RunTags, Severity, SkipReason, Stage, Tick,
};
pub use executor::{
    EngineError, Executor, ExecutorOptions, FailedStep, LanePage, Looked, RunOutcome, RunRequest,
    StepCounts, StepEnd, StepError, StepWorker, Submission, Submitted, TagLimit, UnfinishedRun,
};
pub use freshness::{Freshness, FreshnessPolicy, freshness};
pub use graph::{AssetGraph, CutWindow, Direction, GraphError, INPUT, Identity};
pub use io::{Address, DataStore, FolderStore, Keyed, MemoryStore, StoreError, Values, typed};
pub use key::{AssetKey, KeyError};
pub use lineage::{Lineage, LineageEdge, LineageNode};
pub use lock::Lock;
pub use partition::{Mapping, PartitionError, PartitionKeys, Partitions};
pub use plan::{Lane, Plan, StaleReason, StaleStep, UNOBSERVED, WhyError, staleness, why};
pub use retry::{Backoff, RetryPolicy};
pub use selection::{Selection, SelectionError};
pub use step::{Materialized, Step, StepContext, StepFailure};
pub use stop::Stop;
pub use subprocess::{JsonProtocol, PARENT_PID_VARIABLE, Protocol, Subprocess};
