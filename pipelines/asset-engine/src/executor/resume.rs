//! What a dead executor left: attempts without an end, runs without an end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{StepWorker, UnfinishedRun};
use crate::catalog::{Catalog, CatalogError, Draft, Start, Store};
use crate::clock::{monotonic_ns, unix_ms};
use crate::event::{
    Attempt, Event, EventRecord, Materialization, Observation, RunRecord, RunStatus, SkipReason,
};
use crate::graph::Identity;
use crate::key::AssetKey;
use crate::plan::seen;
use crate::step::StepFailure;

/// A piece of an asset.
pub(super) type Piece = (AssetKey, Option<Arc<str>>);

/// How far a step had come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Attempts begun.
    pub attempts: u32,
    /// Those before the run was last opened again, which use up no retries.
    pub before: u32,
    /// Those since then that died with their executor.
    pub crashed: u32,
    /// Those since then that failed.
    pub failures: u32,
    /// How the step ended, if it did.
    pub end: Option<StepEnd>,
    /// Whether what it made failed a check that holds back what is downstream.
    pub blocked: bool,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum StepEnd {
    Materialized(Arc<Materialization>),
    Failed(StepFailure),
    Skipped(SkipReason),
}

impl Progress {
    /// What of it counts when the run is opened again after its end.
    fn reopened(&mut self) {
        let left_out = matches!(self.end, Some(StepEnd::Skipped(SkipReason::LeftOut { .. })));
        let made = matches!(self.end, Some(StepEnd::Materialized(_))) && !self.blocked;
        if !made && !left_out {
            self.again();
        }
    }

    /// Whether the run has failed by it.
    pub fn is_failure(&self) -> bool {
        let unmade = matches!(
            self.end,
            Some(StepEnd::Failed(_) | StepEnd::Skipped(SkipReason::Upstream { .. }))
        );
        unmade || self.blocked
    }

    /// That it is to be made again.
    pub fn again(&mut self) {
        *self = Self {
            attempts: self.attempts,
            before: self.attempts,
            ..Self::default()
        };
    }
}

/// The steps of a run that goes on, as its events tell.
pub(super) fn history(events: &[EventRecord]) -> HashMap<Piece, Progress> {
    let mut steps: HashMap<Piece, Progress> = HashMap::new();
    for record in events {
        match &record.event {
            Event::AttemptStarted(attempt) => {
                let step = steps.entry(piece(attempt)).or_default();
                step.attempts = step.attempts.max(attempt.attempt);
            }
            Event::AttemptInterrupted(attempt) => {
                steps.entry(piece(attempt)).or_default().crashed += 1;
            }
            Event::AttemptFailed {
                attempt,
                failure,
                retry_delay_ns,
                ..
            } => {
                let step = steps.entry(piece(attempt)).or_default();
                step.failures += 1;
                if retry_delay_ns.is_none() {
                    step.end = Some(StepEnd::Failed(failure.clone()));
                }
            }
            Event::Materialized(made) => {
                let piece = (made.asset.clone(), made.partition.clone());
                steps.entry(piece).or_default().end = Some(StepEnd::Materialized(Arc::clone(made)));
            }
            Event::Observed(look) => {
                let piece = (look.asset.clone(), look.partition.clone());
                let seen = seen(Observation::clone(look), record.epoch);
                steps.entry(piece).or_default().end = Some(StepEnd::Materialized(seen));
            }
            Event::Checked(check) => {
                let piece = (check.asset.clone(), check.partition.clone());
                steps.entry(piece).or_default().blocked |= check.blocks();
            }
            Event::Skipped {
                asset,
                partition,
                reason,
                ..
            } => {
                let piece = (asset.clone(), partition.clone());
                steps.entry(piece).or_default().end = Some(StepEnd::Skipped(reason.clone()));
            }
            Event::RunEnded { .. } => steps.values_mut().for_each(Progress::reopened),
            Event::RunSubmitted(_)
            | Event::RunResumed { .. }
            | Event::CancelRequested { .. }
            | Event::Wiped { .. }
            | Event::Ticked(_)
            | Event::BackfillRequested(_)
            | Event::BackfillResumed { .. }
            | Event::PartitionChanged(_)
            | Event::BackfillEnded { .. } => {}
        }
    }
    steps
}

/// Makes again what was made in a run and was wiped since.
pub(super) fn forget_wiped(
    steps: &mut HashMap<Piece, Progress>,
    catalog: &Catalog,
) -> Result<(), CatalogError> {
    for ((asset, partition), progress) in steps {
        if let Some(StepEnd::Materialized(made)) = &progress.end
            && made.attempt > 0
            && catalog.latest(asset, partition.as_deref())?.is_none()
        {
            progress.end = None;
            progress.reopened();
        }
    }
    Ok(())
}

