//! What undoes sagas on assets, and what goes on after a person's word or when a time has passed: a daemon beside the runs, which
//! looks for those that failed so, as `orchbench assets daemon` would in a process of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use asset_engine::{Automation, Daemon, EngineError, Executor, RunOutcome};
use jiff::Timestamp;
use orchbench_assets::Embargo;
use orchbench_etl::ORDERS;

use super::Assets;
use crate::engine::{self, Job};

/// How long the daemon rests between two looks: its users choose seconds.
const TICK: Duration = Duration::from_secs(1);
/// How often somebody who waits looks whether the daemon has had its turn.
const LOOK: Duration = Duration::from_millis(20);

/// Starts the daemon of a job, if there is something for one to do; it ends with the process.
pub(super) fn watch(runs: &Arc<Assets>, job: &Job) -> anyhow::Result<()> {
    let (source, automations) = match job {
        Job::Pipeline(_)
        | Job::Blocking(_)
        | Job::Enough { .. }
        | Job::Models(_)
        | Job::Refresh(_)
        | Job::Noop { .. }
        | Job::Probe(_)
        | Job::Synthetic { .. } => return Ok(()),
        Job::Saga(saga) => (saga.source.as_str(), orchbench_assets::saga_automations()),
        Job::Order(_) => (ORDERS, orchbench_assets::saga_automations()),
        Job::Approval(approval) => {
            let automations = orchbench_assets::approval_automations(&approval.source)?;
            (approval.source.as_str(), automations)
        }
        Job::Expiring(of) => {
            let source = of.pipeline.source.as_str();
            let within = Duration::from_millis(of.embargo_ms);
            let automations = orchbench_assets::expiring_automations(source, within)?;
            (source, automations)
        }
        Job::Embargo(of) => {
            let embargo = Embargo::of_marts(&of.pipeline.source)?;
            waited(of, embargo)
        }
        Job::Reminder(of) => {
            let embargo = Embargo::of_reminder(&of.pipeline.source)?;
            waited(of, embargo)
        }
    };
    start(runs, job, source, automations)
}

fn waited(job: &engine::Embargo, embargo: Embargo) -> (&str, Vec<Box<dyn Automation>>) {
    let time = Duration::from_millis(job.embargo_ms);
    (job.pipeline.source.as_str(), embargo.automations(time))
}

fn start(
    runs: &Arc<Assets>,
    job: &Job,
    source: &str,
    automations: Vec<Box<dyn Automation>>,
) -> anyhow::Result<()> {
    let graph = Arc::new(runs.graph(job)?);
    let mut daemon = Daemon::new(Arc::clone(&runs.executor), graph, automations);
    let tick = move || {
        // A catalog that failed has stopped the executor too, and the runs say so.
        while daemon.tick(Timestamp::now()).is_ok() {
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new()
        .name(format!("daemon-{source}"))
        .spawn(tick)
        .map(drop)
        .context("cannot start a thread")
}

/// Waits until a run that failed has been undone, however that ended; not at all where there is
/// nothing to undo.
pub(super) fn await_undone(executor: &Executor, run: &str) -> Result<(), EngineError> {
    if !orchbench_assets::is_owed_undoing(executor.catalog(), run)? {
        return Ok(());
    }
    await_ordered(executor, &orchbench_assets::undoing_run(run)).map(drop)
}

/// Waits until there was a word on a run that found none, or none in time, and the run that goes on with it has
/// ended.
pub(super) fn await_decided(executor: &Executor, run: &str) -> Result<RunOutcome, EngineError> {
    let next = [
        orchbench_assets::continuing_run(run),
        orchbench_assets::expired_run(run),
    ];
    loop {
        for after in &next {
            if executor.catalog().status(after)?.is_some() {
                return await_ordered(executor, after);
            }
        }
        std::thread::sleep(LOOK);
    }
}

/// Waits until the embargo of a run is over, and the run that announces has ended.
pub(super) fn await_due(executor: &Executor, run: &str) -> Result<RunOutcome, EngineError> {
    await_ordered(executor, &orchbench_assets::due_run(run))
}

/// Waits for the end of a run that the daemon is to order.
fn await_ordered(executor: &Executor, run: &str) -> Result<RunOutcome, EngineError> {
    loop {
        match executor.wait(run) {
            // The daemon has not ordered it yet, or not taken it up again.
            Err(EngineError::UnknownRun { .. } | EngineError::NotResumed { .. }) => {
                std::thread::sleep(LOOK);
            }
            ended => return ended,
        }
    }
}
