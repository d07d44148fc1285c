//! Telling an attempt that nobody waits for it any more: its time is up, or its run was aborted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The sign by which an attempt is stopped. A step in the engine's process cannot be stopped from
/// outside: it may look at this now and then, and its result is dropped in any case. The process of
/// a [`crate::Subprocess`] is killed.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    /// The process group that dies with the attempt.
    group: Mutex<Option<Pid>>,
}

impl Stop {
    /// Whether the attempt was given up.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Gives the attempt up and kills its process group, if it has one.
    pub fn stop(&self) {
        let group = self.group();
        self.0.stopped.store(true, Ordering::Release);
        if let Some(group) = *group {
            // A group that is gone already needs no killing.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Binds a process group to the attempt, until [`Stop::unbind`].
    pub(crate) fn bind(&self, leader: Pid) {
        let mut group = self.group();
        if self.is_stopped() {
            let _ = kill_process_group(leader, Signal::KILL);
        } else {
            *group = Some(leader);
        }
    }

    /// Lets the process group go; call before its leader is reaped and its number is free again.
    pub(crate) fn unbind(&self) {
        *self.group() = None;
    }

    fn group(&self) -> MutexGuard<'_, Option<Pid>> {
        self.0.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
