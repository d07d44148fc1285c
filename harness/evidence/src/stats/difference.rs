//! The difference of two rates, counted on independent sides.
//!
//! Newcombe's hybrid score interval (Interval Estimation for the Difference between
//! Independent Proportions, Statistics in Medicine 17, 1998, method 10): each side's Wilson
//! score interval, put together as the square roots of sums of squares. It stays sensible
//! where a side has no case, as a survival count should.

use statrs::distribution::{ContinuousCDF, Normal};

use super::proportion::fewest;

/// The quantile beyond which no level tells levels apart.
const LARGEST_QUANTILE: f64 = 38.0;

/// The first side's rate less the second's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    a: Rate,
    b: Rate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    share: f64,
    n: f64,
}

/// Takes the difference of `k` of `n` on either side; `None` with a side of no trials, or of
/// more cases than trials.
pub fn difference(a: (usize, usize), b: (usize, usize)) -> Option<Difference> {
    let rate = |(k, n): (usize, usize)| {
        (n > 0 && k <= n).then(|| Rate {
            share: k as f64 / n as f64,
            n: n as f64,
        })
    };
    Some(Difference {
        a: rate(a)?,
        b: rate(b)?,
    })
}

impl Difference {
    /// The difference itself, -1 to 1.
    pub fn value(&self) -> f64 {
        self.a.share - self.b.share
    }

    /// The two-sided interval.
    pub fn interval_at(&self, level: f64) -> Option<(f64, f64)> {
        let one_sided = f64::midpoint(1.0, level);
        self.lower_at(one_sided).zip(self.upper_at(one_sided))
    }

    /// The one-sided upper bound; `None` unless the level is above one half and below 1.
    pub fn upper_at(&self, level: f64) -> Option<f64> {
        Some(self.upper(quantile(level)?))
    }

    /// The one-sided lower bound; `None` unless the level is above one half and below 1.
    pub fn lower_at(&self, level: f64) -> Option<f64> {
        Some(-self.swapped().upper(quantile(level)?))
    }

    /// The p-value of non-inferiority, "the difference is below `margin`": 1 − the highest level
    /// at which [`Difference::upper_at`] is.
    pub fn p_below(&self, margin: f64) -> f64 {
        if self.value() >= margin {
            // From the other side, where p is above one half.
            let above = self.swapped().quantile_of(-margin);
            return normal().map_or(1.0, |normal| normal.cdf(above));
        }
        normal().map_or(1.0, |normal| normal.sf(self.quantile_of(margin)))
    }

    /// The p-value of "the difference is above `margin`", the opposite: 1 − the highest level at
    /// which [`Difference::lower_at`] is.
    pub fn p_above(&self, margin: f64) -> f64 {
        self.swapped().p_below(-margin)
    }

    /// How many more trials a side, with the shares seen, would hold the difference below
    /// `margin` at this one-sided level: 0 when it is held already, `None` when none would.
    pub fn more_trials_needed(&self, margin: f64, level: f64) -> Option<usize> {
        if self.value() >= margin {
            return None;
        }
        let with = |rate: Rate, more: usize| Rate {
            n: rate.n + more as f64,
            ..rate
        };
        let quantile = quantile(level)?;
        fewest(|more| {
            let later = Self {
                a: with(self.a, more),
                b: with(self.b, more),
            };
            later.upper(quantile) < margin
        })
    }

    fn swapped(self) -> Self {
        Self {
            a: self.b,
            b: self.a,
        }
    }

    /// The upper end at a quantile of the normal distribution; it rises with it.
    fn upper(&self, z: f64) -> f64 {
        let (_, a_high) = self.a.wilson(z);
        let (b_low, _) = self.b.wilson(z);
        self.value() + (a_high - self.a.share).hypot(self.b.share - b_low)
    }

    /// The quantile at which the upper end is `bound`, by bisection.
    fn quantile_of(&self, bound: f64) -> f64 {
        let (mut below, mut above) = (0.0, LARGEST_QUANTILE);
        for _ in 0..60 {
            let middle = f64::midpoint(below, above);
            if self.upper(middle) < bound {
                below = middle;
            } else {
                above = middle;
            }
        }
        f64::midpoint(below, above)
    }
}

