//! SIGKILL of the warehouse's server, then a restart on the same data.

use orchbench_etl::postgres_server::LocalPostgres;

use super::{Fault, KILL_DATABASE, Scene, needs_postgres};
use crate::engine::TrialError;

pub(super) const FAULT: Fault = Fault {
    name: KILL_DATABASE,
    what: "SIGKILL of the warehouse's PostgreSQL server with all its processes, then a restart",
    available: needs_postgres,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let database = scene.database()?;
    database.order(LocalPostgres::kill)?;
    Ok(vec![database.pid()])
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.database()?.order(LocalPostgres::restart)
}
