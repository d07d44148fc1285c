//! An engine that is up, for the time of a trial.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use orchbench_etl::{CrashPlan, FailurePlan, OrderServices, Release, Sink, Summary};
use rustix::process::Signal;

use super::{Account, Ended, Job, ModelsTold, Refreshed, Role, Target, TrialError, Work};
use orchbench_evidence::experiment::observability::{Answer, Subject};
use orchbench_lab::process::{Child, ProcessError};
use orchbench_lab::proxy::Proxy;

/// How an engine is brought up for a trial.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Worker processes. Of an engine that has one active at a time the rest stand by.
    pub workers: u32,
    /// Steps in work at a time in each worker.
    pub concurrency: usize,
    /// With it, a supervisor starts every dead worker again after this delay.
    pub restart_delay: Option<Duration>,
    /// Whether effects are journalled.
    pub journal: bool,
    /// Where processes are to die.
    pub crash: Option<CrashPlan>,
    /// Which attempts are to fail.
    pub failure: Option<FailurePlan>,
    /// How rows are written.
    pub sink: Sink,
    /// Work added to every step, milliseconds.
    pub step_delay_ms: u64,
    /// Whether a proxy of the harness stands between workers and server.
    pub network: bool,
    /// Whether the engine is to be able to skip time for a run, where it can.
    pub skips_time: bool,
    /// How other code will be deployed, where it will.
    pub rollout: Rollout,
    /// Whether the artifact store is on a small file system of its own.
    pub small_disk: bool,
    /// The jobs of the runs to come: an engine that loads definitions loads those of these.
    pub jobs: Vec<Job>,
    /// The folder of the input, `None` for the embedded one.
    pub data_dir: Option<PathBuf>,
    /// The services that the steps of an order call.
    pub order_services: Option<OrderServices>,
    /// URL of the warehouse, `None` for a SQLite file of the trial's own.
    pub warehouse: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            workers: 1,
            concurrency: 8,
            restart_delay: None,
            journal: false,
            crash: None,
            failure: None,
            sink: Sink::default(),
            step_delay_ms: 0,
            network: false,
            skips_time: false,
            rollout: Rollout::default(),
            small_disk: false,
            jobs: Vec::new(),
            data_dir: None,
            order_services: None,
            warehouse: None,
        }
    }
}

/// How other code is deployed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rollout {
    /// It takes the old one's place, and what is under way with it.
    #[default]
    Rolling,
    /// Beside the old one, with which the runs stay that began under it.
    Rainbow,
}

/// When the steps of a run ended, by the engine's own records.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepEnds {
    /// By `CLOCK_MONOTONIC`, nanoseconds; one a step that ended well.
    pub ended_ns: Vec<u64>,
    /// How many executions of the engine's own the run took.
    pub executions: u64,
    /// How many entries the engine's record of the longest of them has.
    pub longest_record: u64,
}

/// What is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// How many attempts there were, or are, with the one that is due.
    pub attempts: u32,
    /// Why the last one failed.
    pub why: String,
}

/// What is done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Pause,
    /// SIGCONT.
    Resume,
    /// SIGTERM.
    Terminate,
}

impl Strike {
    /// Its signal.
    pub fn signal(self) -> Signal {
        match self {
            Self::Kill => Signal::KILL,
            Self::Pause => Signal::STOP,
            Self::Resume => Signal::CONT,
            Self::Terminate => Signal::TERM,
        }
    }

    /// Does it to a child; to its whole group, but for SIGTERM. One that is killed is gone then.
    ///
    /// # Errors
    /// [`ProcessError::Signal`] when the system refuses.
    pub(super) fn on(self, child: &mut Child) -> Result<(), ProcessError> {
        match self {
            Self::Kill => child.kill().map(drop),
            Self::Pause => child.stop(),
            Self::Resume => child.resume(),
            Self::Terminate => child.signal(self.signal(), "terminating"),
        }
    }
}

/// An engine that is up.
pub trait Session: Send + Sync {
    /// Hands a run over; when it returns, the engine owes an end.
    fn start(&self, work: &Work) -> Result<(), TrialError>;

    /// Waits for a run's end, at most until `deadline`.
    fn wait(&self, work: &Work, deadline: Instant) -> Result<Ended, TrialError>;

    /// The engine's own account of a run that ended; `None` where the engine keeps none.
    fn account(&self, _work: &Work) -> Result<Option<Account>, TrialError> {
        Ok(None)
    }

    /// When each step of a run that is over ended, by the engine's own records; `None` where it keeps none.
    fn step_ends(&self, _work: &Work) -> Result<Option<StepEnds>, TrialError> {
        Ok(None)
    }

