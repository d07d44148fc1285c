//! The daemon: evaluates automations and turns what they ask for into runs.

mod naming;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::backfill::Course;
use super::{Automation, Backfill, Evaluation, EvaluationContext, Order};
use crate::catalog::{CatalogError, Left};
use crate::event::{Event, RunRecord, RunStatus, Tick};
use crate::executor::{EngineError, Executor, Looked, RunOutcome, RunRequest, Submitted};
use crate::graph::AssetGraph;
use crate::selection::SelectionError;

/// How often a daemon that waits looks at what was asked of it meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// Evaluates automations on one catalog. It has no clock and no thread: whoever owns it calls
/// [`Daemon::tick`] every few seconds with the time.
pub struct Daemon {
    executor: Arc<Executor>,
    graph: Arc<AssetGraph>,
    automations: Vec<Box<dyn Automation>>,
    /// When each automation was last evaluated.
    evaluated: HashMap<String, Timestamp>,
    /// Runs that were submitted here and whose outcome was not yet given back.
    under_way: BTreeSet<String>,
    /// How the runs of the open backfills stand, by id.
    courses: HashMap<String, Course>,
    /// What was named as left alone.
    named: HashSet<String>,
    /// The event up to which runs that did not succeed were looked at.
    looked_up_to: u64,
}

/// What one tick of the daemon did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Beat {
    /// The evaluations that were recorded.
    pub ticks: Vec<Arc<Tick>>,
    /// Runs that were submitted or resumed.
    pub submitted: Vec<String>,
    /// Runs that have ended since the tick before.
    pub ended: Vec<RunOutcome>,
    /// What the look at sources and data has found, at which each tick begins.
    pub looked: Looked,
    /// What could not be looked at, evaluated or submitted, and why. The next tick tries again.
    pub problems: Vec<String>,
    /// What this daemon has nothing to do with: runs, orders and backfills that were asked for on
    /// another graph (another source, input, gate); named once. And how many runs without success it
    /// passes over, where there are very many.
    pub left_alone: Vec<String>,
    /// Runs that automations asked for and that failed or were cancelled, while what they were to
    /// make still is missing or stale; named once after each change.
    pub failed_orders: Vec<FailedOrder>,
}

/// A run that an automation asked for and that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FailedOrder {
    /// Its id.
    pub run: String,
    /// How it ended.
    pub status: RunStatus,
}

impl Daemon {
    /// A daemon for the assets of a graph.
    #[must_use]
    pub fn new(
        executor: Arc<Executor>,
        graph: Arc<AssetGraph>,
        automations: Vec<Box<dyn Automation>>,
    ) -> Self {
        Self {
            executor,
            graph,
            automations,
            evaluated: HashMap::new(),
            under_way: BTreeSet::new(),
            courses: HashMap::new(),
            named: HashSet::new(),
            looked_up_to: 0,
        }
    }

    /// Goes on with other definitions from the next tick on. What is under way ends as it was begun;
    /// what was asked for on a graph of another identity is left alone.
    pub fn redefine(&mut self, graph: Arc<AssetGraph>) {
        self.graph = graph;
    }

    /// Looks at sources and data ([`Executor::look`]), takes up what a dead executor left, evaluates
    /// every automation that is due, submits what they ask for, and brings every open backfill
    /// forward.
    ///
    /// # Errors
    /// The catalog failed. What concerns one automation or run is a problem in the [`Beat`].
    pub fn tick(&mut self, now: Timestamp) -> Result<Beat, EngineError> {
        let mut beat = Beat::default();
        self.executor.heed()?;
        self.collect(&mut beat)?;
        self.refresh(now, &mut beat)?;
        beat.looked = self.executor.look(&self.graph)?;
        beat.problems.extend(beat.looked.problems.iter().cloned());
        let mut left = self.executor.unfinished();
        left.retain(|left| self.is_own_run(left, &mut beat));
        let runs: Vec<String> = left.iter().map(|left| left.run.clone()).collect();
        let request = |left| RunRequest::from_unfinished(left, Arc::clone(&self.graph));
        let answers = self.executor.submit_all(left.into_iter().map(request));
        for (run, answer) in runs.iter().zip(answers) {
            self.note(run, answer, &mut beat)?;
        }
        self.submit_orders(&mut beat)?;
        self.evaluate(now, &mut beat)?;
        self.refresh(now, &mut beat)?;
        self.submit_orders(&mut beat)?;
        self.advance_backfills(&mut beat)?;
        self.name_failed_orders(&mut beat)?;
        Ok(beat)
    }

