//! SIGKILL of a worker: by itself at a crash point, by the harness where another process than the
//! worker waits there, or by the harness at a random instant.

use super::{Fault, KILL_WORKER, Needs, Scene, available_everywhere, heals_itself};
use crate::engine::{Strike, Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: KILL_WORKER,
    what: "SIGKILL of the worker, by itself at a crash point of a step or at a random instant, once",
    strikes: Target::Worker,
    available: available_everywhere,
    needs: Needs::Nothing,
    strike,
    heal: heals_itself,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let pid = scene.worker()?;
    scene.session.strike_worker(pid, Strike::Kill)?;
    Ok(vec![pid])
}
