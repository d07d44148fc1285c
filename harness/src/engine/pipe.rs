//! Sessions of embedded engines: workers behind the line protocol.

use std::time::{Duration, Instant};

use orchbench_etl::Release;

use super::protocol::{Op, Reply};
use super::workers::{Answer as Heard, Program, Workers, own_worker};
use super::{
    Account, Ended, ModelsTold, Refreshed, Rollout, Session, Setup, StepEnds, Strike, Trial,
    TrialError, Work,
};
use crate::engine::WorkerConfig;
use orchbench_evidence::experiment::observability::{Answer, Subject};

/// How long a worker may take to be ready, and a start to be taken over.
const READY: Duration = Duration::from_secs(60);

/// What an engine keeps beside its workers, and can be asked for while they work. Errors say why it
/// cannot be read.
pub trait Records: Send + Sync {
    /// Waits until it can be asked without a wait.
    fn await_ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// As [`Session::account`].
    fn account(&self, run: &str) -> Result<Option<Account>, String>;

    /// As [`Session::step_ends`].
    fn step_ends(&self, _run: &str) -> Result<Option<StepEnds>, String> {
        Ok(None)
    }

    /// As [`Session::waits`].
    fn waits(&self, _work: &Work) -> Result<bool, String> {
        Ok(false)
    }

    /// As [`Session::approve`].
    fn approve(&self, _work: &Work, _who: &str) -> Result<bool, String> {
        Ok(false)
    }

    /// As [`Session::refreshed`].
    fn refreshed(&self, _work: &Work) -> Result<Option<Refreshed>, String> {
        Ok(None)
    }

    /// As [`Session::models`].
    fn models(&self, _works: &[Work]) -> Result<ModelsTold, String> {
        Ok(ModelsTold::default())
    }

    /// As [`Session::forget`].
    fn forget(&self, _work: &Work) -> Result<bool, String> {
        Ok(false)
    }

    /// As [`Session::answers`].
    fn answers(&self, questions: &[&str], _subject: &Subject) -> Result<Vec<Answer>, String> {
        Ok(questions.iter().map(|id| Answer::none(id)).collect())
    }
}

/// A session of an embedded engine.
pub struct PipeSession {
    engine: String,
    workers: Workers,
    records: Option<Box<dyn Records>>,
    /// The process of the database that the engine keeps its state in, where it has one of its own.
    database: Option<u32>,
}

impl PipeSession {
    /// Starts the workers and waits for the first that is ready: the others stand by.
    ///
    /// # Errors
    /// [`TrialError::Unreachable`] where none is ready within a minute.
    pub fn open(
        trial: &Trial<'_>,
        setup: &Setup,
        template: WorkerConfig,
        records: Option<Box<dyn Records>>,
    ) -> Result<Box<dyn Session>, TrialError> {
        let program = own_worker(&trial.plan.engine);
        Self::of_program(trial, setup, template, program, records, None)
    }

    /// The same, of workers that are another program, and of an engine on a `database` of this pid.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of_program(
        trial: &Trial<'_>,
        setup: &Setup,
        template: WorkerConfig,
        program: Program,
        records: Option<Box<dyn Records>>,
        database: Option<u32>,
    ) -> Result<Box<dyn Session>, TrialError> {
        let workers = Workers::start(trial, setup, template, program)?;
        workers.await_ready(1, READY)?;
        let session = Self {
            engine: trial.plan.engine.clone(),
            workers,
            records,
            database,
        };
        if let Some(records) = &session.records {
            records
                .await_ready()
                .map_err(|reason| session.unreachable(reason))?;
        }
        Ok(Box::new(session))
    }

    /// What its records say of a run; `otherwise` where it keeps none.
    fn recorded<T>(
        &self,
        work: &Work,
        otherwise: T,
        ask: impl FnOnce(&dyn Records) -> Result<T, String>,
    ) -> Result<T, TrialError> {
        let Some(records) = &self.records else {
            return Ok(otherwise);
        };
        ask(&**records).map_err(|reason| self.unreachable(format!("run {}: {reason}", work.run)))
    }

    fn unreachable(&self, reason: String) -> TrialError {
        TrialError::Unreachable {
            engine: self.engine.clone(),
            reason,
        }
    }
}

