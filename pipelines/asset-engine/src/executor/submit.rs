//! Submission: what comes of asking for a run, or for many, which share their commit.

use std::collections::HashSet;
use std::sync::Arc;

use super::request::{same_inputs, same_request};
use super::run_state::RunState;
use super::scheduler::{Accepted, Reservation, Shared};
use super::{EngineError, Executor, RunRequest, Submitted, resume};
use crate::catalog::Draft;
use crate::clock::{monotonic_ns, unix_ms};
use crate::event::{Event, RunRecord, RunStatus};
use crate::graph::AssetGraph;

/// What comes of a request before anything is committed.
enum Taken {
    /// There is nothing to commit.
    Answered(Submitted),
    /// A run that is to be accepted, and the answer when it is.
    Prepared(Submitted, Box<Accepted>),
    /// The id is being submitted, and it was not to be waited for.
    Busy,
}

impl Executor {
    /// Accepts a run: returns once that is committed. A run that the catalog has left open is
    /// resumed: what was materialized in it stays, the rest is executed. A run that has ended is
    /// left as it is, unless [`RunRequest::reopen`] asks for what it did not do; so is one that is
    /// under way here. The outcome is kept in memory until it is waited for.
    ///
    /// # Errors
    /// The selection does not fit the graph, the id was used for another request or on another
    /// graph, or the catalog failed.
    pub fn submit(&self, mut request: RunRequest) -> Result<Submitted, EngineError> {
        request.graph = request.graph.current(&self.catalog)?;
        match self.take(&request, true)? {
            Taken::Prepared(submitted, run) => {
                self.accept(vec![*run])?;
                Ok(submitted)
            }
            Taken::Answered(submitted) => Ok(submitted),
            Taken::Busy => Ok(Submitted::UnderWay),
        }
    }

    /// Accepts many runs, each as [`Executor::submit`] does, in as few commits as can be: returns
    /// once they are through, with an answer for each request, in their order. Their graphs are taken
    /// as they are ([`AssetGraph::current`]).
    pub fn submit_all(
        &self,
        requests: impl IntoIterator<Item = RunRequest>,
    ) -> Vec<Result<Submitted, EngineError>> {
        let mut answers = Vec::new();
        let mut prepared = Vec::new();
        for request in requests {
            let mut taken = self.take(&request, false);
            if let Ok(Taken::Busy) = taken {
                // Two that wait for each other's ids while they hold their own would wait for ever.
                self.accept_for(&mut prepared, &mut answers);
                taken = self.take(&request, true);
            }
            answers.push(taken.map(|taken| match taken {
                Taken::Prepared(submitted, run) => {
                    prepared.push((answers.len(), *run));
                    submitted
                }
                Taken::Answered(submitted) => submitted,
                Taken::Busy => Submitted::UnderWay,
            }));
        }
        self.accept_for(&mut prepared, &mut answers);
        answers
    }

    /// Accepts what is prepared, each for one of the answers.
    fn accept_for(
        &self,
        prepared: &mut Vec<(usize, Accepted)>,
        answers: &mut [Result<Submitted, EngineError>],
    ) {
        let (places, runs): (Vec<usize>, Vec<Accepted>) = prepared.drain(..).unzip();
        if let Err(error) = self.accept(runs) {
            for place in places {
                answers[place] = Err(error.clone());
            }
        }
    }

    /// Takes runs in, in one commit if it holds them; they are no longer left over.
    fn accept(&self, runs: Vec<Accepted>) -> Result<(), EngineError> {
        let names: HashSet<Arc<str>> = runs.iter().map(|run| Arc::clone(run.name())).collect();
        Shared::accept(&self.shared, runs)?;
        self.left().forget(&names);
        Ok(())
    }

    fn take(&self, request: &RunRequest, may_wait: bool) -> Result<Taken, EngineError> {
        let record = request.record();
        let slot = match self.shared.reserve(&record, may_wait)? {
            Reservation::Known(known) => {
                same_request(&known, &record)?;
                return Ok(Taken::Answered(Submitted::UnderWay));
            }
            Reservation::Busy => return Ok(Taken::Busy),
            Reservation::Slot(slot) => slot,
        };
        match self.prepare(&record, Arc::clone(&request.graph), request.reopen) {
            Ok((submitted, Some((run, draft)))) => {
                let run = Box::new(Accepted { slot, run, draft });
                Ok(Taken::Prepared(submitted, run))
            }
            Ok((submitted, None)) => {
                self.shared.cancel_reservation(&record.run, slot);
                Ok(Taken::Answered(submitted))
            }
            Err(error) => {
                self.shared.cancel_reservation(&record.run, slot);
                Err(error)
            }
        }
    }

    /// Lays out a run that is new, left open or to be opened again; none when it has ended.
    fn prepare(
        &self,
        record: &Arc<RunRecord>,
        graph: Arc<AssetGraph>,
        reopen: bool,
    ) -> Result<(Submitted, Option<(RunState, Draft)>), EngineError> {
        let (submitted, history, event) = match self.catalog.run(&record.run)? {
            None => (
                Submitted::New,
                None,
                Event::RunSubmitted(Arc::clone(record)),
            ),
            Some(info) => {
                same_request(&info.record, record)?;
                let submitted = match info.status {
                    RunStatus::Started => Submitted::Resumed,
                    RunStatus::Failure | RunStatus::Canceled if reopen => {
                        Submitted::Reopened(info.status)
                    }
                    ended => return Ok((Submitted::Ended(ended), None)),
                };
                let left = match submitted {
                    Submitted::Resumed => self.left().events.remove(&record.run),
                    _ => None,
                };
                let events = match left {
                    Some(events) => events,
                    None => self.catalog.events(&record.run)?,
                };
                let mut history = resume::history(&events);
                if let Submitted::Reopened(_) = submitted {
                    resume::forget_wiped(&mut history, &self.catalog)?;
                } else {
                    let asked_on = resume::asked_on(&info.record, &events);
                    same_inputs(&record.run, &asked_on, &record.identity)?;
                }
                let resumed = Event::RunResumed {
                    run: Arc::clone(&record.run),
                    identity: Arc::clone(&record.identity),
                };
                (submitted, Some(history), resumed)
            }
        };
        let run = RunState::new(Arc::clone(record), graph, &self.catalog, history)?;
        let draft = Draft {
            t_ns: monotonic_ns(),
            at_ms: unix_ms(),
            event,
        };
        Ok((submitted, Some((run, draft))))
    }
}
