//! `asset-engine`: our embedded asset orchestrator, with its durable catalog.
//!
//! The executor's lock decides which of several workers on one catalog is the active one:
//! a stand-by blocks until the kernel releases the lock of a dead one, then says `ready`.
//! Runs that its predecessor left unfinished it takes up at once, without being asked.

mod daemon;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use asset_engine::{
    AssetGraph, Durability, Executor, ExecutorOptions, Lock, Mode, RunOutcome, RunRequest,
    RunStatus, Selection,
};
use orchbench_assets::{GraphOptions, NOT_APPROVED};
use orchbench_etl::{Etl, RetrySpec};
use serde::Deserialize as _;
use serde_json::Value;

use super::AssetWorker;
use crate::engine::{
    Embargo, Ended, Job, Limit, Refresh, Runs, StepExecution, Work, WorkerConfig, serve,
};
use orchbench_evidence::record::RunFailure;

/// Serves runs on the asset engine until standard input ends.
pub(super) fn run(config: WorkerConfig) -> anyhow::Result<()> {
    let AssetWorker { catalog, jobs } = config.own_part()?;
    let etl = Arc::new(Etl::open(config.etl)?);
    let options = ExecutorOptions::default()
        .concurrency(config.concurrency)
        .durability(Durability::PowerLoss)
        .lock(Lock::Wait);
    let runs = Arc::new(Assets {
        executor: Arc::new(Executor::open(&catalog, options)?),
        etl,
        execution: config.execution,
        works: Mutex::default(),
    });
    for unfinished in runs.executor.unfinished() {
        // What undoes a run, or goes on with it, is for the daemon to take up.
        let config = &unfinished.config;
        if orchbench_assets::undone_by(config).is_some()
            || orchbench_assets::continued_by(config).is_some()
        {
            continue;
        }
        let work = work_of(&unfinished.run, config)?;
        runs.start(work)
            .map_err(|failure| anyhow::anyhow!("run {}: {}", unfinished.run, failure.message))?;
    }
    for job in &jobs {
        daemon::watch(&runs, job)?;
    }
    serve(runs)
}

struct Assets {
    executor: Arc<Executor>,
    etl: Arc<Etl>,
    execution: StepExecution,
    works: Mutex<HashMap<String, Work>>,
}

impl Assets {
    fn graph(&self, job: &Job) -> anyhow::Result<AssetGraph> {
        match job {
            Job::Pipeline(pipeline)
            | Job::Approval(pipeline)
            | Job::Embargo(Embargo { pipeline, .. })
            | Job::Expiring(Embargo { pipeline, .. }) => {
                let source = self.etl.sources().get(&pipeline.source)?.clone();
                let expires = matches!(job, Job::Expiring(_));
                let gated = expires || matches!(job, Job::Approval(_));
                let options = GraphOptions {
                    gated,
                    tells: expires || gated && self.etl.config().release.tells(),
                    ..self.options(pipeline.retry.clone())
                };
                let etl = Arc::clone(&self.etl);
                Ok(orchbench_assets::graph(etl, &source, &options)?)
            }
            Job::Reminder(Embargo { pipeline, .. }) => {
                let options = self.options(pipeline.retry.clone());
                let source = &pipeline.source;
                Ok(orchbench_assets::reminder_graph(
                    &self.etl, source, &options,
                )?)
            }
            Job::Blocking(_) => anyhow::bail!("a step that blocks: expected dagster to try it on"),
            Job::Saga(pipeline) => {
                let source = self.etl.sources().get(&pipeline.source)?.clone();
                let options = self.options(pipeline.retry.clone());
                let etl = Arc::clone(&self.etl);
                Ok(orchbench_assets::saga_graph(etl, &source, &options)?)
            }
            Job::Enough { pipeline, rows } => {
                let source = self.etl.sources().get(&pipeline.source)?.clone();
                let options = self.options(pipeline.retry.clone());
                let etl = Arc::clone(&self.etl);
                Ok(orchbench_assets::enough_graph(
                    etl, &source, *rows, &options,
                )?)
            }
            Job::Refresh(refresh) => {
                let source = self.etl.sources().get(&refresh.pipeline.source)?.clone();
                let changed = refresh.changed_code.into_iter();
                let options = GraphOptions {
                    inputs_by_day: true,
                    code_versions: changed
                        .map(|step| (step, Refresh::CHANGED.to_owned()))
                        .collect(),
                    ..self.options(refresh.pipeline.retry.clone())
                };
                let etl = Arc::clone(&self.etl);
                Ok(orchbench_assets::graph(etl, &source, &options)?)
            }
            Job::Models(models) => Ok(orchbench_assets::model_graph(&models.project)?),
            Job::Order(order) => {
                let options = self.options(order.retry.clone());
                Ok(orchbench_assets::orders_graph(&self.etl, &options)?)
            }
            Job::Noop { shape, steps } => {
                let options = self.options(RetrySpec::default());
                Ok(orchbench_assets::noop_graph(*shape, *steps, &options)?)
            }
            Job::Probe(probe) if probe.of == Limit::Payload => {
                let kept = self.etl.config().work_dir.join("handed-on");
                Ok(orchbench_assets::payload_graph(probe.size, &kept)?)
            }
            Job::Probe(probe) => {
                let options = self.options(RetrySpec::default());
                let (shape, steps) = probe.steps();
                Ok(orchbench_assets::noop_graph(shape, steps, &options)?)
            }
            Job::Synthetic { steps, work } => {
                let options = self.options(work.retry.clone());
                Ok(orchbench_assets::synthetic_graph(*steps, work, &options)?)
            }
        }
    }

