//! `direct`: the steps as plain calls. The floor that overheads are taken from: it
//! remembers nothing, so a run does not outlive its process.

mod models;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use orchbench_etl::{Etl, StepError};

use crate::engine::{Embargo, Ended, Job, Runs, Work, WorkerConfig, serve};
use orchbench_evidence::record::RunFailure;

/// Serves runs as plain calls until standard input ends.
pub(super) fn run(config: WorkerConfig) -> anyhow::Result<()> {
    let etl = Arc::new(Etl::open(config.etl)?);
    serve(Arc::new(Direct {
        etl,
        ended: Arc::default(),
    }))
}

type EndedRuns = (Mutex<HashMap<String, Option<Ended>>>, Condvar);

struct Direct {
    etl: Arc<Etl>,
    ended: Arc<EndedRuns>,
}

impl Runs for Direct {
    fn start(&self, work: Work) -> Result<(), RunFailure> {
        let (etl, ended) = (Arc::clone(&self.etl), Arc::clone(&self.ended));
        let run = work.run.clone();
        lock(&ended.0).insert(run, None);
        let name = work.run.clone();
        let execute = move || {
            let outcome = execute(&etl, &work);
            lock(&ended.0).insert(work.run, Some(outcome));
            ended.1.notify_all();
        };
        std::thread::Builder::new()
            .name(name)
            .spawn(execute)
            .map(drop)
            .map_err(|error| RunFailure {
                error_type: "Unexpected".into(),
                message: format!("cannot start a thread: {error}"),
            })
    }

    fn wait(&self, run: &str) -> Ended {
        let mut runs = lock(&self.ended.0);
        loop {
            match runs.get(run) {
                Some(Some(ended)) => return ended.clone(),
                Some(None) => {
                    runs = self
                        .ended
                        .1
                        .wait(runs)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                None => {
                    return Ended::Failed(RunFailure {
                        error_type: "RunLost".into(),
                        message: format!("run {run}: unknown to this process"),
                    });
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn execute(etl: &Etl, work: &Work) -> Ended {
    match &work.job {
        // Plain calls have no way back, and wait for nobody and nothing.
        Job::Pipeline(pipeline)
        | Job::Saga(pipeline)
        | Job::Approval(pipeline)
        | Job::Blocking(pipeline)
        | Job::Embargo(Embargo { pipeline, .. })
        | Job::Expiring(Embargo { pipeline, .. }) => {
            match etl.run_direct(&work.run, &pipeline.source, pipeline.concurrency) {
                Ok(summary) => Ended::Succeeded {
                    summary: Some(Box::new(summary)),
                },
                Err(error) => failed(error),
            }
        }
        Job::Enough { pipeline, rows } => {
            match etl.run_until_enough(&work.run, &pipeline.source, *rows) {
                Ok(_) => Ended::Succeeded { summary: None },
                Err(error) => failed(error),
            }
        }
        Job::Reminder(Embargo { pipeline, .. }) => {
            match etl.remind_direct(&work.run, &pipeline.source) {
                Ok(()) => Ended::Succeeded { summary: None },
                Err(error) => failed(error),
            }
        }
        // Plain calls remember nothing: all of it anew.
        Job::Refresh(refresh) => {
            let pipeline = &refresh.pipeline;
            match etl.run_direct(&work.run, &pipeline.source, pipeline.concurrency) {
                Ok(_) => Ended::Succeeded { summary: None },
                Err(error) => failed(error),
            }
        }
        Job::Models(models) => match models::build_all(&work.run, &models.project) {
            Ok(()) => Ended::Succeeded { summary: None },
            Err(error) => failed(error),
        },
        // Nor do they call again.
        Job::Order(_) => match etl.order_direct(&work.run) {
            Ok(()) => Ended::Succeeded { summary: None },
            Err(error) => failed(error),
        },
        Job::Noop { steps, .. } => {
            for step in 0..*steps {
                std::hint::black_box(step);
            }
            Ended::Succeeded { summary: None }
        }
        // Nor is there anything between them that could have a limit.
        Job::Probe(_) => Ended::Failed(RunFailure {
            error_type: "Unsupported".into(),
            message: "a probe of limits: expected an engine, found plain calls".into(),
        }),
        // Plain calls try nothing again.
        Job::Synthetic { steps, work } => {
            let done = (0..*steps).try_for_each(|step| work.attempt(step, 1));
            match done {
                Ok(()) => Ended::Succeeded { summary: None },
                Err(error) => failed(error),
            }
        }
    }
}

fn failed(error: StepError) -> Ended {
    Ended::Failed(RunFailure {
        error_type: error.error_type.as_str().to_owned(),
        message: error.message,
    })
}
