//! Faults: what breaks. One file each; the registry below is in alphabetical order.
//!
//! A plan ([`Planned`]) names faults and their moments; [`Armed`] puts it in force for one
//! trial. A fault strikes while its step waits at a crash point, or at a seeded instant while
//! some step is in flight, lasts as long as the plan says, and is healed.

mod armed;
mod cut_network;
mod database;
mod delay_network;
mod disconnect_network;
mod fill_disk;
mod half_open_network;
mod in_flight;
mod kill_code_server;
mod kill_daemon;
mod kill_database;
mod kill_host;
mod kill_server;
mod kill_step;
mod kill_worker;
mod pause_database;
mod pause_server;
mod pause_worker;
mod plan;
mod reset_network;
mod stop_database;
mod stop_server;

pub use armed::Armed;
pub(crate) use armed::{accept, listen};
pub use database::Database;
pub use plan::{At, Planned, Point, Within};

use orchbench_lab::postgres::LocalPostgres;
use orchbench_lab::process::parent_of;
use orchbench_lab::proxy::Proxy;

use crate::engine::{Engine, Session, StepExecution, Target, Trial, TrialError};

/// A network that passes nothing.
pub const CUT_NETWORK: &str = "cut-network";
/// SIGKILL of the engine's code server.
pub const KILL_CODE_SERVER: &str = "kill-code-server";
/// SIGKILL of the engine's daemon.
pub const KILL_DAEMON: &str = "kill-daemon";
/// SIGKILL of all processes of the engine.
pub const KILL_HOST: &str = "kill-host";
/// SIGKILL of the engine's server.
pub const KILL_SERVER: &str = "kill-server";
/// SIGKILL of the process of a step.
pub const KILL_STEP: &str = "kill-step";
/// SIGKILL of a worker.
pub const KILL_WORKER: &str = "kill-worker";
/// SIGSTOP and SIGCONT of the engine's server.
pub const PAUSE_SERVER: &str = "pause-server";

/// A fault, as the harness knows it.
pub struct Fault {
    /// Registered name.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// What it strikes.
    pub strikes: Target,
    /// Whether it can be made here, and if not, why.
    pub available: fn() -> Result<(), String>,
    /// What it needs of an engine's server, where there is one.
    pub needs: Needs,
    /// Breaks, and says which processes it hit.
    strike: fn(&Scene<'_>) -> Result<Vec<u32>, TrialError>,
    /// Mends what it broke in those processes.
    heal: fn(&Scene<'_>, &[u32]) -> Result<(), TrialError>,
}

/// What a fault needs of an engine's server; each of these is also all that come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Any server will do.
    Nothing,
    /// One whose process and network are ours.
    OwnServer,
    /// One that is in a container of ours.
    Container,
}

/// Where a fault strikes.
struct Scene<'a> {
    trial: &'a Trial<'a>,
    session: &'a dyn Session,
    database: Option<&'a Database>,
    /// The process whose step waits for it, or is in flight.
    pid: Option<u32>,
}

/// All faults.
pub fn all() -> [Fault; 18] {
    [
        cut_network::FAULT,
        delay_network::FAULT,
        disconnect_network::FAULT,
        fill_disk::FAULT,
        half_open_network::FAULT,
        kill_code_server::FAULT,
        kill_daemon::FAULT,
        kill_database::FAULT,
        kill_host::FAULT,
        kill_server::FAULT,
        kill_step::FAULT,
        kill_worker::FAULT,
        pause_database::FAULT,
        pause_server::FAULT,
        pause_worker::FAULT,
        reset_network::FAULT,
        stop_database::FAULT,
        stop_server::FAULT,
    ]
}

/// The fault of a name.
pub fn named(name: &str) -> Option<Fault> {
    all().into_iter().find(|each| each.name == name)
}

/// Why one of these faults cannot strike an engine in an execution; `None` where all can.
pub fn inapplicable(
    faults: &[String],
    engine: &Engine,
    execution: StepExecution,
) -> Option<String> {
    faults.iter().find_map(|name| {
        let lack = engine.lacks(named(name)?.strikes, execution)?;
        Some(format!("{lack} for {name} to strike"))
    })
}

/// Names of all faults.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|each| each.name).collect()
}

impl Fault {
    fn of(name: &str) -> Result<Self, TrialError> {
        named(name).ok_or_else(|| TrialError::Plan(format!("unknown fault {name:?}")))
    }
}

impl Scene<'_> {
    /// The worker to hit: the one whose step it is, in its own process or in one that it or a child
    /// of its has started; else the first that takes work.
    fn worker(&self) -> Result<u32, TrialError> {
        let workers = self.session.workers();
        std::iter::successors(self.pid, |pid| parent_of(*pid))
            .find(|pid| workers.contains(pid))
            .or(workers.first().copied())
            .ok_or_else(|| TrialError::Plan("no worker to hit".into()))
    }

    fn network(&self) -> Result<&Proxy, TrialError> {
        self.session.network().ok_or_else(|| {
            let engine = &self.trial.plan.engine;
            TrialError::Plan(format!("{engine}: no network of ours to break"))
        })
    }

    fn database(&self) -> Result<&Database, TrialError> {
        self.database
            .ok_or_else(|| TrialError::Plan("no database of ours to hit".into()))
    }

    /// The process of a service that was struck, which has to have been there.
    fn has_to_be(&self, struck: Option<u32>) -> Result<Vec<u32>, TrialError> {
        let struck = struck.ok_or_else(|| TrialError::Unreachable {
            engine: self.trial.plan.engine.clone(),
            reason: "its server's process is not ours to hit".into(),
        })?;
        Ok(vec![struck])
    }
}

fn available_everywhere() -> Result<(), String> {
    Ok(())
}

fn needs_postgres() -> Result<(), String> {
    LocalPostgres::installed().then_some(()).ok_or_else(|| {
        "no PostgreSQL is installed here (--server docker has it in containers)".to_owned()
    })
}

/// For faults that leave nothing to mend: a supervisor, or nobody, starts the dead again.
fn heals_itself(_scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_registry_is_in_alphabetical_order() {
        let names = super::names();
        assert!(names.is_sorted(), "{names:?}");
    }
}
