//! Runs that refresh: Temporal has no word for what is out of date, so that the workflow is handed what the
//! one before it remembered, and compares by itself.

use orchbench_temporal::{Client, ClientError, Memory, RefreshInput};

use crate::engine::user_code;
use crate::engine::{Refresh, Refreshed};

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 3] = [
    include_str!("../../../../pipelines/temporal/src/activities.rs"),
    include_str!("../../../../pipelines/temporal/src/workflows/refresh.rs"),
    include_str!("refresh.rs"),
];

/// The argument of a run's workflow.
pub(super) async fn input(
    client: &Client,
    run: &str,
    refresh: &Refresh,
) -> Result<RefreshInput, ClientError> {
    let changed = refresh.changed_code.into_iter();
    Ok(RefreshInput {
        pipeline: super::input(run, &refresh.pipeline),
        code_versions: changed
            .map(|step| (step, Refresh::CHANGED.to_owned()))
            .collect(),
        memory: memory(client, refresh.after.as_deref()).await?,
    })
}

// user code: refresh
/// What the run before remembers, however it ended; nothing where there was none.
async fn memory(client: &Client, after: Option<&str>) -> Result<Memory, ClientError> {
    match after {
        Some(after) => client.refresh_memory(after).await,
        None => Ok(Memory::default()),
    }
}
// end of user code

/// What the server says: nothing of what is stale.
pub(super) fn told() -> Refreshed {
    let lines = PROGRAMS.map(|program| user_code::lines(program, "refresh"));
    Refreshed {
        called_stale: Vec::new(),
        user_code_lines: lines.iter().sum(),
    }
}
