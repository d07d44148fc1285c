//! SIGKILL of the engine's server while a step is in flight.

use std::time::{Duration, Instant};

use orchbench_etl::journal::{self, Kind};
use orchbench_etl::monotonic_ns;

use super::KILL_SERVER;
use crate::engine::{Session, Trial, TrialError};
use crate::record::EventBody;

/// How long the fault waits for a step in flight before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A step counts as in flight while it is this young: an older one may end before the kill
/// arrives.
const YOUNG: Duration = Duration::from_millis(100);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(5);

/// Kills the server while a step is in flight and starts it again.
pub struct KillServer {
    /// How long the server stays down.
    pub restart_delay: Duration,
}

impl KillServer {
    /// Strikes; false when nothing came in flight, so that nothing was hit.
    pub fn strike(&self, trial: &Trial<'_>, session: &dyn Session) -> Result<bool, TrialError> {
        let Some(target) = await_step_in_flight(trial)? else {
            return Ok(false);
        };
        let Some(pid) = session.kill_server()? else {
            return Err(TrialError::Unreachable {
                engine: trial.plan.engine.clone(),
                reason: "its server's process is not ours to kill".into(),
            });
        };
        trial.record(EventBody::ServerKilled { pid: Some(pid) })?;
        trial.fired(KILL_SERVER, &target, Some(pid))?;
        // The outage itself, as long on every engine; no state is waited for.
        std::thread::sleep(self.restart_delay);
        session.restart_server()?;
        Ok(true)
    }
}

/// The key of a step that the journal shows just begun and not ended.
fn await_step_in_flight(trial: &Trial<'_>) -> Result<Option<String>, TrialError> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
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
            return Ok(Some(record.key.clone().unwrap_or_default()));
        }
        std::thread::sleep(LOOK);
    }
    Ok(None)
}
