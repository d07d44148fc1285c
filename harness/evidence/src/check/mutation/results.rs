//! What goes wrong in the warehouse, in its applied log, and in what the runs say.

use super::super::saga;
use super::{Entry, Plant};
use crate::measure::TrialEvidence;
use crate::record::{AppliedRow, EventBody, HistoryStep, WarehouseRow};

pub(super) const ALL: [Entry; 18] = [
    (
        "changed-row",
        "a row of the warehouse has other contents",
        "completeness",
        Plant::Evidence(changed_row),
    ),
    (
        "double-undo",
        "a compensation changes something a second time",
        saga::INVARIANT.name,
        Plant::Evidence(double_undo),
    ),
    (
        "dropped-row",
        "a row of the warehouse is gone",
        "completeness",
        Plant::Evidence(dropped_row),
    ),
    (
        "duplicate-row",
        "a row is in the warehouse twice",
        "completeness",
        Plant::Evidence(duplicate_row),
    ),
    (
        "early-call",
        "a service is called before the time that it has stated",
        "retry_after",
        Plant::Evidence(early_call),
    ),
    (
        "forged-history",
        "the engine's history counts an attempt less than the journal",
        "history_agrees",
        Plant::Evidence(forged_history),
    ),
    (
        "forged-outcome",
        "the engine's history says the opposite of the run's outcome",
        "history_agrees",
        Plant::Evidence(forged_outcome),
    ),
    (
        "lost-run",
        "an acknowledged run has no end",
        "acknowledged_end",
        Plant::Evidence(lost_run),
    ),
    (
        "lowered-achieved-rate",
        "an open loop counts fewer completed runs than have an end",
        "samples_agree",
        Plant::Evidence(lowered_achieved_rate),
    ),
    (
        "missed-fault",
        "the fault never fired",
        "fault_hit",
        Plant::Evidence(missed_fault),
    ),
    (
        "second-change",
        "a second execution changes rows under the same key",
        "single_change",
        Plant::Evidence(second_change),
    ),
    (
        "second-charge",
        "a service has its effect a second time under the same key",
        "single_change",
        Plant::Evidence(second_charge),
    ),
    (
        "signal-too-late",
        "the step that waits for a signal runs before it is sent",
        "signals_once",
        Plant::Evidence(signal_too_late),
    ),
    (
        "stalled-run",
        "after the fault nothing happens for ten minutes",
        "progress_resumes",
        Plant::Evidence(stalled_run),
    ),
    (
        "torn-partition",
        "half of a partition is in the warehouse",
        "completeness",
        Plant::Evidence(torn_partition),
    ),
    (
        "unknown-step",
        "the engine's history lacks a step that the journal has",
        "history_agrees",
        Plant::Evidence(unknown_step),
    ),
    (
        "wrong-sum",
        "a run's summary counts one flight too many",
        "conservation",
        Plant::Evidence(wrong_sum),
    ),
    (
        "zombie-write",
        "a worker that was replaced writes under its old token",
        "fencing",
        Plant::Evidence(zombie_write),
    ),
];

/// The call after one that was asked to wait comes at once.
fn early_call(trial: &mut TrialEvidence) -> bool {
    let Some(calls) = &mut trial.applied else {
        return false;
    };
    let asked = calls.iter().find_map(|call| {
        let answer = call.answer.as_ref()?;
        answer
            .retry_after_ms
            .map(|_| (call.key.clone(), call.seq, answer.t_ns))
    });
    let Some((key, seq, t_ns)) = asked else {
        return false;
    };
    let mut later = calls
        .iter_mut()
        .filter(|call| call.key == key && call.seq > seq);
    let next = later.next().and_then(|call| call.answer.as_mut());
    next.map(|answer| answer.t_ns = t_ns + 1_000_000).is_some()
}

/// A call is taken once more, and has its effect again.
fn second_charge(trial: &mut TrialEvidence) -> bool {
    commit_again(trial, |row| row.answer.is_some(), |_| ())
}

/// The first source's rows, where it has enough of them.
fn rows(trial: &mut TrialEvidence) -> Option<&mut Vec<WarehouseRow>> {
    let sources = trial.sources.values_mut();
    sources
        .filter_map(|source| source.rows.as_mut())
        .find(|rows| rows.len() > 1)
}

fn dropped_row(trial: &mut TrialEvidence) -> bool {
    rows(trial).map(|rows| rows.remove(1)).is_some()
}

fn duplicate_row(trial: &mut TrialEvidence) -> bool {
    rows(trial).map(|rows| rows.push(rows[0].clone())).is_some()
}

fn torn_partition(trial: &mut TrialEvidence) -> bool {
    rows(trial)
        .map(|rows| rows.truncate(rows.len() / 2))
        .is_some()
}

