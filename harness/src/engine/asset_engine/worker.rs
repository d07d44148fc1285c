//! `asset-engine`: our embedded asset orchestrator, with its durable catalog.
//!
//! The executor's lock decides which of several workers on one catalog is the active one:
//! a stand-by blocks until the kernel releases the lock of a dead one, then says `ready`.
//! Runs that its predecessor left unfinished it takes up at once, without being asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use asset_engine::{
    AssetGraph, Durability, Executor, ExecutorOptions, Lock, RunOutcome, RunRequest, RunStatus,
};
use orchbench_assets::GraphOptions;
use orchbench_etl::{Etl, RetrySpec};

use super::AssetWorker;
use crate::engine::{Ended, Job, Runs, StepExecution, Work, WorkerConfig, serve};
use orchbench_evidence::record::RunFailure;

/// Serves runs on the asset engine until standard input ends.
pub(super) fn run(config: WorkerConfig) -> anyhow::Result<()> {
    let AssetWorker { catalog } = config.own_part()?;
    let etl = Arc::new(Etl::open(config.etl)?);
    let options = ExecutorOptions::default()
        .concurrency(config.concurrency)
        .durability(Durability::PowerLoss)
        .lock(Lock::Wait);
    let runs = Arc::new(Assets {
        executor: Executor::open(&catalog, options)?,
        etl,
        execution: config.execution,
        works: Mutex::default(),
    });
    for unfinished in runs.executor.unfinished() {
        let work: Work = serde_json::from_value(unfinished.config)
            .with_context(|| format!("catalog: run {}: its configuration", unfinished.run))?;
        runs.start(work)
            .map_err(|failure| anyhow::anyhow!("run {}: {}", unfinished.run, failure.message))?;
    }
    serve(runs)
}

struct Assets {
    executor: Executor,
    etl: Arc<Etl>,
    execution: StepExecution,
    works: Mutex<HashMap<String, Work>>,
}

impl Assets {
    fn graph(&self, work: &Work) -> anyhow::Result<AssetGraph> {
        match &work.job {
            Job::Pipeline(pipeline) => {
                let source = self.etl.sources().get(&pipeline.source)?.clone();
                Ok(orchbench_assets::graph(
                    Arc::clone(&self.etl),
                    &source,
                    &self.options(pipeline.retry.clone()),
                )?)
            }
            Job::Noop { shape, steps } => {
                let options = self.options(RetrySpec::default());
                Ok(orchbench_assets::noop_graph(*shape, *steps, &options)?)
            }
        }
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

    fn ended(&self, work: &Work, outcome: &RunOutcome) -> anyhow::Result<Ended> {
        if outcome.status == RunStatus::Success {
            let summary = match &work.job {
                Job::Noop { .. } => None,
                Job::Pipeline(pipeline) => {
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
            let graph = Arc::new(self.graph(&work)?);
            let request = RunRequest::new(work.run.as_str(), graph);
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
        let work = self
            .works
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(run)
            .cloned();
        let Some(work) = work else {
            return Ended::Failed(RunFailure {
                error_type: "RunLost".into(),
                message: format!("run {run}: not in this catalog"),
            });
        };
        self.executor
            .wait(run)
            .map_err(anyhow::Error::from)
            .and_then(|outcome| self.ended(&work, &outcome))
            .unwrap_or_else(|error| Ended::Failed(unexpected(&error)))
    }
}

fn unexpected(error: &anyhow::Error) -> RunFailure {
    RunFailure {
        error_type: "Unexpected".into(),
        message: format!("{error:#}"),
    }
}
