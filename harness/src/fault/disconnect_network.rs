//! The server's container off its networks: neither workers nor its database reach it.

use super::{Fault, Needs, Scene, available_everywhere};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: "disconnect-network",
    what: "the server's container is off its Docker networks for a while: nobody reaches it, and it does not reach its database",
    strikes: Target::Server,
    available: available_everywhere,
    needs: Needs::Container,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    connect(scene, false)
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    connect(scene, true).map(drop)
}

fn connect(scene: &Scene<'_>, connected: bool) -> Result<Vec<u32>, TrialError> {
    if scene.session.connect_server(connected)? {
        return Ok(Vec::new());
    }
    Err(TrialError::Unreachable {
        engine: scene.trial.plan.engine.clone(),
        reason: "its server is in no container of ours".into(),
    })
}
