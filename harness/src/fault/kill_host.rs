//! SIGKILL of everything that the engine consists of: the whole host goes down.

use super::{Fault, KILL_HOST, Needs, Scene, available_everywhere, kill_server};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: KILL_HOST,
    what: "SIGKILL of all workers and of every service beside them, then a restart on the same stores",
    strikes: Target::Host,
    available: available_everywhere,
    needs: Needs::OwnServer,
    strike,
    heal: kill_server::heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    scene.trial.kill_all(scene.session)
}
