//! What an executor does besides running: it records what happened elsewhere, and tells how runs
//! ended without waiting.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::job::{guarded, of_no_run};
use super::scheduler::Shared;
use super::{EngineError, Executor, RunOutcome};
use crate::asset::{Asset, Making};
use crate::catalog::{CatalogError, Draft};
use crate::clock::{monotonic_ns, unix_ms};
use crate::event::{Event, Observation, Report, RunStatus};
use crate::graph::AssetGraph;
use crate::key::AssetKey;
use crate::step::{Step, StepFailure};
use crate::stop::Stop;

/// What a look at what is outside of the engine has found, see [`Executor::look`].
#[derive(Debug, Default, Clone, PartialEq)]
#[non_exhaustive]
pub struct Looked {
    /// The sources that are in another version than was last observed, or were observed for the
    /// first time.
    pub changed: Vec<Observation>,
    /// The pieces, asset and partition, whose data is not where it was put; they count as missing
    /// from now on.
    pub gone: Vec<(AssetKey, Option<Arc<str>>)>,
    /// The sources that could not be looked at, and why.
    pub problems: Vec<String>,
}

impl Executor {
    /// Looks at every observed asset of a graph, and whether the data of what was made is still
    /// there ([`Asset::still_there`]). What has changed is recorded in one commit, durable when this
    /// returns; what has not leaves no record, so this may be done as often as one likes.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn look(&self, graph: &AssetGraph) -> Result<Looked, EngineError> {
        let mut looked = Looked::default();
        for asset in graph.assets() {
            if let Making::External(Some(step)) = &asset.making {
                self.observe(asset, step.as_ref(), &mut looked)?;
            }
            if let Some(is_there) = &asset.still_there {
                for made in self.catalog.latest_of(&asset.key)? {
                    if !is_there(&made) {
                        let piece = (asset.key.clone(), made.partition.clone());
                        looked.gone.push(piece);
                    }
                }
            }
        }
        let gone = looked.gone.iter().cloned();
        let gone = gone.map(|(asset, partition)| Report::Wiped { asset, partition });
        let changed = looked.changed.iter().cloned().map(Report::from);
        let event = |report: Report| report.into_event(self.shared.epoch);
        let events: Vec<Event> = changed.chain(gone).map(event).collect();
        if !events.is_empty() {
            self.append(events)?;
        }
        Ok(looked)
    }

    fn observe(
        &self,
        asset: &Asset,
        step: &dyn Step,
        looked: &mut Looked,
    ) -> Result<(), CatalogError> {
        let known = self.catalog.observations_of(&asset.key)?;
        let known: HashMap<Option<&str>, &str> = known
            .iter()
            .map(|seen| (seen.partition.as_deref(), seen.data_version.as_str()))
            .collect();
        for at in 0..asset.partitions.count() {
            let key = asset.partitions.key(at);
            let partition = key.map(AsRef::as_ref);
            match self.look_at(asset, key, step) {
                Ok(seen) if known.get(&partition) == Some(&seen.data_version.as_str()) => {}
                Ok(seen) => looked.changed.push(seen),
                Err(failure) => {
                    let place = partition.map_or(String::new(), |key| format!(" {key}"));
                    let problem = format!("source {}{place}: {failure}", asset.key);
                    looked.problems.push(problem);
                }
            }
        }
        Ok(())
    }

    fn look_at(
        &self,
        asset: &Asset,
        partition: Option<&Arc<str>>,
        step: &dyn Step,
    ) -> Result<Observation, StepFailure> {
        let stop = Stop::default();
        let cx = of_no_run(asset, partition, &[], self.shared.epoch, &stop);
        let made = guarded(|| step.execute(&cx))?;
        Ok(Observation {
            metadata: made.metadata,
            ..Observation::new(asset.key.clone(), cx.partition, made.data_version)
        })
    }

    /// Records what was made, seen or checked outside of any run: all of it in one commit, durable
    /// when this returns. No graph is asked: of an asset or a partition that a graph has not, a report counts
    /// from when one has it.
    ///
    /// # Errors
    /// [`CatalogError::NothingToWipe`] for a wipe of what is not there; else the catalog failed.
    pub fn record_all<I>(&self, reports: I) -> Result<(), EngineError>
    where
        I: IntoIterator,
        I::Item: Into<Report>,
    {
        let event = |report: I::Item| report.into().into_event(self.shared.epoch);
        let events: Vec<Event> = reports.into_iter().map(event).collect();
        self.catalog.check_wipes(&events)?;
        self.append(events)
    }

    /// Appends events of no run under way, in one commit.
    pub(crate) fn append(&self, events: Vec<Event>) -> Result<(), EngineError> {
        let (t_ns, at_ms) = (monotonic_ns(), unix_ms());
        let draft = |event| Draft { t_ns, at_ms, event };
        Shared::record(&self.shared, events.into_iter().map(draft).collect())
    }

    /// Cancels the runs whose end was asked for from elsewhere since the last call, see
    /// [`crate::Recorder::request_cancel`]; gives their ids. To be called now and then by whoever
    /// waits for runs.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn heed(&self) -> Result<Vec<String>, EngineError> {
        let mut heeded = self.heeded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut canceled = Vec::new();
        for (seq, run) in self.catalog.cancel_requests(*heeded)? {
            *heeded = seq;
            if self.cancel(&run)? {
                canceled.push(run);
            }
        }
        Ok(canceled)
    }

    /// Closes a run that an executor left open when it died; whether it was left so. To be asked
    /// second: what was under way here until just now has its end in the catalog.
    pub(super) fn close_left(&self, run: &str) -> Result<bool, EngineError> {
        let info = self.catalog.run(run)?;
        let open = info.is_some_and(|info| info.status == RunStatus::Started);
        if open {
            self.append(vec![Event::RunEnded {
                run: Arc::from(run),
                status: RunStatus::Canceled,
                fresh: 0,
            }])?;
            self.left().forget(&HashSet::from([Arc::from(run)]));
        }
        Ok(open)
    }

    /// Whether a run is under way here.
    ///
    /// # Errors
    /// The executor has stopped.
    pub fn is_under_way(&self, run: &str) -> Result<bool, EngineError> {
        self.shared.is_under_way(run)
    }

    /// Lets the outcome of an ended run go that nobody waits for.
    pub(crate) fn forget(&self, run: &str) {
        self.shared.forget(run);
    }

    /// Waits until a run has ended, at most for a time, and tells how; `None` = it has not.
    ///
    /// # Errors
    /// As [`Executor::wait`].
    pub fn wait_at_most(
        &self,
        run: &str,
        at_most: Duration,
    ) -> Result<Option<RunOutcome>, EngineError> {
        self.shared.rest_while_under_way(&[run], at_most);
        self.poll(run)
    }

    /// Returns when one of some runs is not under way here, at the latest after a time.
    pub(crate) fn rest_while_under_way(&self, runs: &[&str], at_most: Duration) {
        self.shared.rest_while_under_way(runs, at_most);
    }

    /// How a run ended; `None` while it is under way here.
    ///
    /// # Errors
    /// As [`Executor::wait`].
    pub fn poll(&self, run: &str) -> Result<Option<RunOutcome>, EngineError> {
        if self.shared.is_under_way(run)? {
            return Ok(None);
        }
        self.wait(run).map(Some)
    }
}
