//! The estimate of a measurement: the median of the population its trials come from.
//!
//! Each trial counts once, by the median of its samples. The value reported is the one that
//! the interval is built around, so it lies inside: below [`RANK_FROM`](super::RANK_FROM)
//! trials the geometric mean of the trials' medians (the mean where one of them is not
//! positive) with Student's t, from there on the sample's median with a rank interval; see
//! [`Location`]. With one or two trials there is no interval. Trials that are all equal, such
//! as counts of attempts, have an interval of that one value.

use std::collections::{BTreeMap, BTreeSet};

use super::location::Location;
use super::{LEVEL, median};
use crate::record::{Estimate, Interval, TrialSamples};

/// How often a 0.95 interval covers the population's median where each trial is three times
/// as slow with probability 0.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// Trials, or pairs.
    pub trials: usize,
    /// Coefficient of variation of the trials that are not slow, in percent.
    pub variation_percent: u32,
    /// Coverage of an estimate's interval.
    pub estimate: f64,
    /// Coverage of a paired ratio's interval, where trials of both sides may be slow.
    pub ratio: f64,
}

/// What Student's t makes of slow outliers below [`RANK_FROM`](super::RANK_FROM) trials,
/// from 40,000 experiments each (`tests/simulation.rs` holds it within 2 points); rank intervals
/// cover at least 0.95 whatever the population is. A slow trial widens t by more than it moves
/// it, so that t covers no less than it says and decides less. The method section prints it.
pub const COVERAGE_WITH_OUTLIERS: [Coverage; 9] = [
    covers(3, 5, 0.960, 0.972),
    covers(3, 20, 0.959, 0.968),
    covers(3, 40, 0.955, 0.955),
    covers(6, 5, 0.968, 0.983),
    covers(6, 20, 0.964, 0.970),
    covers(6, 40, 0.956, 0.954),
    covers(10, 5, 0.965, 0.984),
    covers(10, 20, 0.960, 0.961),
    covers(10, 40, 0.952, 0.953),
];

const fn covers(trials: usize, variation_percent: u32, estimate: f64, ratio: f64) -> Coverage {
    Coverage {
        trials,
        variation_percent,
        estimate,
        ratio,
    }
}

/// The estimate of trials under one condition. Trials without samples count for nothing;
/// without any, the value is 0 with 0 trials.
pub fn estimate(trials: &[TrialSamples]) -> Estimate {
    let medians: Vec<f64> = trials
        .iter()
        .filter_map(|trial| median(&trial.values))
        .collect();
    let (value, ends) = centre(&medians);
    Estimate {
        value,
        interval: ends.map(|(low, high)| Interval {
            low,
            high,
            level: LEVEL,
        }),
        trials: medians.len(),
        samples: trials.iter().map(|trial| trial.values.len()).sum(),
    }
}

/// The point and the interval, on the logs where few values are all positive.
fn centre(values: &[f64]) -> (f64, Option<(f64, f64)>) {
    let Some(plain) = Location::of(values.to_vec()) else {
        return (0.0, None);
    };
    // Ranks are the same on either scale, and equal values need no rounding through logs.
    let on_logs = !plain.by_rank() && plain.deviation() > 0.0 && plain.sorted()[0] > 0.0;
    let logs = on_logs.then(|| values.iter().map(|value| value.ln()).collect());
    match logs.and_then(Location::of) {
        Some(logs) => (
            logs.point().exp(),
            logs.interval(LEVEL)
                .map(|(low, high)| (low.exp(), high.exp())),
        ),
        None => (plain.point(), plain.interval(LEVEL)),
    }
}

/// Several conditions averaged inside each block.
#[derive(Debug, Clone, PartialEq)]
pub struct ByBlock {
    /// One a complete block, in order: its one value is the mean over the conditions.
    pub blocks: Vec<TrialSamples>,
    /// Blocks left out as a condition lacks in them: an average over the rest would be that of
    /// something else.
    pub incomplete: Vec<u32>,
    samples: usize,
}

/// Averages conditions (a slice of trials each) inside each block: what shares a block, such as
/// the crash points of a sweep, shares its drift and is no independent trial. Two blocks of six
/// points are two trials.
pub fn by_block(conditions: &[&[TrialSamples]]) -> ByBlock {
    // By block: of each condition the trials' medians.
    let mut found: BTreeMap<u32, BTreeMap<usize, Vec<f64>>> = BTreeMap::new();
    let mut samples: BTreeMap<u32, usize> = BTreeMap::new();
    for (condition, trials) in conditions.iter().enumerate() {
        for trial in *trials {
            if let Some(median) = median(&trial.values) {
                let block = found.entry(trial.block).or_default();
                block.entry(condition).or_default().push(median);
                *samples.entry(trial.block).or_default() += trial.values.len();
            }
        }
    }
    let incomplete: BTreeSet<u32> = found
        .iter()
        .filter(|(_, each)| each.len() < conditions.len())
        .map(|(block, _)| *block)
        .collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let blocks = found
        .iter()
        .filter(|(block, _)| !incomplete.contains(block))
        .map(|(block, each)| {
            let means: Vec<f64> = each.values().map(|medians| mean(medians)).collect();
            TrialSamples {
                trial: format!("block {block}"),
                block: *block,
                values: vec![mean(&means)],
            }
        })
        .collect();
    samples.retain(|block, _| !incomplete.contains(block));
    ByBlock {
        blocks,
        incomplete: incomplete.into_iter().collect(),
        samples: samples.values().sum(),
    }
}

