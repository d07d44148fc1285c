//! SIGKILL of the daemon, then a restart.

use super::{Fault, KILL_DAEMON, Needs, Scene, available_everywhere, kill_server};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: KILL_DAEMON,
    what: "SIGKILL of the daemon that queues, retries and watches runs; then a restart on the same store",
    strikes: Target::Daemon,
    available: available_everywhere,
    needs: Needs::Nothing,
    strike,
    heal: kill_server::heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    kill_server::kill_one(scene, Target::Daemon)
}
