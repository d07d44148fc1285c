//! Medians, and percentiles with distribution-free intervals.
//!
//! The interval of a percentile is between two order statistics: the number of samples
//! below the true percentile is binomial whatever the distribution (Conover, Practical
//! Nonparametric Statistics, 3rd ed., section 3.2). Both tails get half of 1 − level each;
//! where a tail has no order statistic, there is no interval: "insufficient n".

use statrs::distribution::{Binomial, DiscreteCDF};

/// A percentile of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// The sample's own percentile (nearest rank).
    pub value: f64,
    /// Its interval, `None` with fewer samples than [`Percentile::needed`].
    pub interval: Option<(f64, f64)>,
    /// Samples that an interval needs.
    pub needed: usize,
}

/// The median, the mean of the middle two where there are two; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    if sorted.is_empty() {
        None
    } else if sorted.len() % 2 == 1 {
        Some(sorted[middle])
    } else {
        Some(f64::midpoint(sorted[middle - 1], sorted[middle]))
    }
}

/// The `p` percentile (0 < p < 1) of the samples of one trial with its interval; `None` of
/// nothing.
pub fn percentile(values: &[f64], p: f64, level: f64) -> Option<Percentile> {
    let sorted = sorted(values);
    let n = sorted.len();
    if n == 0 {
        return None;
    }
    let rank = ((p * n as f64).ceil() as usize).clamp(1, n);
    let tail = (1.0 - level) / 2.0;
    let low = lower_rank(n, p, tail);
    // From the other end, the samples above the percentile are binomial as well.
    let high = lower_rank(n, 1.0 - p, tail).map(|rank| n + 1 - rank);
    Some(Percentile {
        value: sorted[rank - 1],
        interval: low.zip(high).map(|(l, u)| (sorted[l - 1], sorted[u - 1])),
        needed: samples_needed(p, level),
    })
}

/// The fewest samples with which the `p` percentile has an interval: 6 for the median,
/// 72 for p95, 368 for p99 at level 0.95.
pub fn samples_needed(p: f64, level: f64) -> usize {
    (((1.0 - level) / 2.0).ln() / p.max(1.0 - p).ln()).ceil() as usize
}

/// The highest rank l of n whose order statistic X(l) lies above the `p` percentile with a
/// probability of at most `tail`: it does when at most l − 1 samples lie below the
/// percentile. `None` where not even the smallest sample does.
pub(super) fn lower_rank(n: usize, p: f64, tail: f64) -> Option<usize> {
    let below = Binomial::new(p, n as u64).ok()?;
    let (mut rank, mut too_high) = (0, n + 1);
    while too_high - rank > 1 {
        let middle = rank.midpoint(too_high);
        if below.cdf(middle as u64 - 1) <= tail {
            rank = middle;
        } else {
            too_high = middle;
        }
    }
    (rank > 0).then_some(rank)
}

/// P(K ≤ k) of K binomial(n, 1/2), the sign test's distribution.
pub(super) fn half_binomial(n: usize, k: usize) -> f64 {
    Binomial::new(0.5, n as u64).map_or(1.0, |below| below.cdf(k as u64))
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fewest_samples_are_those_of_the_method() {
        assert_eq!(samples_needed(0.5, 0.95), 6);
        assert_eq!(samples_needed(0.95, 0.95), 72);
        assert_eq!(samples_needed(0.99, 0.95), 368);
    }

    #[test]
    fn an_interval_begins_at_exactly_the_samples_needed() -> anyhow::Result<()> {
        for p in [0.5, 0.95, 0.99] {
            let needed = samples_needed(p, 0.95);
            let values: Vec<f64> = (0..needed).map(|value| value as f64).collect();
            let enough = percentile(&values, p, 0.95).map(|found| found.interval.is_some());
            let short = percentile(&values[1..], p, 0.95).map(|found| found.interval.is_some());
            anyhow::ensure!(enough == Some(true) && short == Some(false), "p = {p}");
        }
        Ok(())
    }

    #[test]
    fn the_interval_of_ten_is_that_of_the_tables() {
        // Sign test at n = 10: X(2) to X(9), coverage 0.979.
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let found = percentile(&values, 0.5, 0.95).and_then(|found| found.interval);
        assert_eq!(found, Some((2.0, 9.0)));
    }

    proptest! {
        #[test]
        fn a_percentile_lies_in_its_interval(
            values in prop::collection::vec(-1e6f64..1e6, 1..500),
            p in 0.05f64..0.95,
        ) {
            let found = percentile(&values, p, 0.95).ok_or_else(|| TestCaseError::fail("none"))?;
            prop_assert!(values.contains(&found.value));
            if let Some((low, high)) = found.interval {
                prop_assert!(low <= found.value && found.value <= high);
            }
        }

        #[test]
        fn a_median_has_as_many_below_as_above(values in prop::collection::vec(-1e6f64..1e6, 1..100)) {
            let middle = median(&values).ok_or_else(|| TestCaseError::fail("none"))?;
            let below = values.iter().filter(|value| **value < middle).count();
            let above = values.iter().filter(|value| **value > middle).count();
            prop_assert!(below * 2 <= values.len() && above * 2 <= values.len());
        }
    }
}
