//! SIGKILL of the process of a step, where each has one: by itself at a crash point, or by the harness
//! at a random instant. Its worker lives on.

use rustix::process::{Pid, Signal, kill_process};

use super::{Fault, KILL_STEP, Needs, Scene, available_everywhere, heals_itself};
use crate::engine::{Target, TrialError};

pub(super) const FAULT: Fault = Fault {
    name: KILL_STEP,
    what: "SIGKILL of the process of a step, by itself at a crash point or at a random instant, once",
    strikes: Target::Step,
    available: available_everywhere,
    needs: Needs::Nothing,
    strike,
    heal: heals_itself,
};

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let pid = scene.pid.and_then(|pid| i32::try_from(pid).ok());
    let pid = pid
        .and_then(Pid::from_raw)
        .ok_or_else(|| TrialError::Plan("no process of a step to hit".into()))?;
    // One that has ended in the meantime needs no killing; the checker sees that nothing was hit.
    let _ = kill_process(pid, Signal::KILL);
    Ok(scene.pid.into_iter().collect())
}
