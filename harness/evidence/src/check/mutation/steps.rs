//! What goes wrong with the steps, as the effect journal shows it.

use orchbench_journal::StepName;
use orchbench_journal::{Kind, Record};

use super::super::saga;
use super::{Entry, Plant};
use crate::measure::TrialEvidence;
use crate::record::EventBody;

pub(super) const ALL: [Entry; 12] = [
    (
        "attempt-beyond-policy",
        "a step is executed more often than the policy allows",
        "attempts",
        Plant::Evidence(attempt_beyond_policy),
    ),
    (
        "early-child",
        "a load is invoked before its check has ended",
        "parents_first",
        Plant::Evidence(early_child),
    ),
    (
        "foreign-run",
        "a step is executed for a run that nobody started",
        "attempts",
        Plant::Evidence(foreign_run),
    ),
    (
        "half-undone",
        "a saga has no end, and an act of it is not undone",
        saga::INVARIANT.name,
        Plant::Evidence(half_undone),
    ),
    (
        "kept-charge",
        "an order failed, and what was charged is not given back",
        saga::INVARIANT.name,
        Plant::Evidence(kept_charge),
    ),
    (
        "lost-signal",
        "what an acknowledged signal releases never happens",
        "signals_once",
        Plant::Evidence(lost_signal),
    ),
    (
        "retry-of-fatal",
        "a step is executed again after a non-retryable error",
        "attempts",
        Plant::Evidence(retry_of_fatal),
    ),
    (
        "retry-too-early",
        "a failed step is executed again before its delay",
        "attempts",
        Plant::Evidence(retry_too_early),
    ),
    (
        "skipped-undo",
        "an act of a failed saga is not undone",
        saga::INVARIANT.name,
        Plant::Evidence(skipped_undo),
    ),
    (
        "stale-parent",
        "a step read other data than its parent made",
        "parents_first",
        Plant::Evidence(stale_parent),
    ),
    (
        "undo-out-of-order",
        "a load is undone before the publication that rests on it",
        saga::INVARIANT.name,
        Plant::Evidence(undo_out_of_order),
    ),
    (
        "wrong-publication",
        "other data is published than was loaded",
        "publication",
        Plant::Evidence(wrong_publication),
    ),
];

fn records(trial: &mut TrialEvidence) -> impl Iterator<Item = &mut Record> {
    trial.journal.iter_mut().flat_map(|file| &mut file.records)
}

/// Changes the first record of a step and kind; false where there is none.
fn first(
    trial: &mut TrialEvidence,
    step: StepName,
    kind: Kind,
    change: impl Fn(&mut Record),
) -> bool {
    let mut found = records(trial).filter(|each| each.step == Some(step) && each.kind == kind);
    found.next().map(change).is_some()
}

/// Removes what `of` picks from the journal.
fn remove(trial: &mut TrialEvidence, of: impl Fn(&Record) -> bool) -> bool {
    let mut removed = false;
    for file in &mut trial.journal {
        let before = file.records.len();
        file.records.retain(|record| !of(record));
        removed |= file.records.len() < before;
    }
    removed
}

fn stale_parent(trial: &mut TrialEvidence) -> bool {
    first(trial, StepName::Check, Kind::Ok, |record| {
        record.output_digest = Some("of yesterday".to_owned());
    })
}

fn early_child(trial: &mut TrialEvidence) -> bool {
    first(trial, StepName::Load, Kind::Invoke, |record| {
        record.t_ns = 0
    })
}

fn wrong_publication(trial: &mut TrialEvidence) -> bool {
    first(trial, StepName::Publish, Kind::Ok, |record| {
        record.output_digest = Some("of something else".to_owned());
    })
}

fn lost_signal(trial: &mut TrialEvidence) -> bool {
    remove(trial, |record| {
        record.step == Some(StepName::Publish) || record.step == Some(StepName::Announce)
    })
}

