//! Engines: who does the work. One file each; the registry below is in alphabetical order.
//!
//! The harness sees an engine as a [`Session`]: worker processes that take runs over, and
//! perhaps a server. What a session does, it says in the trial's events.

mod account;
mod asset_engine;
mod connection;
mod direct;
mod event_log;
mod laboratory;
mod meter;
mod pipe;
pub mod protocol;
mod session;
mod settings;
mod storage;
mod temporal;
mod trial;
mod work;
mod worker_config;
mod workers;

use orchbench_evidence::record::TrialPlan;

pub use account::Account;
pub use laboratory::{Laboratory, TrialError};
pub use meter::{Meter, Role};
pub use session::{Session, Setup, Strike};
pub use settings::{Settings, settings, settings_names};
pub use temporal::history_steps;
pub use trial::{Trial, keep_warehouse, warehouse_rows};
pub use work::{Ended, Job, Pipeline, Work};
pub use worker_config::{StepExecution, TemporalWorker, WorkerConfig, WorkerConfigError};

/// An engine, as the harness knows it.
pub struct Engine {
    /// Registered name.
    pub name: &'static str,
    /// What it is, for `orchbench list` and the report.
    pub what: &'static str,
    /// Whether it can be used here, and if not, why.
    pub available: fn() -> Result<String, String>,
    /// How quick it is, for `orchbench run --plan`.
    pace: fn(settings: &str) -> Pace,
    open: Open,
}

/// How quick an engine is on a small machine, roughly: what a plan's minutes are estimated from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// To bring engine and workers up.
    pub start_s: f64,
    /// A step without work in a chain.
    pub step_s: f64,
    /// From the kill of a worker to the run's end, its supervisor's delay left out.
    pub recovery_s: f64,
}

/// Brings an engine up for a trial.
type Open = fn(&Trial<'_>, Setup) -> Result<Box<dyn Session>, TrialError>;

/// All engines.
pub fn all() -> [Engine; 3] {
    [asset_engine::ENGINE, direct::ENGINE, temporal::ENGINE]
}

/// Names of all engines.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|each| each.name).collect()
}

/// Whether a trial's engine has a server.
pub fn needs_server(trial: &TrialPlan) -> bool {
    trial.engine == temporal::ENGINE.name
}

/// Whether a trial can be made where there is a server, or where there is none.
pub fn can_make(trial: &TrialPlan, server: bool) -> bool {
    server || !needs_server(trial)
}

/// The pace of an engine under a setting; that of the slowest where there is no such engine.
pub fn pace(engine: &str, settings: &str) -> Pace {
    let known = all().into_iter().find(|each| each.name == engine);
    known.map_or(temporal::pace(settings), |each| (each.pace)(settings))
}

/// Brings the trial's engine up.
fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    for engine in all() {
        if engine.name == trial.plan.engine {
            return (engine.open)(trial, setup);
        }
    }
    Err(TrialError::Plan(format!(
        "trial {}: unknown engine {:?}: expected one of {}",
        trial.plan.id,
        trial.plan.engine,
        names().join(", ")
    )))
}
