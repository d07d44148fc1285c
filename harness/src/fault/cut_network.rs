//! A network that passes nothing for a while, and says nothing.

use super::{CUT_NETWORK, Fault, Needs, Scene, available_everywhere};
use crate::engine::{Target, TrialError};
use orchbench_lab::proxy::Mode;

pub(super) const FAULT: Fault = Fault {
    name: CUT_NETWORK,
    what: "the network between workers and server passes nothing for a while",
    strikes: Target::Network,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    scene.network()?.set(Mode::Cut);
    Ok(Vec::new())
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.network()?.set(Mode::Open);
    Ok(())
}