    /// Whether a run waits for a person's word, or for a time to pass, by what the engine says of it;
    /// false where none can.
    fn waits(&self, _work: &Work) -> Result<bool, TrialError> {
        Ok(false)
    }

    /// Records that a person approves a run's publication, as the engine's users would; false where
    /// there is no way to, or the engine says that it is too late.
    fn approve(&self, _work: &Work, _who: &str) -> Result<bool, TrialError> {
        Ok(false)
    }

    /// How the engine knew what to make in a run that refreshed; `None` where it makes everything.
    fn refreshed(&self, _work: &Work) -> Result<Option<Refreshed>, TrialError> {
        Ok(None)
    }

    /// Has the engine skip time for a run that waits, until `leave` before its wait is over, and says how
    /// much it skipped by its own account; `None` where an engine cannot.
    fn skip_time(&self, _work: &Work, _leave: Duration) -> Result<Option<Duration>, TrialError> {
        Ok(None)
    }

    /// What the engine itself tells of the models that runs have built, and the user code that this took;
    /// nothing where it knows none.
    fn models(&self, _works: &[Work]) -> Result<ModelsTold, TrialError> {
        Ok(ModelsTold::default())
    }

    /// Deletes a run that is over, with all that belongs to it, through the engine's own API, and waits
    /// until it is gone; false where there is no way to.
    fn forget(&self, _work: &Work) -> Result<bool, TrialError> {
        Ok(false)
    }

    /// Answers to questions of an operator, by their ids and in their order, through the engine's own
    /// API. None of them is answerable unless an engine says otherwise.
    fn answers(&self, questions: &[&str], _subject: &Subject) -> Result<Vec<Answer>, TrialError> {
        Ok(questions.iter().map(|id| Answer::none(id)).collect())
    }

    /// Why a run cannot go on by the code there is, as the engine says; `None` where it says nothing.
    fn hindrance(&self, _work: &Work) -> Result<Option<String>, TrialError> {
        Ok(None)
    }

    /// What of a run is tried again and again just now, as the engine says; `None` where nothing is, or it
    /// says nothing of it.
    fn retried(&self, _work: &Work) -> Result<Option<Retried>, TrialError> {
        Ok(None)
    }

    /// Deploys another release of the pipelines' code, as the engine's users would, while runs are under way;
    /// false where there is no way to do it so. When it returns, all runs that begin are of that release.
    fn deploy(&self, _release: Release, _rollout: Rollout) -> Result<bool, TrialError> {
        Ok(false)
    }

    /// The worker processes that are alive, by pid; those that take work come first.
    fn workers(&self) -> Vec<u32>;

    /// The process of the database that the engine keeps its state in, where it has one of its own. It
    /// may be in a container.
    fn database(&self) -> Option<u32> {
        None
    }

    /// Every other process of the engine that is alive, with what it does.
    fn processes(&self) -> Vec<(Role, u32)> {
        let workers = self.workers().into_iter();
        workers.map(|pid| (Role::Worker, pid)).collect()
    }

    /// Strikes a worker, and waits until it is gone when it is killed. Nothing happens when
    /// it was gone before.
    fn strike_worker(&self, pid: u32, strike: Strike) -> Result<(), TrialError>;

    /// Strikes what is beside the workers ([`super::Engine::beside`]) and says which process that was;
    /// `None` where it is no process, or not ours.
    fn strike_service(&self, _service: Target, _strike: Strike) -> Result<Option<u32>, TrialError> {
        Ok(None)
    }

    /// Starts the services that are down again, on the same stores and addresses.
    fn restart_services(&self) -> Result<(), TrialError> {
        Ok(())
    }

    /// Takes the container of the engine's server off its networks, or puts it back; false where
    /// there is none of ours.
    fn connect_server(&self, _connected: bool) -> Result<bool, TrialError> {
        Ok(false)
    }

    /// The network between workers and server; `None` where there is none, or it was not asked
    /// for.
    fn network(&self) -> Option<&Proxy> {
        None
    }

    /// Ends workers and server and waits until they are gone.
    fn close(self: Box<Self>) -> Result<(), TrialError>;
}

impl Ended {
    /// The summary of a success; anything else is an error of the trial.
    pub(crate) fn succeeded(self, run: &str) -> Result<Option<Summary>, TrialError> {
        match self {
            Self::Succeeded { summary } => Ok(summary.map(|summary| *summary)),
            Self::Failed(failure) => Err(TrialError::Run(format!(
                "run {run}: expected success, found {}: {}",
                failure.error_type, failure.message
            ))),
            Self::Stuck => Err(TrialError::Run(format!(
                "run {run}: expected its end, found none within the deadline"
            ))),
        }
    }
}