    /// What a run is of: as it was started here, else as a worker before this one recorded it.
    fn work(&self, run: &str) -> anyhow::Result<Option<Work>> {
        let works = self.works.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = works.get(run) {
            return Ok(Some(work.clone()));
        }
        let recorded = self.executor.catalog().run(run)?;
        recorded
            .map(|info| work_of(run, info.record.config.as_ref()))
            .transpose()
    }

    fn options(&self, retry: RetrySpec) -> GraphOptions {
        GraphOptions {
            retry,
            execution: match self.execution {
                StepExecution::InProcess => asset_engine::Execution::InProcess,
                StepExecution::Subprocess
                | StepExecution::Multiprocess
                | StepExecution::Deployed => asset_engine::Execution::Subprocess,
            },
            ..GraphOptions::default()
        }
    }

    /// What a run came to together with the one that the daemon makes after it, if there is to be one.
    fn completed(&self, work: &Work, outcome: RunOutcome) -> anyhow::Result<RunOutcome> {
        let mut failures = outcome.failures.iter();
        match work.job {
            Job::Saga(_) | Job::Order(_) if outcome.status != RunStatus::Success => {
                daemon::await_undone(&self.executor, &work.run)?;
            }
            Job::Approval(_) | Job::Expiring(_)
                if failures.any(|each| each.failure.error_type == NOT_APPROVED) =>
            {
                let after = daemon::await_decided(&self.executor, &work.run)?;
                return Ok(orchbench_assets::continued(outcome, after));
            }
            Job::Embargo(_) | Job::Reminder(_) if outcome.status == RunStatus::Success => {
                let after = daemon::await_due(&self.executor, &work.run)?;
                return Ok(orchbench_assets::continued(outcome, after));
            }
            _ => {}
        }
        Ok(outcome)
    }

    fn ended(&self, work: &Work, outcome: &RunOutcome) -> anyhow::Result<Ended> {
        if outcome.status == RunStatus::Success {
            let summary = match &work.job {
                Job::Enough { .. }
                | Job::Expiring(_)
                | Job::Models(_)
                | Job::Noop { .. }
                | Job::Order(_)
                | Job::Probe(_)
                | Job::Refresh(_)
                | Job::Reminder(_)
                | Job::Synthetic { .. } => None,
                Job::Pipeline(pipeline)
                | Job::Saga(pipeline)
                | Job::Approval(pipeline)
                | Job::Blocking(pipeline)
                | Job::Embargo(Embargo { pipeline, .. }) => {
                    let source = self.etl.sources().get(&pipeline.source)?;
                    Some(Box::new(orchbench_assets::summary(source, outcome)?))
                }
            };
            return Ok(Ended::Succeeded { summary });
        }
        let failure = outcome.failures.first().map_or_else(
            || RunFailure {
                error_type: "Canceled".into(),
                message: format!("run {}: {:?}", outcome.run, outcome.status),
            },
            |failed| RunFailure {
                error_type: failed.failure.error_type.clone(),
                message: format!("{}: {}", failed.asset, failed.failure.message),
            },
        );
        Ok(Ended::Failed(failure))
    }
}

impl Runs for Assets {
    fn start(&self, work: Work) -> Result<(), RunFailure> {
        let submit = || -> anyhow::Result<()> {
            let graph = Arc::new(self.graph(&work.job)?);
            let mut request = RunRequest::new(work.run.as_str(), Arc::clone(&graph))
                .selection(selection(&work.job)?)
                .mode(mode(&work.job));
            // user code: refresh
            if let Job::Refresh(_) = &work.job {
                self.executor.look(&graph)?;
                request = request.mode(Mode::Stale);
            }
            // end of user code
            self.executor
                .submit(request.config(serde_json::to_value(&work)?))?;
            Ok(())
        };
        submit().map_err(|error| unexpected(&error))?;
        self.works
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(work.run.clone(), work);
        Ok(())
    }

    fn wait(&self, run: &str) -> Ended {
        let end = || -> anyhow::Result<Ended> {
            let Some(work) = self.work(run)? else {
                return Ok(Ended::Failed(RunFailure {
                    error_type: "RunLost".into(),
                    message: format!("run {run}: not in this catalog"),
                }));
            };
            let outcome = self.executor.wait(run)?;
            self.ended(&work, &self.completed(&work, outcome)?)
        };
        end().unwrap_or_else(|error| Ended::Failed(unexpected(&error)))
    }
}

/// What of its graph a run of the job materializes.
fn selection(job: &Job) -> anyhow::Result<Selection> {
    Ok(match job {
        Job::Saga(_) | Job::Order(_) => orchbench_assets::saga_acts()?,
        Job::Embargo(of) => {
            orchbench_assets::Embargo::of_marts(&of.pipeline.source)?.selection()?
        }
        Job::Reminder(of) => {
            orchbench_assets::Embargo::of_reminder(&of.pipeline.source)?.selection()?
        }
        Job::Expiring(of) => orchbench_assets::unexpired(&of.pipeline.source)?,
        _ => Selection::all(),
    })
}

/// Whether a run makes all of its selection, or what is missing or stale in it.
fn mode(job: &Job) -> Mode {
    match job {
        Job::Models(models) if models.after.is_some() => Mode::Stale,
        _ => Mode::All,
    }
}

/// What a run is of, by its configuration in the catalog.
fn work_of(run: &str, config: &Value) -> anyhow::Result<Work> {
    Work::deserialize(config).with_context(|| format!("catalog: run {run}: its configuration"))
}

fn unexpected(error: &anyhow::Error) -> RunFailure {
    RunFailure {
        error_type: "Unexpected".into(),
        message: format!("{error:#}"),
    }
}
