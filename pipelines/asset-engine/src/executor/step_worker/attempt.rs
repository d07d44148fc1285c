//! One attempt at a step: judged, begun, executed, recorded.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::{Kept, StepError, StepWorker};
use crate::catalog::{Among, CatalogError, Fence, Terms};
use crate::event::{Event, EventRecord, SkipReason};
use crate::executor::StepCounts;
use crate::executor::job::{Job, Made, token};
use crate::executor::resume::{self, Piece, Progress};
use crate::executor::run_state::{Effects, Now, RunState};
use crate::executor::worker::traced;
use crate::key::AssetKey;
use crate::step::StepFailure;
use crate::stop::Stop;

/// How far a step came.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StepEnd {
    /// It has ended, and so has whatever one attempt makes with it.
    Ended {
        /// How.
        counts: StepCounts,
        /// Why it was not made, if it failed.
        failure: Option<StepFailure>,
    },
    /// An attempt failed, and the next one is due after a while.
    Retry {
        /// Why it failed.
        failure: StepFailure,
        /// How long.
        after: Duration,
    },
}

/// An attempt that may begin.
struct Beginning {
    state: RunState,
    /// The attempts before it that never told how they ended, to be recorded as that.
    dead: Vec<Event>,
}

impl StepWorker {
    /// Executes a step, and what one attempt makes with it: unless it is fresh and only what is stale is wanted, or was
    /// made in this run before. Returns once that is committed, or refused because another attempt began meanwhile
    /// ([`CatalogError::Overtaken`]). Whether something of the run may not have been made that it reads (`after_failure`)
    /// is known to who has seen the ends of the steps before it in its lane; it is skipped then.
    ///
    /// # Errors
    /// The run or the step is unknown, the run was asked for on another graph, or the catalog failed. That a step
    /// fails is no error.
    pub fn execute(
        &self,
        run: &str,
        (asset, partition): (&AssetKey, Option<&str>),
        after_failure: bool,
        stop: &Stop,
    ) -> Result<StepEnd, StepError> {
        let mut kept = self.kept(run)?;
        if kept.find(asset, partition).is_none() {
            // It may have come since.
            self.forget(run);
            kept = self.kept(run)?;
        }
        let step = kept
            .find(asset, partition)
            .ok_or_else(|| StepError::Unknown {
                run: run.to_owned(),
                asset: asset.clone(),
                partition: partition.map(str::to_owned),
            })?;
        let group = kept.group(step);
        if after_failure && let Some(skipped) = self.skip(&kept, &group)? {
            return Ok(skipped);
        }
        let what = format!("{run} {asset} {}", partition.unwrap_or_default());
        let newest = self.store().newest_attempt(&what)?;
        let fence = Fence {
            what: &what,
            attempt: newest.attempt + 1,
        };
        // Where there was an attempt before, it commits nothing from here on, so that what is read of it holds.
        let again = newest.attempt > 0;
        if again {
            self.commit(Terms::Beginning(&fence), Vec::new())?;
        }
        let Beginning { mut state, dead } = self.beginning(&kept, &group, again)?;
        let mut effects = Effects::default();
        state.begin(Now::read(), &mut effects);
        let terms = match again {
            true => Terms::Beside(Some(&fence)),
            false => Terms::Beginning(&fence),
        };
        let token = token(newest.epoch, newest.seq);
        let job = effects.ready.first().and_then(|&leader| {
            state.began_before(leader, newest.attempt);
            Some((leader, state.start(leader, (newest.epoch, token))?))
        });
        let Some((leader, mut job)) = job else {
            // Fresh, made before, or not to be tried again.
            let events: Vec<Event> = dead.into_iter().chain(own(&mut effects)).collect();
            let end = ended(effects, &events);
            self.commit_any(terms, events)?;
            return Ok(end);
        };
        job.stop = stop.clone();
        let attempt = job.attempt.attempt;
        let mut events = dead;
        events.push(Event::AttemptStarted(job.attempt.clone()));
        self.commit(terms, events)?;
        let result = within(job, attempt);
        let mut effects = Effects::default();
        state.finish(leader, result, Now::read(), 0, &mut effects);
        let events: Vec<Event> = own(&mut effects).collect();
        let end = ended(effects, &events);
        self.commit(Terms::Beside(Some(&fence)), events)?;
        Ok(end)
    }