    /// Takes in the partitions that have come and gone by now.
    fn refresh(&mut self, now: Timestamp, beat: &mut Beat) -> Result<(), EngineError> {
        match self.graph.current_at(self.executor.catalog(), now) {
            Ok(graph) => self.graph = graph,
            Err(error @ EngineError::Catalog(_)) => return Err(error),
            Err(error) => beat.problems.push(error.to_string()),
        }
        Ok(())
    }

    fn advance_backfills(&mut self, beat: &mut Beat) -> Result<(), EngineError> {
        // One that is not open any more may be opened again, and its runs with it.
        let mut courses = std::mem::take(&mut self.courses);
        for info in self.executor.catalog().open_backfills()? {
            let id = info.record.id.clone();
            if !self.is_own(&format!("backfill {id}"), &info.record.identity, beat) {
                continue;
            }
            let backfill = Backfill::new(&self.executor, &self.graph, info.record);
            let backfill = backfill.on_course(courses.remove(&id));
            let mut submitted = Vec::new();
            let advanced = backfill.advance_noting(&mut submitted);
            self.courses
                .extend(backfill.into_course().map(|course| (id, course)));
            self.under_way.extend(submitted.iter().cloned());
            beat.submitted.append(&mut submitted);
            match advanced {
                Ok(_) => {}
                Err(error @ EngineError::Catalog(_)) => return Err(error),
                Err(error) => beat.problems.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// Waits for every run that was submitted here; one whose end is asked for meanwhile is
    /// cancelled.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn settle(&mut self) -> Result<Vec<RunOutcome>, EngineError> {
        let mut ended = Vec::new();
        let mut heeded: Option<Instant> = None;
        while let Some(run) = self.under_way.first() {
            if heeded.is_none_or(|last| last.elapsed() >= LOOK) {
                self.executor.heed()?;
                heeded = Some(Instant::now());
            }
            if let Some(outcome) = self.executor.wait_at_most(run, LOOK)? {
                ended.push(outcome);
                self.under_way.pop_first();
            }
        }
        Ok(ended)
    }

    /// Cancels the runs under way whose end was asked for from elsewhere; to be called between
    /// ticks.
    ///
    /// # Errors
    /// The catalog failed.
    pub fn heed(&self) -> Result<(), EngineError> {
        self.executor.heed().map(drop)
    }

    /// Takes the outcomes of runs that have ended.
    fn collect(&mut self, beat: &mut Beat) -> Result<(), EngineError> {
        for run in std::mem::take(&mut self.under_way) {
            match self.executor.poll(&run)? {
                Some(outcome) => beat.ended.push(outcome),
                None => {
                    self.under_way.insert(run);
                }
            }
        }
        Ok(())
    }

    /// Notes what came of submitting a run.
    fn note(
        &mut self,
        run: &str,
        answer: Result<Submitted, EngineError>,
        beat: &mut Beat,
    ) -> Result<(), EngineError> {
        match answer {
            Ok(answer) => {
                self.under_way.insert(run.to_owned());
                if !matches!(answer, Submitted::Ended(_)) {
                    beat.submitted.push(run.to_owned());
                }
            }
            Err(error @ (EngineError::Catalog(_) | EngineError::Stopped(_))) => return Err(error),
            Err(error) => beat.problems.push(format!("run {run}: {error}")),
        }
        Ok(())
    }

    fn submit_orders(&mut self, beat: &mut Beat) -> Result<(), EngineError> {
        let mut orders = self.executor.catalog().orders()?;
        orders.retain(|order| self.is_own(&format!("order {}", order.run), &order.identity, beat));
        let request = |order: &Arc<RunRecord>| RunRequest::of(order, Arc::clone(&self.graph));
        let answers = self.executor.submit_all(orders.iter().map(request));
        for (order, answer) in orders.iter().zip(answers) {
            match answer {
                Err(EngineError::Selection(error)) => self.refuse(order, &error, beat)?,
                answer => self.note(order.run.as_ref(), answer, beat)?,
            }
        }
        Ok(())
    }

    /// Records an ordered run that does not fit the graph as failed, so that it is not tried for
    /// ever.
    fn refuse(
        &self,
        order: &Arc<RunRecord>,
        error: &SelectionError,
        beat: &mut Beat,
    ) -> Result<(), EngineError> {
        beat.problems.push(format!("run {}: {error}", order.run));
        self.executor.append(vec![
            Event::RunSubmitted(Arc::clone(order)),
            Event::RunEnded {
                run: Arc::clone(&order.run),
                status: RunStatus::Failure,
                fresh: 0,
            },
        ])
    }

    fn evaluate(&mut self, now: Timestamp, beat: &mut Beat) -> Result<(), EngineError> {
        let catalog = self.executor.catalog();
        let left = catalog.left()?.into_iter();
        let last: HashMap<Arc<str>, Left> = left
            .map(|left| (Arc::clone(&left.automation), left))
            .collect();
        for automation in &self.automations {
            let name = automation.name();
            if self.rests(automation.as_ref(), now) {
                continue;
            }
            let _span = tracing::info_span!("automation", name).entered();
            self.evaluated.insert(name.to_owned(), now);
            let last = last.get(name);
            let context = EvaluationContext {
                now,
                cursor: last.and_then(|left| left.cursor.as_deref()),
                catalog,
                graph: &self.graph,
            };
            let evaluation = automation.evaluate(&context).and_then(|mut evaluation| {
                evaluation.partitions = catalog.effective(evaluation.partitions)?;
                Ok(evaluation)
            });
            let mut evaluation = evaluation.unwrap_or_else(|error| {
                tracing::warn!(%error, "evaluation failed");
                beat.problems.push(format!("automation {name}: {error}"));
                Evaluation {
                    note: Some(format!("failed: {error}")),
                    ..Evaluation::default()
                }
            });
            // What an evaluation comes to is one commit.
            let changes = std::mem::take(&mut evaluation.partitions).into_iter();
            let mut events: Vec<Event> = changes.map(Event::PartitionChanged).collect();
            let tick = self.recorded(name, now, evaluation, last)?;
            events.extend(tick.clone().map(Event::Ticked));
            if !events.is_empty() {
                self.executor.append(events)?;
            }
            beat.ticks.extend(tick);
        }
        Ok(())
    }

    fn rests(&self, automation: &dyn Automation, now: Timestamp) -> bool {
        self.evaluated.get(automation.name()).is_some_and(|last| {
            // A clock that went back makes nothing rest for long.
            let rested = Duration::try_from(now.duration_since(*last)).unwrap_or(Duration::MAX);
            rested < automation.min_interval()
        })
    }

    /// The record of an evaluation; `None` when there is nothing to record.
    fn recorded(
        &self,
        name: &str,
        now: Timestamp,
        evaluation: Evaluation,
        last: Option<&Left>,
    ) -> Result<Option<Arc<Tick>>, CatalogError> {
        let orders = self.new_orders(name, evaluation.orders)?;
        let last_cursor = last.and_then(|left| left.cursor.clone());
        let cursor = evaluation.cursor.or_else(|| last_cursor.clone());
        let noted =
            evaluation.note.is_some() && evaluation.note != last.and_then(|left| left.note.clone());
        if orders.is_empty() && cursor == last_cursor && !noted {
            return Ok(None);
        }
        Ok(Some(Arc::new(Tick {
            automation: Arc::from(name),
            for_ms: now.as_millisecond(),
            cursor,
            orders,
            note: evaluation.note,
        })))
    }

    /// Orders as runs, without those that were ordered before.
    fn new_orders(
        &self,
        name: &str,
        orders: Vec<Order>,
    ) -> Result<Vec<Arc<RunRecord>>, CatalogError> {
        let catalog = self.executor.catalog();
        let ordered = catalog.orders()?;
        let mut known: HashSet<Arc<str>> =
            ordered.iter().map(|order| Arc::clone(&order.run)).collect();
        let mut new = Vec::new();
        for order in orders {
            let run: Arc<str> = Arc::from(format!("{name}/{}", order.key));
            if known.insert(Arc::clone(&run)) && catalog.status(&run)?.is_none() {
                new.push(Arc::new(RunRecord {
                    run,
                    selection: order.selection,
                    mode: order.mode,
                    config: Arc::new(order.config),
                    tags: Arc::new(order.tags),
                    identity: Arc::clone(self.graph.identity()),
                }));
            }
        }
        Ok(new)
    }
}