impl Session for PipeSession {
    /// Asks until a worker has taken the run over: one that died may or may not have, and
    /// a start of the same run is harmless.
    fn start(&self, work: &Work) -> Result<(), TrialError> {
        let deadline = Instant::now() + READY;
        while let Some(connection) = self.workers.ready(deadline)? {
            match self
                .workers
                .ask(&connection, Op::Start(work.clone()), deadline)?
            {
                Heard::Reply(Reply::Refused { failure, .. }) => {
                    let reason = format!("{}: {}", failure.error_type, failure.message);
                    return Err(TrialError::Run(format!(
                        "run {}: refused: {reason}",
                        work.run
                    )));
                }
                Heard::Reply(_) => return Ok(()),
                Heard::Died => {}
                Heard::Late => break,
            }
        }
        Err(self.unreachable(format!("run {}: no worker took it over", work.run)))
    }

    fn wait(&self, work: &Work, deadline: Instant) -> Result<Ended, TrialError> {
        while let Some(connection) = self.workers.ready(deadline)? {
            let op = Op::Wait {
                run: work.run.clone(),
            };
            match self.workers.ask(&connection, op, deadline)? {
                Heard::Reply(Reply::Ended { ended, .. }) => return Ok(ended),
                Heard::Reply(other) => {
                    return Err(self.unreachable(format!("expected a run's end, found {other:?}")));
                }
                Heard::Died => {}
                Heard::Late => break,
            }
        }
        Ok(Ended::Stuck)
    }

    fn account(&self, work: &Work) -> Result<Option<Account>, TrialError> {
        self.recorded(work, None, |records| records.account(&work.run))
    }

    fn step_ends(&self, work: &Work) -> Result<Option<StepEnds>, TrialError> {
        self.recorded(work, None, |records| records.step_ends(&work.run))
    }

    fn waits(&self, work: &Work) -> Result<bool, TrialError> {
        self.recorded(work, false, |records| records.waits(work))
    }

    fn approve(&self, work: &Work, who: &str) -> Result<bool, TrialError> {
        self.recorded(work, false, |records| records.approve(work, who))
    }

    fn refreshed(&self, work: &Work) -> Result<Option<Refreshed>, TrialError> {
        self.recorded(work, None, |records| records.refreshed(work))
    }

    fn models(&self, works: &[Work]) -> Result<ModelsTold, TrialError> {
        let Some(records) = &self.records else {
            return Ok(ModelsTold::default());
        };
        records
            .models(works)
            .map_err(|reason| self.unreachable(reason))
    }

    fn forget(&self, work: &Work) -> Result<bool, TrialError> {
        self.recorded(work, false, |records| records.forget(work))
    }

    fn answers(&self, questions: &[&str], subject: &Subject) -> Result<Vec<Answer>, TrialError> {
        let Some(records) = &self.records else {
            return Ok(questions.iter().map(|id| Answer::none(id)).collect());
        };
        records
            .answers(questions, subject)
            .map_err(|reason| self.unreachable(reason))
    }

    fn deploy(&self, release: Release, rollout: Rollout) -> Result<bool, TrialError> {
        if rollout == Rollout::Rainbow {
            return Ok(false);
        }
        self.workers.replace(release, 1, READY).map(|()| true)
    }

    fn workers(&self) -> Vec<u32> {
        self.workers.pids()
    }

    fn database(&self) -> Option<u32> {
        self.database
    }

    fn strike_worker(&self, pid: u32, strike: Strike) -> Result<(), TrialError> {
        self.workers.strike(pid, strike)
    }

    fn close(self: Box<Self>) -> Result<(), TrialError> {
        self.workers.close()
    }
}
