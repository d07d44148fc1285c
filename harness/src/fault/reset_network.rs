//! A reset of every connection.

use super::{Fault, Needs, RESET_NETWORK, Scene, available_everywhere, heals_itself};
use crate::engine::TrialError;

pub(super) const FAULT: Fault = Fault {
    name: RESET_NETWORK,
    what: "every connection between workers and server is reset, once",
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal: heals_itself,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    scene.network()?.reset();
    Ok(Vec::new())
}
