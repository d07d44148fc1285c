//! SIGSTOP of the warehouse's server, SIGCONT later.

use super::database::Order;
use super::{Fault, Needs, PAUSE_DATABASE, Scene, needs_postgres};
use crate::engine::TrialError;

pub(super) const FAULT: Fault = Fault {
    name: PAUSE_DATABASE,
    what: "SIGSTOP of the warehouse's PostgreSQL server, then SIGCONT: it is there and does not answer",
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
