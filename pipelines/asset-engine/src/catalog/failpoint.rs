//! Planned faults at catalog writes, for the tests that break every one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::CatalogError;

/// Counts the writes of an executor and fails at a planned one. From there on every write fails, as
/// it would for a process that is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failpoint {
    plan: Option<Arc<Plan>>,
}

#[derive(Debug)]
struct Plan {
    writes: AtomicU64,
    fail_at: u64,
    #[cfg(test)]
    mode: FailpointMode,
}

/// What happens at the planned write.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailpointMode {
    /// The write returns an error.
    Error,
    /// The process kills itself with SIGKILL.
    Kill,
    /// The write stands still for eight seconds, once, and goes on.
    Freeze,
}

impl Failpoint {
    /// Fails at write number `fail_at`, from 1; 0 = only counts.
    #[cfg(test)]
    pub fn new(fail_at: u64, mode: FailpointMode) -> Self {
        Self {
            plan: Some(Arc::new(Plan {
                writes: AtomicU64::new(0),
                fail_at,
                mode,
            })),
        }
    }

    /// How many writes there were.
    #[cfg(test)]
    pub fn writes(&self) -> u64 {
        self.plan
            .as_ref()
            .map_or(0, |plan| plan.writes.load(Ordering::SeqCst))
    }

    /// Passes one write.
    pub fn pass(&self, place: &'static str) -> Result<(), CatalogError> {
        let Some(plan) = &self.plan else {
            return Ok(());
        };
        let write = plan.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if plan.fail_at == 0 || write < plan.fail_at {
            return Ok(());
        }
        #[cfg(test)]
        if plan.mode == FailpointMode::Freeze {
            if write == plan.fail_at {
                std::thread::sleep(std::time::Duration::from_secs(8));
            }
            return Ok(());
        }
        #[cfg(test)]
        if plan.mode == FailpointMode::Kill {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
        }
        Err(CatalogError::Injected { write, place })
    }
}
