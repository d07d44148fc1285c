//! SIGKILL of the engine's server, then a restart on the same store.

use super::{Fault, KILL_SERVER, Needs, Scene, available_everywhere};
use crate::engine::{Target, TrialError};

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
    scene.has_to_be(scene.trial.kill_service(scene.session, service)?)
}

pub(super) fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.session.restart_services()
}
