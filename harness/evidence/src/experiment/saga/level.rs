//! Native, emulated or unsupported: what the program had to do so that a failed run left nothing.

use super::super::level_by_history;
use crate::measure::{Saga, TrialEvidence};

/// The level that a saga shows; `None` where it shows none: it did not fail, a fault struck it, there
/// was nothing to undo, or the engine gives no account of it.
///
/// Native: by the engine's own history, every compensation completed in the run that failed. Emulated:
/// everything was put back as it should be, and some of it in another run of the engine or beside its
/// history. Unsupported: something was not.
pub(super) fn of(trial: &TrialEvidence, saga: &Saga<'_>) -> Option<f64> {
    if trial.plan.factors.contains_key("fault") {
        return None;
    }
    saga.run.failure?;
    let undone = saga.acts.iter().filter(|act| !act.undos.is_empty());
    let mut undone = undone.map(|act| act.undo_key.as_str()).peekable();
    let right = saga.came_out_right();
    if right && undone.peek().is_none() {
        return None;
    }
    level_by_history(trial, saga.run.id, right, undone)
}
