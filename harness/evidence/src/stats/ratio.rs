//! Two sides compared in pairs: the ratio, its interval, and what it decides.
//!
//! A pair is a trial of each side from the same block of the interleaved order, so that
//! drift of the machine cancels out. The estimate is the geometric mean of the pairs'
//! ratios; its interval is Student's t on the logs below [`BOOTSTRAP_FROM`] pairs, a
//! hierarchical bootstrap (pairs, then samples within) from there on.

use rand::RngExt;

use super::bootstrap::{BOOTSTRAP_FROM, bootstrap, resample_median};
use super::{LEVEL, log_or_plain_interval, median};
use crate::record::Interval;

/// Differences below five percent count as none.
pub const MARGIN: f64 = 0.05;

/// The samples of the two sides in one block.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The first side's samples.
    pub a: Vec<f64>,
    /// The second side's samples.
    pub b: Vec<f64>,
}

/// The first side's values over the second's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Geometric mean of the pairs' ratios.
    pub value: f64,
    /// Its interval, `None` of a single pair.
    pub interval: Option<Interval>,
    /// Number of pairs.
    pub pairs: usize,
    /// Effect size: the share of pairings of any trial of the first side with any of the
    /// second in which the first is larger, ties half (Vargha and Delaney's A, 2000).
    pub superiority: f64,
}

/// Which side has the larger values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first, by more than the margin.
    A,
    /// The second, by more than the margin.
    B,
    /// Neither: the whole interval is within the margin.
    Neither,
    /// The interval overlaps the margin's edge, or there is none.
    Undecided,
}

impl Ratio {
    /// The side with the larger values, outside the margin with the whole interval.
    pub fn larger(&self) -> Side {
        let (low, high) = (1.0 / (1.0 + MARGIN), 1.0 + MARGIN);
        match self.interval {
            Some(interval) if interval.low > high => Side::A,
            Some(interval) if interval.high < low => Side::B,
            Some(interval) if interval.low >= low && interval.high <= high => Side::Neither,
            _ => Side::Undecided,
        }
    }
}

/// Compares pairs; `None` without a pair of positive medians.
pub fn paired_ratio(pairs: &[Pair], seed: u64) -> Option<Ratio> {
    let positive = |values: &[f64]| median(values).filter(|median| *median > 0.0);
    let usable: Vec<(&Pair, f64, f64)> = pairs
        .iter()
        .filter_map(|pair| Some((pair, positive(&pair.a)?, positive(&pair.b)?)))
        .collect();
    let ratios: Vec<f64> = usable.iter().map(|(_, a, b)| a / b).collect();
    let value = geometric_mean(&ratios)?;
    let ends = if ratios.len() < BOOTSTRAP_FROM {
        log_or_plain_interval(&ratios)
    } else {
        bootstrap(seed, |rng| {
            let drawn: Option<Vec<f64>> = (0..usable.len())
                .map(|_| {
                    let (pair, _, _) = usable[rng.random_range(0..usable.len())];
                    Some(resample_median(&pair.a, rng)? / resample_median(&pair.b, rng)?)
                })
                .collect();
            geometric_mean(&drawn?)
        })
    };
    Some(Ratio {
        value,
        interval: ends.map(|(low, high)| Interval {
            low,
            high,
            level: LEVEL,
        }),
        pairs: ratios.len(),
        superiority: superiority(&usable),
    })
}

fn superiority(usable: &[(&Pair, f64, f64)]) -> f64 {
    let wins: f64 = usable
        .iter()
        .flat_map(|(_, a, _)| usable.iter().map(move |(_, _, b)| (a, b)))
        .map(|(a, b)| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    wins / (usable.len() * usable.len()) as f64
}

fn geometric_mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty())
        .then(|| (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(a: f64, b: f64) -> Pair {
        Pair {
            a: vec![a],
            b: vec![b],
        }
    }

    fn larger(pairs: &[Pair]) -> Option<Side> {
        paired_ratio(pairs, 1).map(|ratio| ratio.larger())
    }

    #[test]
    fn a_clear_difference_has_a_winner_and_a_single_pair_has_none() {
        let pairs = [pair(20.0, 10.0), pair(21.0, 10.0), pair(20.5, 10.0)];
        assert_eq!(larger(&pairs), Some(Side::A));
        assert_eq!(larger(&pairs[..1]), Some(Side::Undecided));
    }

    #[test]
    fn a_difference_within_the_margin_is_none() {
        let pairs: Vec<Pair> = (0..5)
            .map(|n| pair(10.0 + f64::from(n) / 100.0, 10.0))
            .collect();
        assert_eq!(larger(&pairs), Some(Side::Neither));
    }

    #[test]
    fn drift_that_both_sides_share_cancels_out() {
        let pairs: Vec<Pair> = (1..=12)
            .map(|n| pair(f64::from(n) * 2.0, f64::from(n)))
            .collect();
        let ratio = paired_ratio(&pairs, 1);
        assert!(
            ratio
                .is_some_and(|ratio| (ratio.value - 2.0).abs() < 1e-9 && ratio.larger() == Side::A)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn swapping_the_sides_inverts_the_ratio(
            values in prop::collection::vec((0.1f64..1e3, 0.1f64..1e3), 1..9),
        ) {
            let there: Vec<Pair> = values.iter().map(|(a, b)| pair(*a, *b)).collect();
            let back: Vec<Pair> = values.iter().map(|(a, b)| pair(*b, *a)).collect();
            let (there, back) = paired_ratio(&there, 1)
                .zip(paired_ratio(&back, 1))
                .ok_or_else(|| TestCaseError::fail("none"))?;
            prop_assert!((there.value * back.value - 1.0).abs() < 1e-9);
            prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-9);
        }
    }
}
