//! Time, as the engine sees it: the kernel's monotonic clock, or one that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Where an executor reads the time.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    /// `CLOCK_MONOTONIC`.
    #[default]
    Monotonic,
    /// Stands still while a step runs; jumps to the next retry when nothing else can happen.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "made by the tests of retry schedules")
    )]
    Virtual(Arc<AtomicU64>),
}

impl Clock {
    pub fn now_ns(&self) -> u64 {
        match self {
            Self::Monotonic => monotonic_ns(),
            Self::Virtual(now_ns) => now_ns.load(Ordering::Relaxed),
        }
    }

    /// Moves a virtual clock forward; says whether there is one.
    pub fn jump_to(&self, ns: u64) -> bool {
        match self {
            Self::Monotonic => false,
            Self::Virtual(now_ns) => {
                now_ns.fetch_max(ns, Ordering::Relaxed);
                true
            }
        }
    }
}

pub(crate) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // The monotonic clock starts at boot, so both parts are positive and fit.
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

pub(crate) fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