/// Brings the log up to date with the start log, records the end of every attempt that died and of
/// every run that was to be cancelled, and lists the runs that are open.
pub(super) fn close_dead_attempts(
    store: &mut dyn Store,
    epoch: u64,
    starts: &[Start],
) -> Result<Vec<UnfinishedRun>, CatalogError> {
    let (t_ns, at_ms) = (monotonic_ns(), unix_ms());
    let mut drafts = Vec::new();
    let mut unfinished = Vec::new();
    let mut by_run = by_run(store.open_events()?);
    for info in store.open_runs()? {
        if StepWorker::keeps(&info.record) {
            continue;
        }
        let run = &info.record.run;
        let events = by_run.remove(run).unwrap_or_default();
        let mut open = open_attempts(&events);
        let logged: HashSet<&Attempt> = events.iter().filter_map(started).collect();
        for start in starts.iter().filter(|start| start.attempt.run == *run) {
            if !logged.contains(&start.attempt) {
                open.push(start.attempt.clone());
                drafts.push(Draft {
                    t_ns: start.t_ns,
                    at_ms: start.at_ms,
                    event: Event::AttemptStarted(start.attempt.clone()),
                });
            }
        }
        drafts.extend(open.into_iter().map(|attempt| Draft {
            t_ns,
            at_ms,
            event: Event::AttemptInterrupted(attempt),
        }));
        if is_to_be_canceled(&events) {
            drafts.push(Draft {
                t_ns,
                at_ms,
                event: Event::RunEnded {
                    run: Arc::clone(run),
                    status: RunStatus::Canceled,
                    fresh: 0,
                },
            });
            continue;
        }
        unfinished.push(UnfinishedRun {
            run: run.to_string(),
            selection: info.record.selection.clone(),
            mode: info.record.mode,
            config: info.record.config.as_ref().clone(),
            tags: Arc::clone(&info.record.tags),
            identity: asked_on(&info.record, &events),
        });
    }
    if !drafts.is_empty() {
        store.commit(epoch, &drafts)?;
    }
    Ok(unfinished)
}

/// Events by the runs to which they belong, from their submission on.
pub(super) fn by_run(events: Vec<EventRecord>) -> HashMap<Arc<str>, Vec<EventRecord>> {
    let mut runs: HashMap<Arc<str>, Vec<EventRecord>> = HashMap::new();
    for record in events {
        let submitted = matches!(record.event, Event::RunSubmitted(_));
        let run = record.event.run();
        match runs.get_mut(run) {
            Some(events) => events.push(record),
            None if submitted => {
                runs.insert(Arc::clone(run), vec![record]);
            }
            None => {}
        }
    }
    runs
}

/// What an open run was last asked on.
pub(super) fn asked_on(record: &RunRecord, events: &[EventRecord]) -> Arc<Identity> {
    let resumed = events.iter().rev().find_map(|record| match &record.event {
        Event::RunResumed { identity, .. } if !identity.is_empty() => Some(identity),
        _ => None,
    });
    Arc::clone(resumed.unwrap_or(&record.identity))
}

/// Whether the end of an open run was asked for since it last went on.
fn is_to_be_canceled(events: &[EventRecord]) -> bool {
    let newest = events.iter().rev().find(|record| {
        matches!(
            record.event,
            Event::CancelRequested { .. } | Event::RunSubmitted(_) | Event::RunResumed { .. }
        )
    });
    newest.is_some_and(|record| matches!(record.event, Event::CancelRequested { .. }))
}

pub(super) fn piece(attempt: &Attempt) -> Piece {
    (attempt.asset.clone(), attempt.partition.clone())
}

/// Attempts with a start and no end.
pub(super) fn open_attempts(events: &[EventRecord]) -> Vec<Attempt> {
    let mut open: HashMap<Piece, Attempt> = HashMap::new();
    for record in events {
        match &record.event {
            Event::AttemptStarted(attempt) => {
                open.insert(piece(attempt), attempt.clone());
            }
            Event::AttemptInterrupted(attempt) | Event::AttemptFailed { attempt, .. } => {
                open.remove(&piece(attempt));
            }
            Event::Materialized(made) => {
                open.remove(&(made.asset.clone(), made.partition.clone()));
            }
            Event::Observed(seen) => {
                open.remove(&(seen.asset.clone(), seen.partition.clone()));
            }
            Event::Skipped {
                asset, partition, ..
            } => {
                open.remove(&(asset.clone(), partition.clone()));
            }
            _ => {}
        }
    }
    let mut open: Vec<Attempt> = open.into_values().collect();
    open.sort_by(|a, b| (&a.asset, &a.partition).cmp(&(&b.asset, &b.partition)));
    open
}

fn started(record: &EventRecord) -> Option<&Attempt> {
    match &record.event {
        Event::AttemptStarted(attempt) => Some(attempt),
        _ => None,
    }
}