    /// Skips steps that are held back by what was not made; `None` when nothing holds them back.
    fn skip(&self, kept: &Kept, group: &[u32]) -> Result<Option<StepEnd>, StepError> {
        let life = self.life(&kept.record.run)?;
        let mut unmade = self.unmade(&kept.record.run)?;
        let Some(reason) = kept.held_back(&unmade, group) else {
            return Ok(None);
        };
        let skipped = kept.skip_all(&mut unmade, group, &reason);
        life.commit_any(skipped)?;
        let mut counts = StepCounts::default();
        match reason {
            SkipReason::LeftOut { .. } => counts.left_out = group.len() as u64,
            _ => counts.skipped = group.len() as u64,
        }
        Ok(Some(StepEnd::Ended {
            counts,
            failure: None,
        }))
    }

    /// Lays out an attempt, by what the attempts before it in the run came to, if there were any.
    fn beginning(
        &self,
        kept: &Kept,
        group: &[u32],
        again: bool,
    ) -> Result<Beginning, CatalogError> {
        let mut events: Vec<EventRecord> = Vec::new();
        if again {
            for step in group {
                let (asset, partition) = kept.piece(*step);
                let among = Among::Piece(&asset, partition.as_deref());
                events.extend(self.catalog.events_among(&kept.record.run, among)?);
            }
            events.sort_by_key(|record| record.seq);
            events.dedup_by_key(|record| record.seq);
        }
        let mut history: HashMap<Piece, Progress> = resume::history(&events);
        // What is gone since is made again, as nothing that reads it could be made else.
        resume::forget_wiped(&mut history, &self.catalog)?;
        let mut dead = Vec::new();
        for attempt in resume::open_attempts(&events) {
            history.entry(resume::piece(&attempt)).or_default().crashed += 1;
            dead.push(Event::AttemptInterrupted(attempt));
        }
        let mut steps = group.to_vec();
        steps.sort_unstable();
        let state = RunState::of_plan(
            Arc::clone(&kept.record),
            Arc::clone(&kept.graph),
            kept.plan.part(&kept.graph, &steps),
            &self.catalog,
            Some(history),
        )?;
        Ok(Beginning { state, dead })
    }
}

/// The events of some steps, without the end of the run, which these steps are not.
fn own(effects: &mut Effects) -> impl Iterator<Item = Event> + use<> {
    let drafts = std::mem::take(&mut effects.drafts).into_iter();
    let events = drafts.map(|draft| draft.event);
    events.filter(|event| !matches!(event, Event::RunEnded { .. }))
}

/// How far steps came, by what follows from that.
fn ended(effects: Effects, events: &[Event]) -> StepEnd {
    if let Some(outcome) = effects.ended {
        let mut failures = outcome.failures.into_iter();
        return StepEnd::Ended {
            counts: outcome.steps,
            failure: failures.next().map(|failed| failed.failure),
        };
    }
    let failure = events.iter().find_map(|event| match event {
        Event::AttemptFailed { failure, .. } => Some(failure.clone()),
        _ => None,
    });
    let unknown = || StepFailure::retryable(StepFailure::INTERRUPTED, "the attempt did not end");
    let due_ns = effects.delayed.first().map_or(0, |(due_ns, _)| *due_ns);
    StepEnd::Retry {
        failure: failure.unwrap_or_else(unknown),
        after: Duration::from_nanos(due_ns),
    }
}

/// Executes a job in its time: what it returns later is dropped.
fn within(job: Job, attempt: u32) -> Result<Made, StepFailure> {
    let Some(limit) = job.timeout() else {
        return traced(job);
    };
    let stop = job.stop.clone();
    let (tell, told) = mpsc::sync_channel(1);
    let named = std::thread::Builder::new().name("asset-step".to_owned());
    let started = named.spawn(move || drop(tell.send(traced(job))));
    if let Err(error) = started {
        let message = format!("no thread could be started: {error}");
        return Err(StepFailure::retryable(StepFailure::TIMEOUT, message));
    }
    told.recv_timeout(limit).unwrap_or_else(|_| {
        stop.stop();
        let message = format!("attempt {attempt} took longer than {limit:?}");
        Err(StepFailure::retryable(StepFailure::TIMEOUT, message))
    })
}
