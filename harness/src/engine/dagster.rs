//! `dagster`: real Dagster, its instance on SQLite, or on PostgreSQL where the run has one. In one Python
//! process, in-process or with a process a step by its default executor: what a script of a user drives,
//! without daemon, code server and webserver. Or deployed, with all three.

mod account;
mod answers;
mod deployment;
mod instance;
mod models;
mod project;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::pipe::{PipeSession, Records};
use super::{
    Account, Engine, ModelsTold, Pace, Programs, Refreshed, Session, Setup, StepEnds,
    StepExecution, Trial, TrialError, Work,
};
use instance::Instance;
use orchbench_evidence::experiment::observability::{Answer, Subject};
use orchbench_evidence::record::{Durability, Family, RetrySchedule};
use orchbench_lab::python;
use orchbench_lab::server::{Progress, Provisioned};
use project::Project;

pub(super) static ENGINE: Engine = Engine {
    name: "dagster",
    label: "Dagster",
    what: "real Dagster, its instance on SQLite or PostgreSQL, in one Python process or deployed; a step is a process over Dagster Pipes",
    place: "a Python program that holds the orchestrator, or code server, daemon and webserver that launch runs",
    colour: "#9a5cc8",
    family: Family::AssetStyle,
    executions: &[
        StepExecution::InProcess,
        StepExecution::Multiprocess,
        StepExecution::Deployed,
    ],
    resumes: &["deployed/tuned"],
    steps_apart: |_| true,
    beside: |execution| match execution {
        StepExecution::Deployed => deployment::SERVICES,
        _ => &[],
    },
    retry_schedule: RetrySchedule::ExponentialLessOne,
    recovery: "a step's process that dies is an attempt that failed, noted at once and retried as the policy says. The death of the process that holds a run is noticed by nobody: the run stays STARTED, also for the next process on the same instance, and nothing resumes it, in a process or with a process a step. Deployed, the code server notices the death of a run's process and calls the run failed; tuned, run retries (docs.dagster.io/deployment/execution/run-retries) then make a new run of the missing steps, and run monitoring (docs.dagster.io/deployment/execution/run-monitoring) calls a run failed that lasts longer than its bound, as one does whose process died with its code server. A run whose process dies behind the end of its last step is called failed with nothing missing, and stays so: its retry finds no step to retry (github.com/dagster-io/dagster/pull/31227).",
    available: || {
        let python = python::cached()?;
        Ok(format!("{} ({})", python.dagster, python.path.display()))
    },
    provision,
    pace: |settings, execution| Pace {
        start_s: if execution == StepExecution::Deployed {
            12.0
        } else {
            3.0
        },
        partition_s: match execution {
            StepExecution::Deployed => 12.0,
            _ => 0.5,
        },
        step_s: match (execution, settings) {
            (StepExecution::InProcess | StepExecution::Subprocess, _) => 0.1,
            (_, "tuned") => 0.5,
            _ => 1.5,
        },
        recovery_s: match (execution, settings) {
            // The run has failed, or a new one is made of it.
            (StepExecution::Deployed, "tuned") => 15.0,
            (StepExecution::Deployed, _) => 1.0,
            // Never: it ends when the harness stops waiting.
            _ => 90.0,
        },
    },
    describe: |settings| project::settings(settings.name),
    durability: |server| {
        let (store, setting) = match server {
            Some(Provisioned::Docker(_)) => (
                "instance of Dagster (PostgreSQL)",
                "fsync=on, synchronous_commit=on, its own volume; a connection and a transaction an event",
            ),
            _ => (
                "instance of Dagster (SQLite)",
                "journal_mode=WAL, synchronous=FULL, a connection and a transaction an event",
            ),
        };
        vec![Durability {
            store: store.into(),
            survives: "power loss".into(),
            setting: setting.into(),
        }]
    },
    programs: || Programs {
        texts: project::texts(),
        libraries: vec![ENGINE.name],
    },
    ..Engine::embedded(open, |_| {
        anyhow::bail!("Dagster's worker is a Python program, which the harness starts")
    })
};

fn provision(progress: &Progress) -> Result<String, String> {
    python::provision(progress).map(|python| python.dagster)
}

/// Its own part of a worker's configuration.
#[derive(Debug, Serialize)]
struct DagsterWorker {
    /// Folder of the instance.
    home: PathBuf,
    /// `tuned` has processes of steps forked from a warm server.
    settings: String,
    /// URL of the PostgreSQL server that has the instance in a database of its own; `None` for
    /// SQLite in its folder.
    postgres: Option<String>,
    /// The program of the steps.
    orchbench: PathBuf,
    /// URL of the webserver of a deployment, and what it calls the code server.
    webserver: Option<String>,
    location: Option<&'static str>,
}

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let unreachable = |reason: String| TrialError::Unreachable {
        engine: trial.plan.engine.clone(),
        reason,
    };
    let python = python::cached().map_err(unreachable)?;
    let project = Project::unpack(python.path, &trial.dir("project")?).map_err(unreachable)?;
    let home = trial.dir("store")?.join("dagster-home");
    let orchbench = orchbench_lab::process::orchbench_binary()
        .map_err(|error| unreachable(error.to_string()))?;
    let own = DagsterWorker {
        home: home.clone(),
        settings: trial.plan.settings.clone(),
        postgres: trial.postgres().map(|server| server.url()),
        orchbench,
        webserver: None,
        location: None,
    };
    if trial.execution()? == StepExecution::Deployed {
        return deployment::open(trial, &setup, &project, own, python.dagster);
    }
    let mut worker = trial.worker_config(&setup, &own)?;
    worker.etl.sources_file = Some(project.sources());
    let program = {
        let project = project.clone();
        move |config: &Path| project.module("worker", &["--config".as_ref(), config.as_os_str()])
    };
    let instance = Instance::of(project, home).map_err(unreachable)?;
    let database = trial.postgres_pid();
    PipeSession::of_program(
        trial,
        &setup,
        worker,
        Box::new(program),
        Some(Box::new(instance)),
        database,
    )
}

impl Records for Instance {
    fn await_ready(&self) -> Result<(), String> {
        Instance::await_ready(self)
    }

    fn account(&self, run: &str) -> Result<Option<Account>, String> {
        account::account(self, run)
    }

    fn step_ends(&self, run: &str) -> Result<Option<StepEnds>, String> {
        self.told("ends", &run).map(Some)
    }

    fn waits(&self, work: &Work) -> Result<bool, String> {
        self.told("waits", &work.run)
    }

    fn approve(&self, work: &Work, who: &str) -> Result<bool, String> {
        let word = json!({ "run": work.run, "source": work.job.pipeline().map(|each| &each.source), "who": who });
        self.told("approve", &word).map(|()| true)
    }

    fn refreshed(&self, work: &Work) -> Result<Option<Refreshed>, String> {
        answers::refreshed(self, work).map(Some)
    }

    fn forget(&self, work: &Work) -> Result<bool, String> {
        self.told("forget", &work.run).map(|()| true)
    }

    fn models(&self, works: &[Work]) -> Result<ModelsTold, String> {
        models::told(self, works)
    }

    fn answers(&self, questions: &[&str], subject: &Subject) -> Result<Vec<Answer>, String> {
        answers::answers(self, questions, subject)
    }
}
