//! How a run ended.

use std::collections::HashMap;
use std::sync::Arc;

use super::EngineError;
use super::request::known;
use super::resume::Piece;
use crate::catalog::Catalog;
use crate::event::{Event, EventRecord, Materialization, Observation, RunStatus, SkipReason};
use crate::graph::CutWindow;
use crate::key::AssetKey;
use crate::plan::seen;
use crate::step::StepFailure;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunOutcome {
    /// Id of the run.
    pub run: String,
    /// In which state.
    pub status: RunStatus,
    /// Whether it had ended before [`crate::Executor::run`] asked for it, so that nothing was executed:
    /// this is how it ended then.
    pub ended_before: bool,
    /// Steps by how they ended.
    pub steps: StepCounts,
    /// The steps that failed for good.
    pub failures: Vec<FailedStep>,
    /// What this run materialized, or what it observed, before and after a crash, in no particular
    /// order.
    pub materializations: Vec<Arc<Materialization>>,
    /// What it materialized of fewer partitions than a mapping means, as there were no others. Only
    /// whoever executed the run tells; for others there is [`crate::Plan::cut_windows`].
    pub cut_windows: Vec<CutWindow>,
}

/// Steps of a run by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepCounts {
    /// Materialized, or observed.
    pub materialized: u64,
    /// Fresh when their turn came, so not executed.
    pub fresh: u64,
    /// Failed for good.
    pub failed: u64,
    /// Not executed, as something upstream failed.
    pub skipped: u64,
    /// Blocking checks that failed; what they checked counts as materialized.
    pub blocked: u64,
    /// Not executed, as the run was cancelled.
    pub canceled: u64,
    /// Not made, as a step left out what it may.
    pub left_out: u64,
}

/// A step that failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedStep {
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<String>,
    /// The last attempt, from 1.
    pub attempt: u32,
    /// Why it failed.
    pub failure: StepFailure,
}

impl RunOutcome {
    /// How a run has ended, by the catalog; `None` while it has not.
    ///
    /// # Errors
    /// The run is unknown, or the catalog cannot be read.
    pub fn read(catalog: &Catalog, run: &str) -> Result<Option<Self>, EngineError> {
        let info = known(catalog, run)?;
        if info.status == RunStatus::Started {
            return Ok(None);
        }
        let events = catalog.events(run)?;
        Ok(Some(Self::of_events(run, info.status, &events)))
    }

    /// The outcome of an ended run, from its events.
    fn of_events(run: &str, status: RunStatus, events: &[EventRecord]) -> Self {
        let mut outcome = Self {
            run: run.to_owned(),
            status,
            ended_before: false,
            steps: StepCounts::default(),
            failures: Vec::new(),
            materializations: Vec::new(),
            cut_windows: Vec::new(),
        };
        // By piece, as a run that was opened again makes anew what had failed a check.
        let mut made_here: HashMap<Piece, Arc<Materialization>> = HashMap::new();
        let mut ended = false;
        for record in events {
            match &record.event {
                Event::RunEnded { fresh, .. } => {
                    outcome.steps.fresh = *fresh;
                    ended = true;
                }
                // How it had ended before counts no longer.
                Event::RunResumed { .. } if ended => {
                    outcome.steps = StepCounts::default();
                    outcome.failures.clear();
                }
                Event::Materialized(made) => {
                    let piece = (made.asset.clone(), made.partition.clone());
                    made_here.insert(piece, Arc::clone(made));
                }
                Event::Observed(look) => {
                    let piece = (look.asset.clone(), look.partition.clone());
                    made_here.insert(piece, seen(Observation::clone(look), record.epoch));
                }
                Event::Checked(check) => outcome.steps.blocked += u64::from(check.blocks()),
                Event::AttemptFailed {
                    attempt,
                    failure,
                    retry_delay_ns: None,
                    ..
                } => {
                    outcome.steps.failed += 1;
                    outcome.failures.push(FailedStep {
                        asset: attempt.asset.clone(),
                        partition: attempt.partition.as_deref().map(str::to_owned),
                        attempt: attempt.attempt,
                        failure: failure.clone(),
                    });
                }
                Event::Skipped { reason, .. } => match reason {
                    SkipReason::Upstream { .. } => outcome.steps.skipped += 1,
                    SkipReason::Canceled => outcome.steps.canceled += 1,
                    SkipReason::LeftOut { .. } => outcome.steps.left_out += 1,
                },
                _ => {}
            }
        }
        outcome.steps.materialized = made_here.len() as u64;
        outcome.materializations = made_here.into_values().collect();
        outcome
    }
}
