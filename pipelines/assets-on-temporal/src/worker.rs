//! The worker: a process (or thread) that polls the task queue for runs of assets and their steps.

use std::sync::Arc;

use asset_engine::StepWorker;
use orchbench_temporal::worker::{Registered, host_blocking};
use orchbench_temporal::{WorkerError, WorkerOptions, WorkerSettings};

use crate::activities::AssetActivities;
use crate::{MaterializeWorkflow, PiecesWorkflow};

/// Runs a worker with a runtime of its own until `shutdown` completes, then lets what is in work come to its end.
/// `on_ready` is called once, when the server has seen it poll.
///
/// # Errors
/// As [`orchbench_temporal::worker::run_worker`].
pub fn run_blocking(
    options: WorkerOptions,
    steps: &Arc<StepWorker>,
    on_ready: impl FnOnce(&WorkerSettings),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    let workflows = Registered::new(options.task_queue.as_str())
        .register_workflow::<MaterializeWorkflow>()
        .and_then(|worker| worker.register_workflow::<PiecesWorkflow>());
    let activities = AssetActivities::new(Arc::clone(steps));
    let registered = workflows.map(|worker| worker.register_activities(activities).build());
    let registered = registered.map_err(|error| options.not_created(error.to_string()))?;
    // The connections of the catalog are closed by who holds `steps`, not inside the runtime.
    host_blocking(options, registered, on_ready, shutdown)
}
