//! SIGKILL of the engine's server, then a restart on the same store.

use super::{Fault, KILL_SERVER, Needs, Scene, available_everywhere};
use crate::engine::{Strike, Target, TrialError};
use orchbench_evidence::record::EventBody;

pub(super) const FAULT: Fault = Fault {
    name: KILL_SERVER,
    what: "SIGKILL of the engine's server while a step is in flight, then a restart on the same store",
    strikes: Target::Server,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    kill_one(scene, Target::Server)
}

/// Kills a service that has to be there.
pub(super) fn kill_one(scene: &Scene<'_>, service: Target) -> Result<Vec<u32>, TrialError> {
    scene.has_to_be(kill(scene, service)?)
}

/// Kills a service and records that; `None` where there is none.
pub(super) fn kill(scene: &Scene<'_>, service: Target) -> Result<Option<u32>, TrialError> {
    let pid = scene.session.strike_service(service, Strike::Kill)?;
    if pid.is_some() {
        scene.trial.record(EventBody::ServerKilled { pid })?;
    }
    Ok(pid)
}

pub(super) fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.session.restart_services()
}
