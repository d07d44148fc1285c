//! Closed loop: a fixed number of runs in flight, each followed by the next at once; what
//! comes out is the engine's capacity at that number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::{Job, Session, Trial, TrialError, Work};

/// Longest that one run of the loop may take.
const RUN_DEADLINE: Duration = Duration::from_secs(60);
/// Runs that every lane has to end before a rung may be over.
pub(super) const RUNS_A_LANE: u64 = 5;
/// Longest that a rung may last when lanes are slow; it then says how many runs they ended.
const MOST_TIME: Duration = Duration::from_secs(60);

/// What a rung of the ladder saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rung {
    /// Runs a second, over the time in which every lane was busy.
    pub runs_per_s: f64,
    /// Runs that ended in that time.
    pub runs: u64,
    /// The fewest that a lane ended in that time.
    pub fewest_a_lane: u64,
}

struct State {
    ended: Vec<u64>,
    /// When every lane had ended its runs, from the begin of the rung.
    over: Option<Duration>,
    failed: bool,
}

/// Keeps `lanes` runs in flight for at least `duration`, and until each lane has ended
/// [`RUNS_A_LANE`]. What ends after that counts for nothing, as lanes then fall idle.
pub(super) fn rung(
    trial: &Trial<'_>,
    session: &dyn Session,
    job: &Job,
    lanes: usize,
    duration: Duration,
) -> Result<Rung, TrialError> {
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    let state = Mutex::new(State {
        ended: vec![0; lanes],
        over: None,
        failed: false,
    });
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let lane = |lane: usize| -> Result<(), TrialError> {
        loop {
            {
                let state = lock();
                if state.over.is_some() || state.failed {
                    return Ok(());
                }
            }
            let number = next.fetch_add(1, Ordering::Relaxed);
            let work = Work {
                run: format!("closed-{lanes}-{number}"),
                job: job.clone(),
            };
            if let Err(error) = trial.complete_unrecorded(session, &work, RUN_DEADLINE) {
                lock().failed = true;
                return Err(error);
            }
            let mut state = lock();
            if state.over.is_none() {
                state.ended[lane] += 1;
                let elapsed = begun.elapsed();
                let enough = state.ended.iter().all(|ended| *ended >= RUNS_A_LANE);
                if (enough && elapsed >= duration) || elapsed >= MOST_TIME {
                    state.over = Some(elapsed);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..lanes)
            .map(|index| scope.spawn(move || lane(index)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| {
                Err(TrialError::Plan(
                    "a lane of the closed loop panicked".into(),
                ))
            })
        })
    })?;
    let state = lock();
    let runs: u64 = state.ended.iter().sum();
    let lasted_s = state.over.unwrap_or_else(|| begun.elapsed()).as_secs_f64();
    Ok(Rung {
        runs_per_s: runs as f64 / lasted_s,
        runs,
        fewest_a_lane: state.ended.iter().copied().min().unwrap_or(0),
    })
}
