//! The PostgreSQL server of a trial's warehouse, as something that faults can hit: a local one
//! of the trial's own, or, where the run is on PostgreSQL in containers, the session's. There it
//! is Temporal's store, too.

mod keeper;

use std::sync::Arc;

use self::keeper::Keeper;
use crate::engine::{Trial, TrialError};
use orchbench_lab::server::Postgres;

/// What is done to a database's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// SIGKILL.
    Kill,
    /// A fast shutdown.
    Stop,
    /// Freezes all its processes.
    Pause,
    /// Lets them go on.
    Resume,
    /// Starts it again on the same data and port.
    Restart,
}

/// A PostgreSQL server that holds a trial's warehouse.
pub enum Database {
    /// A process; it lives as long as this.
    Local(Keeper),
    /// A container, which belongs to the trial's session.
    Container(Arc<Postgres>),
}

impl Database {
    /// Starts a local server for the warehouse of a trial; `None` where its session brings one in
    /// a container.
    ///
    /// # Errors
    /// [`TrialError::Unreachable`] when there is no PostgreSQL here: the fault is not possible.
    pub fn start(trial: &Trial<'_>) -> Result<Option<Self>, TrialError> {
        if trial.brings_postgres() {
            return Ok(None);
        }
        Keeper::start(&trial.plan.engine).map(|keeper| Some(Self::Local(keeper)))
    }

    /// The database of the trial's session, once that is open.
    pub(super) fn of_session(trial: &Trial<'_>) -> Option<Self> {
        trial.postgres().map(Self::Container)
    }

    /// The URL of the warehouse, for a session that does not bring its own.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Local(keeper) => Some(keeper.url()),
            Self::Container(_) => None,
        }
    }

    /// The server's process.
    pub(super) fn pid(&self) -> Result<Option<u32>, TrialError> {
        match self {
            Self::Local(keeper) => Ok(Some(keeper.pid())),
            Self::Container(postgres) => postgres.pid().map_err(failed),
        }
    }

    /// Does something to the server.
    pub(super) fn order(&self, order: Order) -> Result<(), TrialError> {
        let postgres = match self {
            Self::Local(keeper) => return keeper.order(order),
            Self::Container(postgres) => postgres,
        };
        match order {
            Order::Kill => postgres.kill(),
            Order::Stop => postgres.stop(),
            Order::Pause => postgres.pause(true),
            Order::Resume => postgres.pause(false),
            Order::Restart => postgres.start_again(),
        }
        .map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> TrialError {
    TrialError::Plan(format!("database: {error}"))
}
