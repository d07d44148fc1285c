//! SIGTERM of the engine's server, as a deployment does it, then a restart on the same store.

use super::{Fault, Needs, Scene, available_everywhere, kill_server};
use crate::engine::{Strike, Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: "stop-server",
    what: "SIGTERM of the engine's server, then a restart on the same store",
    strikes: Target::Server,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal: kill_server::heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let session = scene.session;
    scene.has_to_be(session.strike_service(Target::Server, Strike::Terminate)?)
}
