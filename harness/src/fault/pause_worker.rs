//! SIGSTOP of a worker, SIGCONT later: a zombie that wakes when its step may have been given
//! to another.

use super::{Fault, Needs, Scene, available_everywhere};
use crate::engine::{Strike, Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: "pause-worker",
    what: "SIGSTOP of a worker, then SIGCONT: a zombie that wakes after its step was given to another",
    strikes: Target::Worker,
    available: available_everywhere,
    needs: Needs::Nothing,
    strike,
    heal,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let pid = scene.worker()?;
    scene.session.strike_worker(pid, Strike::Pause)?;
    Ok(vec![pid])
}

fn heal(scene: &Scene<'_>, struck: &[u32]) -> Result<(), TrialError> {
    struck
        .iter()
        .try_for_each(|pid| scene.session.strike_worker(*pid, Strike::Resume))
}
