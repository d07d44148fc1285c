//! The estimate of a measurement: the median of the trials' medians.
//!
//! Its interval comes from a hierarchical bootstrap (trials drawn with replacement, then
//! samples within each drawn trial; Davison and Hinkley, Bootstrap Methods and their
//! Application, 1997, section 3.8) by percentiles, from [`BOOTSTRAP_FROM`] trials on; below
//! that from Student's t, and from a single trial there is none.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{LEVEL, log_or_plain_interval, median};
use crate::record::{Estimate, Interval, TrialSamples};

/// Trials from which on intervals are bootstrapped.
pub const BOOTSTRAP_FROM: usize = 10;
/// Resamples: the ends of a 0.95 interval then rest on 50 resamples each.
const RESAMPLES: usize = 2000;

/// The median of the trials' medians with its interval. Trials without samples count for
/// nothing; without any, the value is 0 with 0 trials.
pub fn estimate(trials: &[TrialSamples], seed: u64) -> Estimate {
    let groups: Vec<&[f64]> = trials
        .iter()
        .map(|trial| trial.values.as_slice())
        .filter(|values| !values.is_empty())
        .collect();
    let medians: Vec<f64> = groups.iter().filter_map(|values| median(values)).collect();
    let ends = if medians.len() < BOOTSTRAP_FROM {
        log_or_plain_interval(&medians)
    } else {
        bootstrap(seed, |rng| median(&resample_medians(&groups, rng)))
    };
    let value = median(&medians).unwrap_or(0.0);
    Estimate {
        value,
        // The t interval is centred on the geometric mean: widened where the median,
        // which is what is reported, lies outside.
        interval: ends.map(|(low, high)| Interval {
            low: low.min(value),
            high: high.max(value),
            level: LEVEL,
        }),
        trials: groups.len(),
        samples: groups.iter().map(|values| values.len()).sum(),
    }
}

/// Percentile interval of a statistic over resamples drawn by the statistic itself.
pub(super) fn bootstrap(
    seed: u64,
    mut statistic: impl FnMut(&mut StdRng) -> Option<f64>,
) -> Option<(f64, f64)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut values: Vec<f64> = (0..RESAMPLES)
        .map(|_| statistic(&mut rng))
        .collect::<Option<_>>()?;
    values.sort_by(f64::total_cmp);
    let tail = ((1.0 - LEVEL) / 2.0 * RESAMPLES as f64) as usize;
    Some((values[tail], values[RESAMPLES - 1 - tail]))
}

fn resample_medians(groups: &[&[f64]], rng: &mut StdRng) -> Vec<f64> {
    (0..groups.len())
        .filter_map(|_| resample_median(groups[rng.random_range(0..groups.len())], rng))
        .collect()
}

/// The median of one resample of `values`.
pub(super) fn resample_median(values: &[f64], rng: &mut StdRng) -> Option<f64> {
    let drawn: Vec<f64> = (0..values.len())
        .map(|_| values[rng.random_range(0..values.len())])
        .collect();
    median(&drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trials(groups: &[Vec<f64>]) -> Vec<TrialSamples> {
        (0..)
            .zip(groups)
            .map(|(block, values)| TrialSamples {
                trial: format!("t{block}"),
                block,
                values: values.clone(),
            })
            .collect()
    }

    #[test]
    fn a_single_trial_has_no_interval_however_many_samples() {
        let found = estimate(&trials(&[(1..100).map(f64::from).collect()]), 1);
        assert_eq!(
            (found.value, found.interval, found.trials, found.samples),
            (50.0, None, 1, 99)
        );
    }

    #[test]
    fn the_bootstrap_covers_the_truth_about_as_often_as_it_says() {
        // 60 experiments of 12 trials whose centre is 100: the interval misses it in
        // about one of twenty.
        let mut rng = StdRng::seed_from_u64(7);
        let covered = (0..60)
            .filter(|_| {
                let groups: Vec<Vec<f64>> = (0..12)
                    .map(|_| {
                        let centre =
                            100.0 + (0..12).map(|_| rng.random::<f64>() - 0.5).sum::<f64>();
                        (0..3).map(|_| centre + rng.random::<f64>() - 0.5).collect()
                    })
                    .collect();
                estimate(&trials(&groups), 3)
                    .interval
                    .is_some_and(|found| found.low <= 100.0 && 100.0 <= found.high)
            })
            .count();
        assert!((51..=60).contains(&covered), "{covered} of 60");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn an_estimate_is_within_its_interval_and_repeatable(
            groups in prop::collection::vec(prop::collection::vec(0.1f64..1e4, 1..6), 1..14),
            seed: u64,
        ) {
            let trials = trials(&groups);
            let found = estimate(&trials, seed);
            prop_assert_eq!(&found, &estimate(&trials, seed));
            if let Some(interval) = found.interval {
                prop_assert!(interval.low <= found.value && found.value <= interval.high);
            }
        }
    }
}
