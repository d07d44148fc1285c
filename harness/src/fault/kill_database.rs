//! SIGKILL of the warehouse's server, then a restart on the same data.

use super::database::Order;
use super::{Fault, Needs, Scene, needs_postgres};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: "kill-database",
    what: "SIGKILL of the warehouse's PostgreSQL server with all its processes, then a restart",
    strikes: Target::Database,
    available: needs_postgres,
    needs: Needs::Nothing,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let database = scene.database()?;
    let pid = database.pid()?;
    database.order(Order::Kill)?;
    Ok(pid.into_iter().collect())
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.database()?.order(Order::Restart)
}
