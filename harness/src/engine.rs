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
mod pipe;
pub mod protocol;
mod session;
mod settings;
mod storage;
mod temporal;
mod trial;
mod work;
mod workers;

pub use account::Account;
pub use laboratory::{Laboratory, TrialError};
pub use session::{Session, Setup, Strike};
pub use settings::{Settings, settings, settings_names};
pub use temporal::history_steps;
pub use trial::Trial;
pub use work::{Ended, Job, Pipeline, Shape, Work};

/// An engine, as the harness knows it.
pub struct Engine {
    /// Registered name.
    pub name: &'static str,
    /// What it is, for `orchbench list` and the report.
    pub what: &'static str,
    /// Whether it can be used here, and if not, why.
    pub available: fn() -> Result<String, String>,
    open: Open,
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
