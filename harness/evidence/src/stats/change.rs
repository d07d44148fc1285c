//! Two runs apart in time: the ratio of the later to the earlier, and what it decides.
//!
//! Their blocks are no pairs, as nothing interleaved them. Each run's blocks are a sample of its own
//! on the logs, where times and rates scatter about normally; Welch's t takes neither spread to be the
//! other's (The generalization of "Student's" problem when several different population variances are
//! involved, Biometrika 34, 1947).
//!
//! A machine is not equally fast from one run to the next, and no spread within the runs tells that. Where
//! work of a fixed size was timed beside each block, the runs are compared twice: as they were measured, and
//! with each value over the time of that work. What does not depend on the machine's speed is right in the
//! first way, what depends on it alone in the second, and all else lies between them. So the interval
//! reaches over both, and what is decided is decided in both.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::location::{FEWEST_TRIALS, Location};
use super::margin::{Margin, OnLogs};
use super::{LEVEL, Side};
use crate::record::Interval;

/// The later run's values over the earlier's.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The ratio of the geometric means of the blocks, as they were measured.
    pub value: f64,
    /// As measured, and at equal speed where that is known.
    ways: Vec<Welch>,
    margin: Margin,
}

/// The difference of two means.
#[derive(Debug, Clone, PartialEq)]
struct Welch {
    point: f64,
    error: f64,
    /// Degrees of freedom; `None` with a side of too few values.
    freedom: Option<f64>,
}

/// Compares two runs by their blocks' values; a difference below the `margin`, a share, counts as
/// none. `None` of no values, or of one that is not positive.
pub fn change(earlier: &[f64], later: &[f64], margin: f64) -> Option<Change> {
    let welch = Welch::of(&logs(earlier)?, &logs(later)?)?;
    Some(Change {
        value: welch.point.exp(),
        ways: vec![welch],
        margin: Margin::of(margin),
    })
}

/// The same where each side has a yardstick beside each value: the time of work of a fixed size. A time goes
/// along with it (`power` 1), a rate against it (-1).
pub fn change_beside(
    earlier: [&[f64]; 2],
    later: [&[f64]; 2],
    power: f64,
    margin: f64,
) -> Option<Change> {
    let mut change = change(earlier[0], later[0], margin)?;
    let at_equal_speed = |[values, yardsticks]: [&[f64]; 2]| -> Option<Vec<f64>> {
        let (values, yardsticks) = (logs(values)?, logs(yardsticks)?);
        let pairs = values.iter().zip(yardsticks);
        Some(pairs.map(|(value, by)| value - power * by).collect())
    };
    let (earlier, later) = (at_equal_speed(earlier)?, at_equal_speed(later)?);
    change.ways.extend(Welch::of(&earlier, &later));
    Some(change)
}

/// `None` of a value that is not positive.
fn logs(values: &[f64]) -> Option<Vec<f64>> {
    let positive = values.iter().all(|value| *value > 0.0);
    positive.then(|| values.iter().map(|value| value.ln()).collect())
}

impl Change {
    /// The interval at a level, over both ways; `None` of fewer than three blocks on a side.
    pub fn interval_at(&self, level: f64) -> Option<Interval> {
        let ends = self.ways.iter().map(|way| way.interval(level));
        let ends: Vec<(f64, f64)> = ends.collect::<Option<_>>()?;
        let low = ends.iter().map(|(low, _)| *low).reduce(f64::min)?;
        let high = ends.iter().map(|(_, high)| *high).reduce(f64::max)?;
        Some(Interval {
            low: low.exp(),
            high: high.exp(),
            level,
        })
    }

    /// The decision at a level: [`Side::A`] where the later run's values are larger by more than the
    /// margin with the whole interval.
    pub fn larger_at(&self, level: f64) -> Side {
        let mut sides = self.ways.iter().map(|way| self.margin.larger(way, level));
        let first = sides.next().unwrap_or(Side::Undecided);
        match sides.all(|side| side == first) {
            true => first,
            false => Side::Undecided,
        }
    }

    /// The decision at [`LEVEL`].
    pub fn larger(&self) -> Side {
        self.larger_at(LEVEL)
    }

    /// The p-value of whatever is decided, the larger one of both ways.
    pub fn p_decided(&self) -> f64 {
        let ps = self.ways.iter().map(|way| self.margin.p_decided(way));
        ps.fold(0.0, f64::max)
    }
}

impl Welch {
    /// `None` of no values.
    fn of(earlier: &[f64], later: &[f64]) -> Option<Self> {
        let location = |logs: &[f64]| Location::of(logs.to_vec());
        let (earlier, later) = (&location(earlier)?, &location(later)?);
        let part = |side: &Location| side.deviation().powi(2) / side.n() as f64;
        let (a, b) = (part(earlier), part(later));
        let enough = earlier.n().min(later.n()) >= FEWEST_TRIALS;
        let freedom = |part: f64, side: &Location| part.powi(2) / (side.n() as f64 - 1.0);
        Some(Self {
            point: later.mean() - earlier.mean(),
            error: (a + b).sqrt(),
            freedom: enough.then(|| {
                let sum = freedom(a, earlier) + freedom(b, later);
                // Of no spread at all there is nothing to be free.
                if sum > 0.0 {
                    (a + b).powi(2) / sum
                } else {
                    1.0
                }
            }),
        })
    }

