//! The knee of a closed-loop ladder.
//!
//! More lanes give more work done until something is busy all the time; the knee is where
//! the first doubling of lanes gains less than [`LEAST_GAIN`]. Rungs need not be a doubling
//! apart: the gain of a doubling is the ratio of the rates to the power of one over the
//! number of doublings between them.

use std::collections::BTreeMap;

use super::median;

/// A doubling of lanes that gains less is no gain.
const LEAST_GAIN: f64 = 0.05;

/// Where the ladder stops to rise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Knee {
    /// A doubling of these lanes gains less than 5 %.
    At {
        /// Lanes in flight.
        lanes: u32,
        /// Their rate.
        rate: f64,
    },
    /// Every doubling gains more, or there are fewer than two rungs: the ladder has to go on.
    NotReached,
}

/// Finds the knee of (lanes, rate) rungs in any order. Rates of the same number of lanes enter
/// with their median; lanes without a positive rate say nothing.
pub fn knee(rungs: &[(u32, f64)]) -> Knee {
    let mut by_lanes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (lanes, rate) in rungs {
        if *lanes > 0 {
            by_lanes.entry(*lanes).or_default().push(*rate);
        }
    }
    let rungs: Vec<(u32, f64)> = by_lanes
        .iter()
        .filter_map(|(lanes, rates)| Some((*lanes, median(rates)?)))
        .filter(|(_, rate)| *rate > 0.0)
        .collect();
    rungs
        .windows(2)
        .find_map(|pair| {
            let [(lanes, rate), (next_lanes, next_rate)] = *pair else {
                return None;
            };
            let doublings = (f64::from(next_lanes) / f64::from(lanes)).log2();
            let gain = (next_rate / rate).powf(doublings.recip()) - 1.0;
            (gain < LEAST_GAIN).then_some(Knee::At { lanes, rate })
        })
        .unwrap_or(Knee::NotReached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_is_before_the_first_doubling_without_gain() {
        let rungs = [(1, 10.0), (2, 20.0), (4, 36.0), (8, 37.0), (16, 60.0)];
        let (lanes, rate) = (4, 36.0);
        assert_eq!(knee(&rungs), Knee::At { lanes, rate });
        assert_eq!(knee(&rungs[..3]), Knee::NotReached);
    }

    #[test]
    fn a_rung_four_times_as_wide_is_two_doublings() {
        // 9 % in two doublings is 4.4 % each, 11 % is 5.4 %.
        let (lanes, rate) = (4, 100.0);
        assert_eq!(knee(&[(4, 100.0), (16, 109.0)]), Knee::At { lanes, rate });
        assert_eq!(knee(&[(4, 100.0), (16, 111.0)]), Knee::NotReached);
    }

    #[test]
    fn a_fall_is_a_knee_and_one_rung_or_no_work_is_none() {
        let (lanes, rate) = (1, 10.0);
        assert_eq!(knee(&[(2, 5.0), (1, 10.0)]), Knee::At { lanes, rate });
        assert_eq!(knee(&[(1, 10.0)]), Knee::NotReached);
        assert_eq!(knee(&[(1, 0.0), (2, 0.0)]), Knee::NotReached);
    }

    #[test]
    fn repeated_rungs_count_by_their_median() {
        let rungs = [(1, 10.0), (1, 11.0), (1, 50.0), (2, 11.1)];
        let (lanes, rate) = (1, 11.0);
        assert_eq!(knee(&rungs), Knee::At { lanes, rate });
    }
}
