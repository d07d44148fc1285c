//! SIGKILL of the process of a step, where each has one: by itself at a crash point, or by the harness
//! at a random instant. Its worker lives on.

use orchbench_lab::process::ProcessIdentity;
use rustix::process::Signal;

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
    let none = || TrialError::Plan("no process of a step to hit".into());
    let pid = scene.pid.ok_or_else(none)?;
    // One that has ended in the meantime needs no killing; the checker sees that nothing was hit.
    let _ = ProcessIdentity::of(pid).and_then(|step| step.signal(Signal::KILL));
    Ok(vec![pid])
}