fn changed_row(trial: &mut TrialEvidence) -> bool {
    rows(trial)
        .map(|rows| rows[0].digest = rows[1].digest.clone())
        .is_some()
}

/// Appends a copy of the last commit that changed something and that `wanted` picks.
fn commit_again(
    trial: &mut TrialEvidence,
    wanted: impl Fn(&AppliedRow) -> bool,
    change: impl Fn(&mut AppliedRow),
) -> bool {
    let Some(applied) = &mut trial.applied else {
        return false;
    };
    let picked = applied
        .iter()
        .rev()
        .find(|row| row.rows_changed > 0 && wanted(row));
    let Some(mut again) = picked.cloned() else {
        return false;
    };
    again.seq = applied.len() as u64 + 1;
    change(&mut again);
    applied.push(again);
    true
}

fn second_change(trial: &mut TrialEvidence) -> bool {
    commit_again(trial, |row| row.step == "load", |row| row.attempt += 1)
}

fn double_undo(trial: &mut TrialEvidence) -> bool {
    commit_again(trial, |row| row.step.starts_with("undo_"), |_| ())
}

fn zombie_write(trial: &mut TrialEvidence) -> bool {
    commit_again(
        trial,
        |row| row.step == "load",
        |row| row.token = row.token.saturating_sub(1),
    )
}

fn lost_run(trial: &mut TrialEvidence) -> bool {
    remove_events(trial, |body| matches!(body, EventBody::RunEnded { .. }))
}

fn missed_fault(trial: &mut TrialEvidence) -> bool {
    remove_events(trial, |body| matches!(body, EventBody::FaultFired { .. }))
}

fn lowered_achieved_rate(trial: &mut TrialEvidence) -> bool {
    trial.events.iter_mut().any(|event| match &mut event.body {
        EventBody::Sample(sample) if sample.metric == "completed_runs" => {
            sample.value -= 1.0;
            true
        }
        _ => false,
    })
}

fn remove_events(trial: &mut TrialEvidence, of: impl Fn(&EventBody) -> bool) -> bool {
    let before = trial.events.len();
    trial.events.retain(|event| !of(&event.body));
    trial.events.len() < before
}

fn wrong_sum(trial: &mut TrialEvidence) -> bool {
    trial.events.iter_mut().any(|event| match &mut event.body {
        EventBody::RunEnded {
            summary: Some(summary),
            ..
        } => {
            summary.extracted += 1;
            true
        }
        _ => false,
    })
}

fn signal_too_late(trial: &mut TrialEvidence) -> bool {
    let Some(end_ns) = trial.events.last().map(|event| event.t_ns) else {
        return false;
    };
    trial.events.iter_mut().any(|event| match &mut event.body {
        EventBody::SignalAcknowledged { sent_ns, .. } => {
            *sent_ns = end_ns;
            true
        }
        _ => false,
    })
}

fn stalled_run(trial: &mut TrialEvidence) -> bool {
    const STALL_NS: u64 = 600_000_000_000;
    let healed = trial.events.iter().rev().find(|event| {
        matches!(
            event.body,
            EventBody::WorkerReady { .. } | EventBody::ServerReady { .. }
        )
    });
    let Some(healed_ns) = healed.map(|event| event.t_ns) else {
        return false;
    };
    let events = trial.events.iter_mut().map(|event| &mut event.t_ns);
    let records = trial.journal.iter_mut().flat_map(|file| &mut file.records);
    events
        .chain(records.map(|record| &mut record.t_ns))
        .filter(|t_ns| **t_ns > healed_ns)
        .for_each(|t_ns| *t_ns += STALL_NS);
    true
}

/// Changes the first history; false where there is none, or nothing in it to change.
fn history(
    trial: &mut TrialEvidence,
    change: impl Fn(&mut bool, &mut Vec<HistoryStep>) -> bool,
) -> bool {
    trial.events.iter_mut().any(|event| match &mut event.body {
        EventBody::EngineHistory {
            succeeded, steps, ..
        } => change(succeeded, steps),
        _ => false,
    })
}

fn forged_history(trial: &mut TrialEvidence) -> bool {
    history(trial, |_, steps| {
        let mut retried = steps.iter_mut().filter(|step| step.attempts > 1);
        retried.next().map(|step| step.attempts -= 1).is_some()
    })
}

fn forged_outcome(trial: &mut TrialEvidence) -> bool {
    history(trial, |succeeded, _| {
        *succeeded = !*succeeded;
        true
    })
}

fn unknown_step(trial: &mut TrialEvidence) -> bool {
    history(trial, |_, steps| steps.pop().is_some())
}
