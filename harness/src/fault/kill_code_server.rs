//! SIGKILL of the code server with the run workers that it started, then a restart.

use super::{Fault, KILL_CODE_SERVER, Needs, Scene, available_everywhere, kill_server};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: KILL_CODE_SERVER,
    what: "SIGKILL of the code server, and with it the runs that it launched, as when its container is killed; then a restart on the same store",
    strikes: Target::CodeServer,
    available: available_everywhere,
    needs: Needs::Nothing,
    strike,
    heal: kill_server::heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    kill_server::kill_one(scene, Target::CodeServer)
}
