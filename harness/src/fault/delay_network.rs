//! A network that delays every message for a while.

use std::time::Duration;

use super::{Fault, Needs, Scene, available_everywhere};
use crate::engine::{Target, TrialError};
use orchbench_lab::proxy::Mode;

pub(super) const FAULT: Fault = Fault {
    name: "delay-network",
    what: "the network between workers and server delays every message by 200 ms for a while",
    strikes: Target::Network,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal,
};

/// How much later bytes arrive, in each direction.
const DELAY: Duration = Duration::from_millis(200);

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    scene.network()?.set(Mode::Delay(DELAY));
    Ok(Vec::new())
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    scene.network()?.set(Mode::Open);
    Ok(())
}
