//! SIGSTOP of the engine's server, SIGCONT later: it is there and does not answer.

use super::{Fault, Needs, PAUSE_SERVER, Scene, available_everywhere};
use crate::engine::{Strike, Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: PAUSE_SERVER,
    what: "SIGSTOP of the engine's server, then SIGCONT: it is there and does not answer",
    strikes: Target::Server,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let session = scene.session;
    scene.has_to_be(session.strike_service(Target::Server, Strike::Pause)?)
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene
        .session
        .strike_service(Target::Server, Strike::Resume)
        .map(drop)
}
