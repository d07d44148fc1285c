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
        trial.scenario == trials[0].scenario && trial.side_by_side == trials[0].side_by_side
    };
    let length = match trials[0].side_by_side {
        0 | 1 => 1,
        _ => trials.iter().take_while(|trial| same(trial)).count(),
    };
    &trials[..length]
}

/// Makes trials, several at a time where they allow it, and says how each ended; `None` for
/// those that an interrupt left unmade.
pub(super) fn make_all(
    trials: &[TrialPlan],
    laboratory: &Laboratory,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Option<TrialStatus>>> {
    let mut statuses = vec![None; trials.len()];
    let width = trials
        .first()
        .map_or(0, |trial| trial.side_by_side.max(1))
        .min(trials.len());
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
