//! Sessions of embedded engines: workers behind the line protocol.

use std::time::{Duration, Instant};

use super::protocol::{Op, Reply};
use super::workers::{Answer, Program, Workers, own_worker};
use super::{Account, Ended, Role, Session, Setup, Strike, Trial, TrialError, Work};
use crate::engine::WorkerConfig;

/// How long a worker may take to be ready, and a start to be taken over.
const READY: Duration = Duration::from_secs(60);

/// How an engine with a catalog gives its account of a run, or why it cannot.
pub type Accounts = Box<dyn Fn(&str) -> Result<Option<Account>, String> + Send + Sync>;

/// A session of an embedded engine.
pub struct PipeSession {
    engine: String,
    workers: Workers,
    accounts: Option<Accounts>,
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
        accounts: Option<Accounts>,
    ) -> Result<Box<dyn Session>, TrialError> {
        let program = own_worker(&trial.plan.engine);
        Self::of_program(trial, setup, template, program, accounts, None)
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
        accounts: Option<Accounts>,
        database: Option<u32>,
    ) -> Result<Box<dyn Session>, TrialError> {
        let workers = Workers::start(trial, setup, template, program)?;
        workers.await_ready(1, READY)?;
        Ok(Box::new(Self {
            engine: trial.plan.engine.clone(),
            workers,
            accounts,
            database,
        }))
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
                Answer::Reply(Reply::Refused { failure, .. }) => {
                    let reason = format!("{}: {}", failure.error_type, failure.message);
                    return Err(TrialError::Run(format!(
                        "run {}: refused: {reason}",
                        work.run
                    )));
                }
                Answer::Reply(_) => return Ok(()),
                Answer::Died => {}
                Answer::Late => break,
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
                Answer::Reply(Reply::Ended { ended, .. }) => return Ok(ended),
                Answer::Reply(other) => {
                    return Err(self.unreachable(format!("expected a run's end, found {other:?}")));
                }
                Answer::Died => {}
                Answer::Late => break,
            }
        }
        Ok(Ended::Stuck)
    }

    fn account(&self, work: &Work) -> Result<Option<Account>, TrialError> {
        let Some(accounts) = &self.accounts else {
            return Ok(None);
        };
        accounts(&work.run)
            .map_err(|reason| self.unreachable(format!("run {}: {reason}", work.run)))
    }

    fn workers(&self) -> Vec<u32> {
        self.workers.pids()
    }

    fn processes(&self) -> Vec<(Role, u32)> {
        let workers = self.workers().into_iter().map(|pid| (Role::Worker, pid));
        let database = self.database.map(|pid| (Role::Database, pid));
        workers.chain(database).collect()
    }

    fn strike_worker(&self, pid: u32, strike: Strike) -> Result<(), TrialError> {
        self.workers.strike(pid, strike)
    }

    fn close(self: Box<Self>) -> Result<(), TrialError> {
        self.workers.close()
    }
}