fn skipped_undo(trial: &mut TrialEvidence) -> bool {
    if let Some(applied) = &mut trial.applied {
        applied.retain(|row| row.step != StepName::UndoLoad.to_string());
    }
    remove(trial, |record| record.step == Some(StepName::UndoLoad))
}

fn kept_charge(trial: &mut TrialEvidence) -> bool {
    if let Some(applied) = &mut trial.applied {
        applied.retain(|row| row.step != StepName::UndoCharge.to_string());
    }
    remove(trial, |record| record.step == Some(StepName::UndoCharge))
}

fn half_undone(trial: &mut TrialEvidence) -> bool {
    let ended = |body: &EventBody| matches!(body, EventBody::RunEnded { .. });
    trial.events.retain(|event| !ended(&event.body));
    skipped_undo(trial)
}

/// The compensations of load and publication change places in time.
fn undo_out_of_order(trial: &mut TrialEvidence) -> bool {
    let published = records(trial)
        .filter(|record| record.step == Some(StepName::UndoPublish))
        .map(|record| record.t_ns)
        .min();
    let Some(published_ns) = published else {
        return false;
    };
    let mut moved = false;
    for record in records(trial).filter(|each| each.step == Some(StepName::UndoLoad)) {
        record.t_ns = published_ns - 1;
        moved = true;
    }
    moved
}

/// The invocation and the end of a step without parents that was executed once.
fn lonely(trial: &TrialEvidence) -> Option<(usize, Record, Record)> {
    let of = |kind| {
        let kind_of = move |record: &&Record| {
            record.step == Some(StepName::ExtractFlights) && record.kind == kind
        };
        trial.journal.iter().enumerate().find_map(|(index, file)| {
            let record = file.records.iter().find(kind_of)?;
            Some((index, record.clone()))
        })
    };
    let ((index, invoke), (_, ok)) = (of(Kind::Invoke)?, of(Kind::Ok)?);
    Some((index, invoke, ok))
}

/// Appends failed executions of a step, and the one that was there as their last.
fn fail_before(trial: &mut TrialEvidence, failures: u32, gap_ns: u64, error: &str) -> bool {
    let Some((index, invoke, ok)) = lonely(trial) else {
        return false;
    };
    let last_ns = invoke.t_ns;
    remove(trial, |record| *record == invoke || *record == ok);
    let planted = &mut trial.journal[index].records;
    for attempt in 1..=failures {
        let failed_ns = last_ns - u64::from(failures + 1 - attempt) * gap_ns;
        let mut begun = invoke.clone();
        begun.attempt = Some(attempt);
        begun.t_ns = failed_ns - 1;
        let mut failed = begun.clone();
        failed.kind = Kind::Error;
        failed.t_ns = failed_ns;
        failed.error = Some(error.to_owned());
        planted.extend([begun, failed]);
    }
    for mut record in [invoke, ok] {
        record.attempt = Some(failures + 1);
        planted.push(record);
    }
    true
}

const MS: u64 = 1_000_000;

fn retry_too_early(trial: &mut TrialEvidence) -> bool {
    fail_before(trial, 1, MS, "Injected: planted")
}

fn retry_of_fatal(trial: &mut TrialEvidence) -> bool {
    fail_before(trial, 1, 1_000 * MS, "InjectedFatal: planted")
}

fn attempt_beyond_policy(trial: &mut TrialEvidence) -> bool {
    let runs = trial.runs();
    let allowed = runs.first().map_or(0, |run| run.retry.max_attempts);
    allowed > 0 && fail_before(trial, allowed, 1_000 * MS, "Injected: planted")
}

fn foreign_run(trial: &mut TrialEvidence) -> bool {
    let Some((index, invoke, ok)) = lonely(trial) else {
        return false;
    };
    for mut record in [invoke, ok] {
        let own = record.run.replace("nobody".to_owned()).unwrap_or_default();
        record.key = record.key.map(|key| key.replacen(&own, "nobody", 1));
        trial.journal[index].records.push(record);
    }
    true
}
