//! A reset of every connection.

use super::{Fault, Needs, Scene, available_everywhere, heals_itself};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: "reset-network",
    what: "every connection between workers and server is reset, once",
    strikes: Target::Network,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal: heals_itself,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    scene.network()?.reset();
    Ok(Vec::new())
}
