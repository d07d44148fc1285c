//! SIGSTOP of the warehouse's server, SIGCONT later.

use super::database::Order;
use super::{Fault, Needs, Scene, needs_postgres};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: "pause-database",
    what: "SIGSTOP of the warehouse's PostgreSQL server, then SIGCONT: it is there and does not answer",
    strikes: Target::Database,
    available: needs_postgres,
    needs: Needs::Nothing,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let database = scene.database()?;
    let pid = database.pid()?;
    database.order(Order::Pause)?;
    Ok(pid.into_iter().collect())
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.database()?.order(Order::Resume)
}
