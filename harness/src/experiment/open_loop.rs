//! Open loop: runs begin at instants fixed beforehand, whatever the engine does, and each
//! latency counts from the intended start, so that a stall is not hidden by the runs that
//! were not begun meanwhile (coordinated omission).
//!
//! Each run has a thread of its own, so that no run waits for another one's lane; how late the
//! threads were handed their runs is measured, and is the generator's own lateness.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// Runs that one loop may offer: the load stays bounded.
const MOST_RUNS: usize = 4_000;
/// The window is longer than the offer by this share of it, so that the last runs may end.
const GRACE: f64 = 0.1;
/// Stack of a run's thread: it drives an SDK's future, which is large without optimisation.
const STACK_BYTES: usize = 2 << 20;
/// Before an instant the generator stops sleeping and looks at the clock.
const SPIN: Duration = Duration::from_micros(300);

/// How the gaps between starts are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Exponential gaps: independent users.
    #[default]
    Poisson,
    /// Equal gaps.
    Constant,
}

impl Arrivals {
    /// The name in scenarios and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Constant => "constant",
        }
    }

    /// Intended starts within `duration`, from its begin.
    fn schedule(self, rate_per_s: f64, duration: Duration, seed: u64) -> Vec<Duration> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut at_s = 0.0;
        let mut starts = Vec::new();
        while starts.len() < MOST_RUNS && at_s < duration.as_secs_f64() {
            starts.push(Duration::from_secs_f64(at_s));
            at_s += match self {
                Self::Poisson => -(1.0 - rng.random::<f64>()).ln() / rate_per_s,
                Self::Constant => 1.0 / rate_per_s,
            };
        }
        starts
    }
}

/// What an open loop offers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// How the gaps between starts are drawn.
    pub arrivals: Arrivals,
    /// Starts a second.
    pub rate_per_s: f64,
    /// How long runs are offered.
    pub duration: Duration,
    /// How long after the window unfinished runs are waited for, so that their latencies are known.
    pub drain: Duration,
    /// Seed of the gaps.
    pub seed: u64,
}

/// What an open loop saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Runs whose start was intended within the offer's duration.
    pub offered: usize,
    /// Those that ended within the window: the time for which runs were offered, and a tenth of it.
    pub completed: usize,
    /// The intended start, from the loop's begin, and the time from there to the end, of each run
    /// that ended at all, milliseconds.
    pub ended_ms: Vec<(f64, f64)>,
    /// Length of the window, milliseconds.
    pub window_ms: f64,
    /// From the intended start to the moment in which its thread began it, milliseconds.
    pub lateness_ms: Vec<f64>,
}

/// Offers runs to `run`, which takes a run's number and the instant after which nobody waits for it
/// any more, and returns when the run has ended (false when it did not, or failed); each call is
/// made on a thread of its own.
///
/// # Errors
/// When a thread cannot be started.
pub fn observe(
    offer: &Offer,
    run: impl Fn(usize, Instant) -> bool + Sync,
) -> std::io::Result<Observed> {
    let starts = offer
        .arrivals
        .schedule(offer.rate_per_s, offer.duration, offer.seed);
    // Where that many runs are too many, they are offered for a shorter time.
    let offered_for = match starts.last() {
        Some(last) if starts.len() == MOST_RUNS => *last,
        _ => offer.duration,
    };
    let window = offered_for.mul_f64(1.0 + GRACE);
    let ends: Mutex<Vec<(Duration, Duration)>> = Mutex::new(Vec::with_capacity(starts.len()));
    let lateness: Mutex<Vec<f64>> = Mutex::new(Vec::with_capacity(starts.len()));
    let begun = Instant::now();
    let last = begun + window + offer.drain;
    std::thread::scope(|scope| -> std::io::Result<()> {
        for (number, intended) in starts.iter().copied().enumerate() {
            await_instant(begun + intended);
            let (run, ends, lateness) = (&run, &ends, &lateness);
            std::thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, move || {
                    let late = begun.elapsed().saturating_sub(intended);
                    lock(lateness).push(ms(late));
                    if run(number, last) {
                        lock(ends).push((intended, begun.elapsed()));
                    }
                })?;
        }
        Ok(())
    })?;
    let ends = ends.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Observed {
        offered: starts.len(),
        completed: ends
            .iter()
            .filter(|(intended, end)| ms(*intended) + ms(*end - *intended) <= ms(window))
            .count(),
        ended_ms: ends
            .iter()
            .map(|(intended, end)| (ms(*intended), ms(*end - *intended)))
            .collect(),
        window_ms: ms(window),
        lateness_ms: lateness
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    })
}

/// Milliseconds, to the microsecond: what is counted is counted from what is recorded.
fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for an instant, not for a state: this is the schedule itself.
fn await_instant(instant: Instant) {
    let left = instant.saturating_duration_since(Instant::now());
    std::thread::sleep(left.saturating_sub(SPIN));
    while Instant::now() < instant {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(rate_per_s: f64, arrivals: Arrivals) -> Offer {
        Offer {
            arrivals,
            rate_per_s,
            duration: Duration::from_millis(600),
            drain: Duration::ZERO,
            seed: 7,
        }
    }

    /// An engine that does one run at a time, 20 ms each: 50 a second.
    fn fifty_per_s() -> impl Fn(usize, Instant) -> bool + Sync {
        let engine = Mutex::new(());
        move |_, last| {
            let _busy = lock(&engine);
            if Instant::now() > last {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
            true
        }
    }

    #[test]
    fn twenty_times_the_capacity_is_a_twentieth_achieved() -> anyhow::Result<()> {
        let seen = observe(&offer(1_000.0, Arrivals::Poisson), fifty_per_s())?;
        let share = seen.completed as f64 / seen.offered as f64;
        anyhow::ensure!(seen.offered > 400, "offered {}", seen.offered);
        anyhow::ensure!(share <= 0.06, "{} of {}", seen.completed, seen.offered);
        anyhow::ensure!(seen.lateness_ms.len() == seen.offered);
        Ok(())
    }

    #[test]
    fn more_runs_than_are_begun_are_offered_for_a_shorter_time() -> anyhow::Result<()> {
        let offer = offer(40_000.0, Arrivals::Constant);
        let seen = observe(&offer, |_, _| true)?;
        anyhow::ensure!(seen.offered == MOST_RUNS);
        // A tenth of a second, and a tenth of that.
        let span_ms = MOST_RUNS as f64 / 40.0;
        anyhow::ensure!(
            (seen.window_ms - 1.1 * span_ms).abs() < 1.0,
            "{}",
            seen.window_ms
        );
        Ok(())
    }

    #[test]
    fn a_light_load_is_achieved() -> anyhow::Result<()> {
        let seen = observe(&offer(10.0, Arrivals::Constant), fifty_per_s())?;
        anyhow::ensure!(seen.offered == 6 && seen.completed == 6, "{seen:?}");
        anyhow::ensure!(seen.ended_ms.iter().all(|(_, latency)| *latency >= 20.0));
        Ok(())
    }

    #[test]
    fn both_ways_of_arriving_offer_the_rate() {
        for arrivals in [Arrivals::Poisson, Arrivals::Constant] {
            let starts = arrivals.schedule(500.0, Duration::from_secs(4), 3);
            assert!((1_800..=2_200).contains(&starts.len()), "{}", starts.len());
            assert!(starts.is_sorted());
        }
    }
}