impl Rate {
    /// Wilson's score interval (Probable Inference, the Law of Succession, and Statistical
    /// Inference, JASA 22, 1927).
    fn wilson(self, z: f64) -> (f64, f64) {
        let Self { share, n } = self;
        let squared = z * z / n;
        let centre = share + squared / 2.0;
        let half = z * (share * (1.0 - share) / n + squared / (4.0 * n)).sqrt();
        let scale = 1.0 + squared;
        ((centre - half) / scale, (centre + half) / scale)
    }
}

fn normal() -> Option<Normal> {
    Normal::new(0.0, 1.0).ok()
}

fn quantile(level: f64) -> Option<f64> {
    (level > 0.5 && level < 1.0)
        .then(normal)
        .flatten()
        .map(|normal| normal.inverse_cdf(level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_intervals_are_those_of_the_paper() {
        // Newcombe 1998, table II, method 10.
        for (a, b, expected) in [
            ((56, 70), (48, 80), (0.0524, 0.3339)),
            ((9, 10), (3, 10), (0.1705, 0.8090)),
            ((6, 7), (2, 7), (0.0582, 0.8062)),
            ((5, 56), (0, 29), (-0.0381, 0.1926)),
            ((0, 10), (0, 20), (-0.1611, 0.2775)),
            ((0, 10), (0, 10), (-0.2775, 0.2775)),
            ((10, 10), (0, 20), (0.6791, 1.0)),
            ((10, 10), (0, 10), (0.6075, 1.0)),
        ] {
            let found = difference(a, b).and_then(|each| each.interval_at(0.95));
            assert!(
                found.is_some_and(|(low, high)| {
                    (low - expected.0).abs() < 6e-5 && (high - expected.1).abs() < 6e-5
                }),
                "{a:?} {b:?}: {found:?}"
            );
        }
    }

    #[test]
    fn none_of_fifty_nine_on_both_sides_is_not_inferior_by_five_points() {
        let p = |n| difference((0, n), (0, n)).map_or(1.0, |each| each.p_below(0.05));
        assert!(p(59) < 0.05 && p(50) > 0.05, "{} {}", p(59), p(50));
    }

    #[test]
    fn more_trials_are_asked_for_until_the_bound_holds() -> anyhow::Result<()> {
        let few = difference((1, 60), (1, 60)).ok_or_else(|| anyhow::anyhow!("none"))?;
        let more = few.more_trials_needed(0.05, 0.95);
        anyhow::ensure!(more.is_some_and(|more| more > 0), "{more:?}");
        let worse = difference((9, 60), (1, 60)).ok_or_else(|| anyhow::anyhow!("none"))?;
        anyhow::ensure!(worse.more_trials_needed(0.05, 0.95).is_none());
        anyhow::ensure!(worse.p_below(0.05) > 0.5);
        anyhow::ensure!(difference((0, 0), (1, 1)).is_none());
        Ok(())
    }

    proptest! {
        #[test]
        fn the_p_values_mirror_the_bounds(
            (n, m) in (1usize..200, 1usize..200),
            (a, b) in (0.0f64..=1.0, 0.0f64..=1.0),
            margin in -0.9f64..0.9,
            level in 0.51f64..0.999,
        ) {
            let count = |share: f64, n: usize| ((share * n as f64) as usize, n);
            let found = difference(count(a, n), count(b, m))
                .ok_or_else(|| TestCaseError::fail("none"))?;
            let (low, high) = found
                .lower_at(level)
                .zip(found.upper_at(level))
                .ok_or_else(|| TestCaseError::fail("none"))?;
            prop_assert!(low <= found.value() && found.value() <= high);
            prop_assume!((high - margin).abs() > 1e-6 && (low - margin).abs() > 1e-6);
            prop_assert_eq!(high < margin, found.p_below(margin) < 1.0 - level);
            prop_assert_eq!(low > margin, found.p_above(margin) < 1.0 - level);
        }
    }
}
