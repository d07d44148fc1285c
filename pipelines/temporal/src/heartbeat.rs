//! Work inside an activity, with heartbeats while it lasts.
//!
//! The steps of the ETL are synchronous: they compute, and talk to the database in a
//! blocking way. On an executor thread they would starve the worker's own polling, so they run on a
//! thread for blocking work, and the activity's task sends heartbeats until the thread is done.
//!
//! A heartbeat therefore says that the worker's *process* lives; it stops with a crash, a kill or a
//! frozen machine. A step that hangs in a living process is ended by its start-to-close timeout. The
//! details carry the number of rows done, for whoever looks at the pending activities; of a step in a
//! process of its own (`process`) they are not known before its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orchbench_etl::StepError;
use serde::{Deserialize, Serialize};
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::{MissedTickBehavior, interval};

/// Heartbeats per heartbeat timeout. The SDK throttles them to one in 0.8 of the timeout and sends
/// the last one that came in between, so that more only make that one fresher.
const BEATS_PER_TIMEOUT: u32 = 4;

/// The details of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows that the attempt has done.
    pub rows: u64,
}

/// Runs `work` on a thread for blocking work and heartbeats until it ends, when the activity has a
/// heartbeat timeout. `work` gets a function to which it reports the rows it has done; of these,
/// `details` makes what a heartbeat carries.
///
/// A cancelled activity is not cut short: a step is one transaction, and an activity that reports
/// "cancelled" while its thread still commits would be a lie. It ends with its true result;
/// cancellation takes effect between steps.
///
/// # Errors
/// `Panic`, retryable, when `work` panicked. The step's own error is a value here.
pub async fn run_blocking<T: Send + 'static, D: Serialize + Send + Sync + 'static>(
    ctx: &ActivityContext,
    details: impl Fn(u64) -> D,
    work: impl FnOnce(&dyn Fn(u64)) -> Result<T, StepError> + Send + 'static,
) -> Result<Result<T, StepError>, ActivityError> {
    let rows = Arc::new(AtomicU64::new(0));
    let thread = tokio::task::spawn_blocking({
        let rows = Arc::clone(&rows);
        move || work(&|done| rows.store(done, Ordering::Relaxed))
    });
    let details = || details(rows.load(Ordering::Relaxed));
    match beating(ctx, details, thread).await? {
        Ok(result) => Ok(result),
        Err(error) => Err(ActivityError::application(
            ApplicationFailure::builder(format!("step panicked: {error}"))
                .type_name("Panic".to_owned())
                .build(),
        )),
    }
}

/// Heartbeats with `details` until `work` ends, when the activity has a heartbeat timeout.
///
/// # Errors
/// The details have no form as a payload.
pub async fn beating<T, D: Serialize + Send + Sync + 'static>(
    ctx: &ActivityContext,
    details: impl Fn() -> D,
    work: impl Future<Output = T>,
) -> Result<T, ActivityError> {
    let timeout = ctx
        .info()
        .heartbeat_timeout
        .filter(|timeout| !timeout.is_zero());
    let mut ticks = timeout.map(|timeout| {
        let mut ticks = interval((timeout / BEATS_PER_TIMEOUT).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    });
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return Ok(result),
            () = next(&mut ticks) => ctx.record_heartbeat(details()).await?,
        }
    }
}

/// The next tick, or never without ticks.
async fn next(ticks: &mut Option<tokio::time::Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}