    fn student(&self) -> Option<StudentsT> {
        StudentsT::new(0.0, 1.0, self.freedom?).ok()
    }

    /// The p-value of a point that is `beyond` a bound.
    fn one_sided(&self, beyond: f64) -> f64 {
        match self.student() {
            None => 1.0,
            Some(_) if self.error == 0.0 => f64::from(beyond <= 0.0),
            Some(t) => t.sf(beyond / self.error),
        }
    }
}

impl OnLogs for Welch {
    fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let tail = (1.0 - level) / 2.0;
        if !(0.0..0.5).contains(&tail) {
            return None;
        }
        let t = self.student()?;
        let half = if self.error == 0.0 {
            0.0
        } else {
            -t.inverse_cdf(tail) * self.error
        };
        Some((self.point - half, self.point + half))
    }

    fn p_at_most(&self, bound: f64) -> f64 {
        self.one_sided(self.point - bound)
    }

    fn p_at_least(&self, bound: f64) -> f64 {
        self.one_sided(bound - self.point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MARGIN: f64 = 0.05;

    /// Against the textbook's formulas written out in Python, with the density of t integrated by
    /// Simpson's rule: 5.273 degrees of freedom.
    #[test]
    fn the_interval_is_welchs() {
        let earlier = [10.0, 10.4, 9.7, 10.1, 10.0];
        let change = change(&earlier, &[12.0, 11.5, 12.5, 12.2], MARGIN);
        let interval = change.as_ref().and_then(|change| change.interval_at(0.95));
        let found = interval.map(|ends| [ends.low, ends.high]);
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
        assert!(change.is_some_and(|change| near(change.value, 1.199_946_665)));
        assert!(
            found.is_some_and(|[low, high]| {
                near(low, 1.138_400_175) && near(high, 1.264_820_606)
            })
        );
    }

    #[test]
    fn what_a_slower_machine_explains_is_no_change_and_what_it_does_not_is() {
        let speed = [50.0, 52.0, 49.0, 51.0, 50.5];
        let noise = [1.001, 0.999, 1.0, 1.002, 0.998];
        let decided = |power: f64, speed_ratio: f64, ratio: f64| {
            let slower = speed.map(|ms| ms * speed_ratio);
            let values = noise.map(|noise| 10.0 * noise);
            let later = values.map(|value| value * ratio);
            let change = change_beside([&values, &speed], [&later, &slower], power, MARGIN);
            change.map(|change| change.larger())
        };
        assert_eq!(decided(1.0, 1.2, 1.2), Some(Side::Undecided));
        assert_eq!(decided(1.0, 1.2, 1.5), Some(Side::A));
        assert_eq!(decided(1.0, 1.0, 1.2), Some(Side::A));
        assert_eq!(decided(1.0, 1.0, 1.0), Some(Side::Neither));
        // A wait that takes as long on a slower machine has not changed, nor is it faster.
        assert_eq!(decided(1.0, 1.2, 1.0), Some(Side::Undecided));
        // A rate falls where times rise.
        assert_eq!(decided(-1.0, 1.2, 1.0 / 1.2), Some(Side::Undecided));
        assert_eq!(decided(-1.0, 1.2, 1.0 / 1.5), Some(Side::B));
    }

    #[test]
    fn two_blocks_decide_nothing_and_equal_counts_decide_by_their_value() {
        let few = change(&[1.0, 1.0], &[2.0, 2.0, 2.0], MARGIN);
        assert!(few.is_some_and(|few| few.larger() == Side::Undecided && few.p_decided() == 1.0));
        let larger = |later: f64| change(&[100.0; 3], &[later; 3], MARGIN).map(|it| it.larger());
        assert_eq!(larger(120.0), Some(Side::A));
        assert_eq!(larger(80.0), Some(Side::B));
        assert_eq!(larger(101.0), Some(Side::Neither));
        assert_eq!(change(&[0.0; 3], &[1.0; 3], MARGIN), None);
        assert_eq!(change(&[], &[1.0; 3], MARGIN), None);
    }

    proptest! {
        /// What is decided is decided exactly from the level on that the p-value says.
        #[test]
        fn the_p_value_mirrors_the_interval(
            earlier in prop::collection::vec(0.5..2.0f64, 3..12),
            later in prop::collection::vec(0.5..2.0f64, 3..12),
        ) {
            let change = change(&earlier, &later, MARGIN).expect("positive values");
            let p = change.p_decided();
            prop_assume!(p > 1e-6 && p < 0.99);
            prop_assert_ne!(change.larger_at(1.0 - p * 1.01), Side::Undecided);
            prop_assert_eq!(change.larger_at(1.0 - p * 0.99), Side::Undecided);
        }

        /// To swap the runs is to turn the ratio round.
        #[test]
        fn the_other_way_round_is_the_inverse(
            a in prop::collection::vec(0.5..2.0f64, 3..9),
            b in prop::collection::vec(0.5..2.0f64, 3..9),
        ) {
            let there = change(&a, &b, MARGIN).expect("positive values");
            let back = change(&b, &a, MARGIN).expect("positive values");
            prop_assert!((there.value * back.value - 1.0).abs() < 1e-9);
            let ends = there.interval_at(0.95).zip(back.interval_at(0.95));
            prop_assert!(ends.is_some_and(|(x, y)| (x.low * y.high - 1.0).abs() < 1e-9));
        }
    }
}
