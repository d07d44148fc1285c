//! What a reader must know before the figures.

use crate::measure::{End, TrialEvidence};
use crate::record::{Damage, Environment, EventBody, Plan, TrialStatus, Warning};

/// A machine is busy from this share of its processors' time on, given to a hypervisor's other
/// guests or to processes that are not the harness's.
pub(crate) const BUSY_SHARE: f64 = 0.1;
/// Before a run, from this load a processor on.
pub(crate) const BUSY_LOAD: f64 = 0.5;

/// Whether a trial of this status has been made; an interrupted one has not.
pub(super) fn finished(status: TrialStatus) -> bool {
    !matches!(status, TrialStatus::Interrupted)
}

/// Warnings about the run as a whole.
pub(super) fn of_run(plan: &Plan, environment: &Environment, ended: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if ended < plan.trials.len() {
        warnings.push(Warning::Partial {
            ended,
            planned: plan.trials.len(),
        });
    }
    let loaded = environment.load_1m > BUSY_LOAD * environment.cpus.max(1) as f64;
    let calm = environment
        .foreign_share
        .is_some_and(|share| share <= BUSY_SHARE);
    if loaded && !calm {
        warnings.push(Warning::BusyAtStart {
            load_percent: (environment.load_1m * 100.0).round() as u32,
        });
    }
    if environment.build == "debug" {
        warnings.push(Warning::DebugBuild);
    }
    if let Some(server) = environment
        .server
        .as_ref()
        .filter(|server| server.local_image_build)
    {
        warnings.push(Warning::LocalImage {
            version: server.version.clone(),
        });
    }
    let unreachable = environment
        .unreachable
        .iter()
        .map(|(engine, reason)| Warning::Unreachable {
            engine: engine.clone(),
            reason: reason.clone(),
        });
    warnings.extend(unreachable);
    warnings
}

/// What of the raw files is not as it was sealed.
pub(super) fn of_damages(damages: Vec<Damage>) -> impl Iterator<Item = Warning> {
    damages.into_iter().map(|damage| Warning::Damaged {
        file: damage.file,
        problem: damage.kind.to_string(),
    })
}

/// Why a trial that says of itself that it is void is so.
pub(super) fn void_by_status(trial: &TrialEvidence) -> Option<String> {
    match &trial.end {
        End::Ended(TrialStatus::Void, reason) => Some(
            reason
                .clone()
                .unwrap_or_else(|| "the fault hit nothing".to_owned()),
        ),
        _ => None,
    }
}

/// Warnings about one trial, void ones apart.
pub(super) fn of_trial(trial: &TrialEvidence) -> Vec<Warning> {
    let id = || trial.plan.id.clone();
    let mut warnings: Vec<Warning> = trial
        .malformed
        .iter()
        .map(|message| Warning::Malformed {
            trial: id(),
            message: message.clone(),
        })
        .collect();
    let unfinished = match &trial.end {
        End::NotEnded => Some("its events have no end".to_owned()),
        End::Ended(status @ (TrialStatus::Interrupted | TrialStatus::Unreachable), reason) => {
            let status = match status {
                TrialStatus::Interrupted => "interrupted",
                _ => "engine unreachable",
            };
            Some(
                reason
                    .as_ref()
                    .map_or_else(|| status.to_owned(), |reason| format!("{status}: {reason}")),
            )
        }
        _ => None,
    };
    warnings.extend(unfinished.map(|reason| Warning::Unfinished {
        trial: id(),
        reason,
    }));
    let busy = trial.events.iter().filter_map(|event| match &event.body {
        EventBody::Machine {
            steal_share,
            foreign_share,
            ..
        } if *steal_share > BUSY_SHARE || *foreign_share > BUSY_SHARE => Some(Warning::Busy {
            trial: id(),
            steal_percent: (steal_share * 100.0).round() as u32,
            foreign_percent: (foreign_share * 100.0).round() as u32,
        }),
        _ => None,
    });
    warnings.extend(busy);
    warnings
}
