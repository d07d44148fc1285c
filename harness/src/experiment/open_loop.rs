//! Open loop: runs begin at instants fixed beforehand, whatever the engine does, and each
//! latency counts from the intended start, so that a stall is not hidden by the runs that
//! were not begun meanwhile (coordinated omission).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::engine::{Job, Session, Trial, TrialError, Work};

/// Lanes that begin runs; a run whose lane is not free yet begins late, and its latency
/// says so.
const LANES: usize = 64;
/// Longest that one run may take.
const RUN_DEADLINE: Duration = Duration::from_secs(60);

/// What an open loop saw.
pub(super) struct Observed {
    /// From the intended start to the end, a run each, milliseconds.
    pub latencies_ms: Vec<f64>,
    /// Achieved rate over offered rate; a point counts from 0.99 on.
    pub achieved_ratio: f64,
}

/// Offers `rate_per_s` runs a second for `duration`.
pub(super) fn observe(
    trial: &Trial<'_>,
    session: &dyn Session,
    job: &Job,
    rate_per_s: f64,
    duration: Duration,
) -> Result<Observed, TrialError> {
    let runs = (rate_per_s * duration.as_secs_f64()).ceil().max(1.0) as usize;
    let interval = Duration::from_secs_f64(1.0 / rate_per_s);
    let next = AtomicUsize::new(0);
    let latencies = Mutex::new(Vec::with_capacity(runs));
    let begun = Instant::now();
    let lane = || -> Result<(), TrialError> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= runs {
                return Ok(());
            }
            let intended = begun + interval.mul_f64(number as f64);
            // The schedule itself: this waits for an instant, not for a state.
            std::thread::sleep(intended.saturating_duration_since(Instant::now()));
            let work = Work {
                run: format!("open-{number}"),
                job: job.clone(),
            };
            trial.complete_unrecorded(session, &work, RUN_DEADLINE)?;
            latencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(intended.elapsed().as_secs_f64() * 1e3);
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES.min(runs)).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().try_for_each(|lane| {
            lane.join().unwrap_or_else(|_| {
                Err(TrialError::Plan("a lane of the open loop panicked".into()))
            })
        })
    })?;
    let latencies_ms = latencies
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    // The last run's own latency is no backlog: what counts is whether starts kept up.
    let last_ms = latencies_ms.last().copied().unwrap_or(0.0);
    let span_s = (begun.elapsed().as_secs_f64() - last_ms / 1e3).max(f64::EPSILON);
    let offered_s = interval.as_secs_f64() * (runs.saturating_sub(1)) as f64;
    Ok(Observed {
        latencies_ms,
        achieved_ratio: (offered_s.max(f64::EPSILON) / span_s).min(1.0),
    })
}
