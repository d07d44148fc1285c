//! Closed loop: a fixed number of runs in flight, each followed by the next at once; what
//! comes out is the engine's capacity at that number.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::engine::{Job, Session, Trial, TrialError, Work};

/// Longest that one run of the loop may take.
const RUN_DEADLINE: Duration = Duration::from_secs(60);

/// Runs per second at `in_flight` runs in flight, over about `duration`. Runs that were
/// begun within it count, over the time until the last of them ended.
pub(super) fn runs_per_s(
    trial: &Trial<'_>,
    session: &dyn Session,
    job: &Job,
    in_flight: usize,
    duration: Duration,
) -> Result<f64, TrialError> {
    let ended = AtomicU64::new(0);
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let begun = Instant::now();
    let lane = || -> Result<(), TrialError> {
        while begun.elapsed() < duration && !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let work = Work {
                run: format!("closed-{in_flight}-{number}"),
                job: job.clone(),
            };
            if let Err(error) = trial.complete_unrecorded(session, &work, RUN_DEADLINE) {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
            ended.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..in_flight).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().try_for_each(|lane| {
            lane.join().unwrap_or_else(|_| {
                Err(TrialError::Plan(
                    "a lane of the closed loop panicked".into(),
                ))
            })
        })
    })?;
    Ok(ended.into_inner() as f64 / begun.elapsed().as_secs_f64())
}