impl ByBlock {
    /// The estimate with blocks as its trials; its samples are those below the averages.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            samples: self.samples,
            ..estimate(&self.blocks)
        }
    }
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
    fn one_or_two_trials_have_no_interval_however_many_samples() {
        let many: Vec<f64> = (1..100).map(f64::from).collect();
        let one = estimate(&trials(std::slice::from_ref(&many)));
        assert_eq!(
            (one.value, one.interval, one.trials, one.samples),
            (50.0, None, 1, 99)
        );
        let two = estimate(&trials(&[many.clone(), many]));
        assert_eq!((two.interval, two.trials, two.samples), (None, 2, 198));
    }

    #[test]
    fn equal_trials_have_an_interval_of_one_value() {
        for value in [4.0, 0.0, 0.1] {
            let found = estimate(&trials(&vec![vec![value]; 3]));
            let ends = found.interval.map(|interval| (interval.low, interval.high));
            assert_eq!((found.value, ends), (value, Some((value, value))));
        }
    }

    #[test]
    fn few_positive_values_are_taken_by_their_logs() {
        let found = estimate(&trials(&[vec![1.0], vec![10.0], vec![100.0]]));
        // 10 times or over e to the 4.3027 · ln 10 / √3.
        let high = found.interval.map_or(0.0, |interval| interval.high);
        assert!((found.value - 10.0).abs() < 1e-9 && (high - 3053.0).abs() < 5.0);
        let negative = estimate(&trials(&[vec![-1.0], vec![0.0], vec![1.0]]));
        assert!(negative.value == 0.0 && negative.interval.is_some_and(|each| each.low < -2.0));
    }

    #[test]
    fn points_inside_a_block_are_one_trial() {
        let point = |factor: f64, blocks: u32| -> Vec<TrialSamples> {
            let values: Vec<Vec<f64>> = (0..blocks)
                .map(|block| vec![factor * (1.0 + f64::from(block))])
                .collect();
            trials(&values)
        };
        let points: Vec<Vec<TrialSamples>> =
            (1..=6).map(|factor| point(f64::from(factor), 2)).collect();
        let slices: Vec<&[TrialSamples]> = points.iter().map(Vec::as_slice).collect();
        let found = by_block(&slices);
        let values: Vec<f64> = found
            .blocks
            .iter()
            .flat_map(|each| each.values.clone())
            .collect();
        assert_eq!(values, [3.5, 7.0]);
        let two = found.estimate();
        assert_eq!((two.interval, two.trials, two.samples), (None, 2, 12));
        // A block that lacks a point is named, not averaged over the others.
        let (short, long) = (point(1.0, 3), point(2.0, 4));
        let found = by_block(&[&short, &long]);
        assert_eq!((found.blocks.len(), found.incomplete), (3, vec![3]));
    }

    #[test]
    fn nothing_is_zero_of_zero_trials() {
        assert_eq!(estimate(&[]).trials, 0);
        assert_eq!(by_block(&[]).estimate().trials, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_estimate_is_within_its_interval(
            groups in prop::collection::vec(prop::collection::vec(-1.0f64..1e4, 1..4), 1..30),
        ) {
            let found = estimate(&trials(&groups));
            prop_assert_eq!(found.interval.is_some(), groups.len() >= 3);
            if let Some(interval) = found.interval {
                prop_assert!(interval.low <= found.value && found.value <= interval.high);
            }
        }

        #[test]
        fn a_change_of_unit_changes_nothing_else(
            values in prop::collection::vec(0.1f64..1e3, 3..30),
        ) {
            let in_unit = |factor: f64| {
                let groups: Vec<Vec<f64>> = values.iter().map(|value| vec![value * factor]).collect();
                estimate(&trials(&groups))
            };
            let (ms, s) = (in_unit(1.0), in_unit(1e-3));
            prop_assert!((ms.value / s.value / 1e3 - 1.0).abs() < 1e-9);
            let lows = ms.interval.zip(s.interval).map(|(ms, s)| ms.low / s.low / 1e3);
            prop_assert!(lows.is_some_and(|ratio| (ratio - 1.0).abs() < 1e-9));
        }
    }
}
