//! Warm-up by a stated rule: runs are made until their times are flat, not a fixed number of them.
//! What a burst lets through (a server's limiter starts with a full bucket) is not steady state.

use std::time::{Duration, Instant};

use crate::engine::{Trial, TrialError};

/// Runs whose median is held against the median of as many before them.
const WINDOW: usize = 3;
/// Flat: the two medians differ by no more than this share.
const FLAT: f64 = 0.05;
/// Where times never get flat, the warm-up ends here, and the trial says so.
const MOST_RUNS: usize = 40;
pub(super) const MOST_TIME: Duration = Duration::from_secs(15);

/// Makes runs, whose times `run_ms` gives, until they are flat, and records how many it took
/// (`warm_up_runs`) and whether they were (`warm_up_flat`, 1 or 0).
pub(super) fn until_flat(
    trial: &Trial<'_>,
    mut run_ms: impl FnMut(usize) -> Result<f64, TrialError>,
) -> Result<(), TrialError> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < MOST_RUNS && begun.elapsed() < MOST_TIME && !is_flat(&times) {
        times.push(run_ms(times.len())?);
    }
    trial.sample("warm_up_runs", times.len() as f64, &[])?;
    let flat = f64::from(u8::from(is_flat(&times)));
    trial.sample("warm_up_flat", flat, &[])
}

fn is_flat(times: &[f64]) -> bool {
    let Some(start) = times.len().checked_sub(2 * WINDOW) else {
        return false;
    };
    let (before, last) = times[start..].split_at(WINDOW);
    let (before, last) = (middle(before), middle(last));
    (last - before).abs() <= FLAT * before
}

fn middle(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::is_flat;

    #[test]
    fn times_that_still_rise_are_not_flat() {
        // A burst of a limiter: quick runs first, then each waits for the next tick.
        let burst = [35.0, 36.0, 60.0, 99.0, 100.0, 100.0];
        assert!(!is_flat(&burst[..5]) && !is_flat(&burst));
        assert!(is_flat(&[35.0, 99.0, 100.0, 100.0, 101.0, 100.0, 99.0]));
        assert!(!is_flat(&[100.0; 5]), "six runs at least");
    }
}
