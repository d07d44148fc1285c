//! What undoes sagas on assets: a daemon beside the runs, which looks for those that failed, as
//! `orchbench assets daemon` would in a process of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use asset_engine::{Daemon, EngineError, Executor};
use jiff::Timestamp;

use super::Assets;
use crate::engine::{Job, Pipeline};

/// How long the daemon rests between two looks: its users choose seconds.
const TICK: Duration = Duration::from_secs(1);
/// How often somebody who waits looks whether the daemon has had its turn.
const LOOK: Duration = Duration::from_millis(20);

/// Starts the daemon of a saga; it ends with the process.
pub(super) fn watch(runs: &Arc<Assets>, saga: &Pipeline) -> anyhow::Result<()> {
    let graph = Arc::new(runs.graph(&Job::Saga(saga.clone()))?);
    let automations = orchbench_assets::saga_automations();
    let mut daemon = Daemon::new(Arc::clone(&runs.executor), graph, automations);
    let tick = move || {
        // A catalog that failed has stopped the executor too, and the runs say so.
        while daemon.tick(Timestamp::now()).is_ok() {
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new()
        .name(format!("daemon-{}", saga.source))
        .spawn(tick)
        .map(drop)
        .context("cannot start a thread")
}

/// Waits until a run that failed has been undone, however that ended; not at all where there is
/// nothing to undo.
pub(super) fn await_end(executor: &Executor, run: &str) -> Result<(), EngineError> {
    if !orchbench_assets::is_owed_undoing(executor.catalog(), run)? {
        return Ok(());
    }
    let undoing = orchbench_assets::undoing_run(run);
    loop {
        match executor.wait(&undoing) {
            Ok(_) => return Ok(()),
            // The daemon has not ordered it yet, or not taken it up again.
            Err(EngineError::UnknownRun { .. } | EngineError::NotResumed { .. }) => {
                std::thread::sleep(LOOK);
            }
            Err(error) => return Err(error),
        }
    }
}
