//! `dagster`: real Dagster in a Python process, its instance on SQLite: in-process, or a process a
//! step by its default executor. Without daemon, code server and webserver: what a script of a
//! user drives.

mod account;
mod project;

use std::path::Path;

use serde::Serialize;

use super::pipe::PipeSession;
use super::{Engine, Pace, Session, Setup, StepExecution, Trial, TrialError};
use orchbench_evidence::record::{Durability, Family, RetrySchedule};
use orchbench_lab::python;
use orchbench_lab::server::Progress;
use project::Project;

pub(super) static ENGINE: Engine = Engine {
    name: "dagster",
    label: "Dagster",
    what: "real Dagster in a Python process, its instance on SQLite; a step is a process over Dagster Pipes",
    place: "a Python program that holds the orchestrator",
    colour: "#9a5cc8",
    family: Family::AssetStyle,
    executions: &[StepExecution::InProcess, StepExecution::Multiprocess],
    steps_apart: |_| true,
    retry_schedule: RetrySchedule::ExponentialLessOne,
    recovery: "a step's process that dies is an attempt that failed, noted at once and retried as the policy says. The death of the process that holds a run is noticed by nobody: the run stays STARTED, also for the next process on the same instance, and nothing resumes it. A daemon with run monitoring, which would call it failed (docs.dagster.io/deployment/execution/run-monitoring), is not part of these executions.",
    available: || {
        let python = python::cached()?;
        Ok(format!("{} ({})", python.dagster, python.path.display()))
    },
    provision,
    pace: |settings, execution| Pace {
        start_s: 3.0,
        step_s: match (execution, settings) {
            (StepExecution::Multiprocess, "tuned") => 0.5,
            (StepExecution::Multiprocess, _) => 1.1,
            _ => 0.05,
        },
        // Never: it ends when the harness stops waiting.
        recovery_s: 90.0,
    },
    durability: |_| {
        vec![Durability {
            store: "instance of Dagster (SQLite)".into(),
            survives: "power loss".into(),
            setting: "journal_mode=WAL, synchronous=FULL, a connection and a transaction an event"
                .into(),
        }]
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
struct DagsterWorker<'a> {
    /// Folder of the instance.
    home: &'a Path,
    /// `tuned` has processes of steps forked from a warm server.
    settings: &'a str,
    /// The program of the steps.
    orchbench: &'a Path,
}

fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let unreachable = |reason: String| TrialError::Unreachable {
        engine: trial.plan.engine.clone(),
        reason,
    };
    let python = python::cached().map_err(unreachable)?.path;
    let project = Project::unpack(python, &trial.dir("project")?).map_err(unreachable)?;
    let home = trial.dir("store")?.join("dagster-home");
    let orchbench = orchbench_lab::process::orchbench_binary()
        .map_err(|error| unreachable(error.to_string()))?;
    let own = DagsterWorker {
        home: &home,
        settings: &trial.plan.settings,
        orchbench: &orchbench,
    };
    let mut worker = trial.worker_config(&setup, &own)?;
    worker.etl.sources_file = Some(project.sources());
    let program = {
        let project = project.clone();
        move |config: &Path| project.module("worker", ["--config".as_ref(), config.as_os_str()])
    };
    let accounts = move |run: &str| account::account(&project, &home, run);
    PipeSession::of_program(
        trial,
        &setup,
        worker,
        Box::new(program),
        Some(Box::new(accounts)),
    )
}
