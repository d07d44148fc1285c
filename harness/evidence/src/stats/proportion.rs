//! Counts: what k cases of n trials say about the rate behind them.
//!
//! All bounds are exact (Clopper and Pearson, The Use of Confidence or Fiducial Limits
//! Illustrated in the Case of the Binomial, Biometrika 26, 1934), as quantiles of the beta
//! distribution; they hold at least as often as they say. What decides is what is printed:
//! a one-sided bound and its binomial p-value are one test.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF};

/// Trials a side below which a rate is "too few": none of 59 is the fewest that bounds a rate
/// at 5 % with confidence 0.95, as 0.95^59 = 0.0485 and 0.95^58 = 0.0510.
pub const FEWEST_KILLS: usize = 59;

/// A search that goes on for longer asks for trials that nobody will run.
pub(super) const MOST_TRIALS: usize = 1_000_000;

/// The two-sided interval of a rate. `None` of no trials, or more cases than trials.
pub fn clopper_pearson(k: usize, n: usize, level: f64) -> Option<(f64, f64)> {
    let one_sided = f64::midpoint(1.0, level);
    Some((lower_bound(k, n, one_sided)?, upper_bound(k, n, one_sided)?))
}

/// The one-sided upper bound of a rate: below 1 unless every trial was a case. `None` of no
/// trials, or more cases than trials.
pub fn upper_bound(k: usize, n: usize, level: f64) -> Option<f64> {
    match n.checked_sub(k)? {
        _ if n == 0 => None,
        0 => Some(1.0),
        others => beta(k + 1, others, level),
    }
}

/// The one-sided lower bound of a rate: above 0 unless no trial was a case. `None` of no
/// trials, or more cases than trials.
pub fn lower_bound(k: usize, n: usize, level: f64) -> Option<f64> {
    let others = n.checked_sub(k).filter(|_| n > 0)?;
    if k == 0 {
        return Some(0.0);
    }
    beta(k, others + 1, 1.0 - level)
}

fn beta(a: usize, b: usize, probability: f64) -> Option<f64> {
    let rate = Beta::new(a as f64, b as f64).ok()?;
    (0.0..=1.0)
        .contains(&probability)
        .then(|| rate.inverse_cdf(probability))
}

/// The p-value of "the rate is at most `bound`": P(K ≤ k) at that rate, which is 1 − the highest
/// level at which [`upper_bound`] is at most `bound`. 1 of no trials.
pub fn p_rate_at_most(k: usize, n: usize, bound: f64) -> f64 {
    if n == 0 || k > n {
        return 1.0;
    }
    Binomial::new(bound.clamp(0.0, 1.0), n as u64).map_or(1.0, |cases| cases.cdf(k as u64))
}

/// The p-value of "the rate is above `bound`": P(K ≥ k) at that rate, which is 1 − the highest
/// level at which [`lower_bound`] is at least `bound`. 1 of no trials.
pub fn p_rate_above(k: usize, n: usize, bound: f64) -> f64 {
    if n == 0 || k > n || k == 0 {
        return 1.0;
    }
    Binomial::new(bound.clamp(0.0, 1.0), n as u64).map_or(1.0, |cases| cases.sf(k as u64 - 1))
}

/// How many more trials, none of them a case, would hold the rate at most at `bound` at this
/// level: 0 when it is held already, `None` when no number of trials that can be run would.
pub fn more_trials_needed(k: usize, n: usize, bound: f64, level: f64) -> Option<usize> {
    fewest(|more| p_rate_at_most(k, n + more, bound) <= 1.0 - level)
}

/// The fewest trials that are enough, if more than enough are enough as well.
pub(super) fn fewest(enough: impl Fn(usize) -> bool) -> Option<usize> {
    if enough(0) {
        return Some(0);
    }
    let (mut short, mut long) = (0, 1);
    while !enough(long) {
        (short, long) = (long, 2 * long);
        if long > MOST_TRIALS {
            return None;
        }
    }
    while long - short > 1 {
        let middle = short.midpoint(long);
        if enough(middle) {
            long = middle;
        } else {
            short = middle;
        }
    }
    Some(long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_intervals_are_those_of_the_tables() {
        // Newcombe, Two-Sided Confidence Intervals for the Single Proportion, Statistics in
        // Medicine 17, 1998, table I, method 5; 2 of 10 is Clopper and Pearson's own chart.
        for (k, n, expected) in [
            (81, 263, (0.2527, 0.3676)),
            (15, 148, (0.0578, 0.1617)),
            (0, 20, (0.0, 0.1684)),
            (1, 29, (0.0009, 0.1776)),
            (2, 10, (0.0252, 0.5561)),
        ] {
            let (low, high) = clopper_pearson(k, n, 0.95).unwrap_or_default();
            assert!(
                (low - expected.0).abs() < 1e-4 && (high - expected.1).abs() < 1e-4,
                "{k} of {n}: {low} {high}"
            );
        }
    }

    #[test]
    fn none_of_fifty_nine_is_the_fewest_that_bounds_a_rate_at_five_percent() {
        let bounded = |n| upper_bound(0, n, 0.95).is_some_and(|bound| bound <= 0.05);
        assert!(bounded(FEWEST_KILLS) && !bounded(FEWEST_KILLS - 1));
        assert_eq!(
            more_trials_needed(0, 0, 0.05, 0.95),
            Some(FEWEST_KILLS),
            "from nothing"
        );
        assert_eq!(more_trials_needed(0, 59, 0.05, 0.95), Some(0));
        // One case more: 93 trials in all.
        assert_eq!(more_trials_needed(1, 59, 0.05, 0.95), Some(34));
        assert_eq!(more_trials_needed(0, 59, 0.0, 0.95), None);
    }

    #[test]
    fn no_trial_bounds_nothing() {
        assert_eq!(upper_bound(0, 0, 0.95), None);
        assert_eq!(lower_bound(0, 0, 0.95), None);
        assert_eq!(clopper_pearson(2, 1, 0.95), None);
        assert_eq!(
            (p_rate_at_most(0, 0, 0.1), p_rate_above(0, 0, 0.1)),
            (1.0, 1.0)
        );
        assert_eq!(upper_bound(3, 3, 0.95), Some(1.0));
    }

    proptest! {
        #[test]
        fn the_observed_rate_lies_in_its_interval(n in 1usize..200, share in 0.0f64..=1.0) {
            let k = (share * n as f64) as usize;
            let (low, high) = clopper_pearson(k, n, 0.95).ok_or_else(|| TestCaseError::fail("none"))?;
            let rate = k as f64 / n as f64;
            prop_assert!(low <= rate + 1e-9 && rate <= high + 1e-9);
        }

        #[test]
        fn the_p_values_mirror_the_bounds(
            n in 1usize..200,
            share in 0.0f64..=1.0,
            bound in 0.01f64..0.99,
            level in 0.5f64..0.999,
        ) {
            let k = (share * n as f64) as usize;
            let (low, high) = lower_bound(k, n, level)
                .zip(upper_bound(k, n, level))
                .ok_or_else(|| TestCaseError::fail("none"))?;
            prop_assume!((low - bound).abs() > 1e-6 && (high - bound).abs() > 1e-6);
            prop_assert_eq!(high < bound, p_rate_at_most(k, n, bound) < 1.0 - level);
            prop_assert_eq!(low > bound, p_rate_above(k, n, bound) < 1.0 - level);
        }
    }
}
