//! Engines: who does the work. One file each, with one descriptor in it; the registry below is in
//! alphabetical order, and nothing else spells an engine's name.
//!
//! The harness sees an engine as a [`Session`]: worker processes that take runs over, and
//! perhaps a server. What a session does, it says in the trial's events. Another program adds an
//! engine of its own with [`add`] (`harness/examples/own_engine.rs`).

mod account;
mod answer;
mod asset_engine;
mod connection;
mod dagster;
mod descriptor;
mod direct;
mod event_log;
mod laboratory;
mod meter;
mod models;
mod pipe;
pub mod protocol;
mod serve;
mod session;
mod settings;
mod storage;
mod temporal;
mod trial;
mod user_code;
mod work;
mod worker_config;
mod workers;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use orchbench_evidence::record::TrialPlan;

pub use account::Account;
pub use descriptor::{EXECUTION, Engine, Open, Pace, Provision, Target};
pub use laboratory::{Laboratory, TrialError};
pub use meter::{Meter, Role};
pub use models::ModelsTold;
pub use pipe::{PipeSession, Records};
pub use serve::{Runs, serve};
pub use session::{Retried, Rollout, Session, Setup, StepEnds, Strike};
pub use settings::{Settings, settings, settings_names};
pub use temporal::{ENGINE as TEMPORAL, TemporalWorker, history_steps};
pub(crate) use temporal::{ready as worker_is_ready, stop as worker_is_stopped};
pub use trial::{Trial, keep_warehouse, warehouse_rows};
pub use user_code::Programs;
pub use work::{
    Embargo, Ended, Job, Limit, Models, Order, Pipeline, Probe, Refresh, Refreshed, Work,
};
pub use worker_config::{StepExecution, WorkerConfig, WorkerConfigError};

/// The engines that another program has added.
static ADDED: RwLock<Vec<&'static Engine>> = RwLock::new(Vec::new());

/// Adds an engine to those of this process, before it does anything else. One of a name that is
/// there already is left out.
pub fn add(engine: &'static Engine) {
    if named(engine.name).is_none() {
        let mut added = ADDED.write().unwrap_or_else(PoisonError::into_inner);
        added.push(engine);
    }
}

/// All engines, in alphabetical order.
pub fn all() -> Vec<&'static Engine> {
    let mut all = vec![
        &asset_engine::ENGINE,
        &dagster::ENGINE,
        &direct::ENGINE,
        &temporal::ENGINE,
    ];
    all.extend(ADDED.read().unwrap_or_else(PoisonError::into_inner).iter());
    all.sort_by_key(|engine| engine.name);
    all
}

/// Names of all engines.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|each| each.name).collect()
}

/// The engine of a name.
pub fn named(name: &str) -> Option<&'static Engine> {
    all().into_iter().find(|each| each.name == name)
}

/// Whether a trial's engine has a server.
pub fn needs_server(trial: &TrialPlan) -> bool {
    named(&trial.engine).is_some_and(|engine| engine.server)
}

/// Whether a trial can be made where these engines cannot be had.
pub fn can_make(trial: &TrialPlan, unreachable: &BTreeMap<String, String>) -> bool {
    !unreachable.contains_key(&trial.engine)
}

#[cfg(test)]
mod tests {
    use orchbench_evidence::document::chart::is_legible;

    #[test]
    fn every_engine_has_a_legible_colour_of_its_own_and_an_execution() {
        let all = super::all();
        for (place, engine) in all.iter().enumerate() {
            assert!(is_legible(engine.colour), "{}", engine.name);
            assert!(!engine.executions.is_empty(), "{}", engine.name);
            let said = [
                engine.name,
                engine.label,
                engine.what,
                engine.place,
                engine.recovery,
            ];
            assert!(said.iter().all(|said| !said.is_empty()), "{said:?}");
            let before = all[..place].iter();
            assert!(before.clone().all(|other| other.colour != engine.colour));
            assert!(before.clone().all(|other| other.name < engine.name));
        }
    }
}
