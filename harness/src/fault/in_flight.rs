//! Waiting until there is something to hit.

use std::time::{Duration, Instant};

use orchbench_etl::journal::{self, Kind};
use orchbench_etl::monotonic_ns;

use crate::engine::{Trial, TrialError};

/// How long a fault waits for a step in flight before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A step counts as in flight while it is this young: an older one may end before the fault
/// arrives.
const YOUNG: Duration = Duration::from_millis(100);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(5);

/// The key and the process of a step that the journal shows just begun and not ended; `None` when there was
/// none in time, or `over` says that none will come.
pub(super) fn await_step(
    trial: &Trial<'_>,
    over: &dyn Fn() -> bool,
) -> Result<Option<(String, Option<u32>)>, TrialError> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && !over() {
        if trial.interrupted() {
            return Err(TrialError::Interrupted);
        }
        let read = journal::read_dir(&trial.journal_dir())
            .map_err(|error| TrialError::Plan(error.to_string()))?;
        let since_ns = monotonic_ns().saturating_sub(YOUNG.as_nanos() as u64);
        let open = read.records.iter().rev().find(|record| {
            record.kind == Kind::Invoke
                && record.t_ns > since_ns
                && !read.records.iter().any(|other| {
                    matches!(other.kind, Kind::Ok | Kind::Error)
                        && other.key == record.key
                        && other.attempt == record.attempt
                })
        });
        if let Some(record) = open {
            // A writer is named after its epoch and its process.
            let pid = record.writer.rsplit('-').next();
            let pid = pid.and_then(|pid| pid.parse().ok());
            return Ok(Some((record.key.clone().unwrap_or_default(), pid)));
        }
        std::thread::sleep(LOOK);
    }
    Ok(None)
}
