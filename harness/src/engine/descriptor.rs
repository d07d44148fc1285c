//! What an engine says of itself. Whether it can do a pattern stands nowhere here: programs that
//! run decide that.

use std::collections::BTreeMap;

use orchbench_evidence::record::{Durability, EngineRecord, Family, RetrySchedule};
use orchbench_lab::server::{Progress, Provisioned};

use super::{Programs, Session, Settings, Setup, StepExecution, Trial, TrialError, WorkerConfig};

/// The factor that says where an engine executes its steps.
pub const EXECUTION: &str = "execution";

/// An engine, as the harness knows it.
pub struct Engine {
    /// Registered name.
    pub name: &'static str,
    /// What sentences call it.
    pub label: &'static str,
    /// What it is, for `orchbench list` and the report.
    pub what: &'static str,
    /// Where it runs, after its label and a comma.
    pub place: &'static str,
    /// Its colour in charts, `#rrggbb`, legible on a light ground and on a dark one.
    pub colour: &'static str,
    /// What kind of orchestrator it is.
    pub family: Family,
    /// Where it can execute its steps; the first is its default.
    pub executions: &'static [StepExecution],
    /// In which of them a run goes on when the process that holds it has died and is started again:
    /// `execution`, or `execution/settings` where it does so under these settings alone.
    pub resumes: &'static [&'static str],
    /// Whether each step of the ETL is a process beside its workers, in an execution: then it can be
    /// struck by itself, and no step takes its worker along.
    pub steps_apart: fn(StepExecution) -> bool,
    /// Whether it has a server beside its workers, which the harness finds or makes.
    pub server: bool,
    /// What else of it than its workers a fault can strike, in an execution.
    pub beside: fn(StepExecution) -> &'static [Target],
    /// How its retries are spaced where the policy's delay grows.
    pub retry_schedule: RetrySchedule,
    /// How it learns of a lost attempt and what it does then, in sentences without a figure.
    pub recovery: &'static str,
    /// Whether it can be used here, and if not, why.
    pub available: fn() -> Result<String, String>,
    /// Finds or makes what it needs beside a server, and says its version, or what it lacks; is told
    /// what takes its time.
    pub provision: Provision,
    /// How quick it is under settings, in an execution, for `orchbench run --plan`.
    pub pace: fn(settings: &str, execution: StepExecution) -> Pace,
    /// What a named set of settings sets in it, for environment.json; empty where nothing.
    pub describe: fn(&Settings) -> BTreeMap<String, String>,
    /// What each store of its own survives, on the server at hand.
    pub durability: fn(Option<&Provisioned>) -> Vec<Durability>,
    /// What its user writes for each pattern.
    pub programs: fn() -> Programs,
    /// Brings it up for a trial.
    pub open: Open,
    /// Does its work in this process, to the end: `orchbench worker NAME`.
    pub worker: fn(WorkerConfig) -> anyhow::Result<()>,
}

/// How quick an engine is on a small machine, roughly: what a plan's minutes are estimated from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// To bring engine and workers up.
    pub start_s: f64,
    /// A partition that is a run of its own, beside its steps.
    pub partition_s: f64,
    /// A step without work in a chain.
    pub step_s: f64,
    /// From the kill of a worker to the run's end, its supervisor's delay left out.
    pub recovery_s: f64,
}

/// Finds or makes what an engine needs; the argument is told what takes its time, and how long it has.
pub type Provision = fn(&Progress) -> Result<String, String>;

/// Brings an engine up for a trial.
pub type Open = fn(&Trial<'_>, Setup) -> Result<Box<dyn Session>, TrialError>;

/// What of an engine, or beside it, a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A process that does the steps.
    Worker,
    /// Every process of the engine.
    Host,
    /// The engine's server.
    Server,
    /// What loads the definitions and launches runs.
    CodeServer,
    /// What schedules, queues and watches runs.
    Daemon,
    /// What takes runs over and shows them.
    Webserver,
    /// The process of a step.
    Step,
    /// What connects workers and server.
    Network,
    /// The database of the warehouse.
    Database,
    /// The file system of the artifact store.
    Disk,
}

impl Engine {
    /// One that is in this program, for others to differ from: no server, steps in the worker's
    /// process, nothing of its own to provision or to lose. Its name, what is said of it and its
    /// colour are still to be set.
    pub const fn embedded(open: Open, worker: fn(WorkerConfig) -> anyhow::Result<()>) -> Self {
        Self {
            name: "",
            label: "",
            what: "",
            place: "",
            colour: "",
            family: Family::Floor,
            executions: &[StepExecution::InProcess],
            resumes: &[],
            steps_apart: |_| false,
            server: false,
            beside: |_| &[],
            retry_schedule: RetrySchedule::Exponential,
            recovery: "",
            available: || Ok("built in".to_owned()),
            provision: |_| Ok(env!("CARGO_PKG_VERSION").to_owned()),
            pace: |_, _| Pace {
                start_s: 0.2,
                partition_s: 0.0,
                step_s: 0.0,
                recovery_s: 0.5,
            },
            describe: |_| BTreeMap::new(),
            durability: |_| Vec::new(),
            programs: Programs::default,
            open,
            worker,
        }
    }

    /// Why a fault with this target cannot strike the engine in an execution; `None` where it can.
    pub fn lacks(&self, target: Target, execution: StepExecution) -> Option<String> {
        let beside = |target| (self.beside)(execution).contains(&target);
        let (has, what) = match target {
            Target::Server => (beside(target), "a server"),
            Target::CodeServer => (beside(target), "a code server"),
            Target::Daemon => (beside(target), "a daemon"),
            Target::Webserver => (beside(target), "a webserver"),
            Target::Network => (beside(target), "a network between workers and server"),
            Target::Step => ((self.steps_apart)(execution), "a process of its own a step"),
            Target::Worker | Target::Host | Target::Database | Target::Disk => return None,
        };
        (!has).then(|| format!("{} ({}) has not {what}", self.name, execution.as_str()))
    }

    /// Where a trial with these factors executes its steps: as the factor of that name says, else by
    /// the engine's default; `None` where it can not.
    pub fn execution(&self, factors: &BTreeMap<String, String>) -> Option<StepExecution> {
        let mut executions = self.executions.iter().copied();
        match factors.get(EXECUTION) {
            None => executions.next(),
            Some(name) => executions.find(|each| each.as_str() == name),
        }
    }

    /// What a run's plan says of it.
    pub fn record(&self) -> EngineRecord {
        let executions = self.executions.iter();
        let names = executions.map(|each| each.as_str().to_owned());
        EngineRecord {
            name: self.name.to_owned(),
            label: self.label.to_owned(),
            what: self.what.to_owned(),
            place: self.place.to_owned(),
            colour: self.colour.to_owned(),
            family: self.family,
            executions: names.collect(),
            resumes: self.resumes.iter().map(|&each| each.to_owned()).collect(),
            server: self.server,
            retry_schedule: self.retry_schedule,
            recovery: self.recovery.to_owned(),
        }
    }
}
