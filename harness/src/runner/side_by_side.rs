//! Trials side by side, where their scenario says that they do not disturb each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::make;
use crate::engine::Laboratory;
use crate::output::Progress;
use orchbench_evidence::record::{TrialPlan, TrialStatus};

/// The trials that may be made before anything else is looked at: one, or as many of a
/// scenario as follow each other and may be made side by side.
pub(super) fn wave(trials: &[TrialPlan]) -> &[TrialPlan] {
    let same = |trial: &TrialPlan| {
        trial.scenario == trials[0].scenario && side_by_side(trial) == side_by_side(&trials[0])
    };
    let length = match side_by_side(&trials[0]) {
        1 => 1,
        _ => trials.iter().take_while(|trial| same(trial)).count(),
    };
    &trials[..length]
}

/// How many trials of this kind may be made at a time. Only counts are taken from those that
/// are not alone on the machine: their times are those of a loaded one.
fn side_by_side(trial: &TrialPlan) -> usize {
    let number = trial.parameters["side_by_side"].as_u64().unwrap_or(1);
    usize::try_from(number).unwrap_or(1).max(1)
}

/// Makes trials, several at a time where they allow it, and says how each ended; `None` for
/// those that an interrupt left unmade.
pub(super) fn make_all(
    trials: &[TrialPlan],
    laboratory: &Laboratory,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Option<TrialStatus>>> {
    let mut statuses = vec![None; trials.len()];
    let width = trials.first().map_or(0, side_by_side).min(trials.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..width {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while !laboratory.interrupted.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(trial) = trials.get(index) else {
                        return;
                    };
                    // A receiver that is gone has an error to report, which ends the run.
                    let begun = sender.send((index, None)).is_ok();
                    if !begun || sender.send((index, Some(make(trial, laboratory)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (index, made) in receiver {
            match made {
                None => progress.begin(&trials[index].id),
                Some(made) => {
                    let (status, reason) = made?;
                    progress.end(reason.as_deref());
                    statuses[index] = Some(status);
                }
            }
        }
        Ok(statuses)
    })
}
