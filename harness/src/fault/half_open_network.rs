//! Connections of which one end knows that they are over, and the other does not.

use super::{Fault, Needs, Scene, available_everywhere};
use crate::engine::{Target, TrialError};
use orchbench_lab::proxy::Mode;

pub(super) const FAULT: Fault = Fault {
    name: "half-open-network",
    what: "the server sees its connections end, the workers do not: what they send is lost, until a reset",
    strikes: Target::Network,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    scene.network()?.set(Mode::HalfOpen);
    Ok(Vec::new())
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    let network = scene.network()?;
    network.set(Mode::Open);
    network.reset();
    Ok(())
}
