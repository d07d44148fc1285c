//! Where the median of a population lies, from a few values of it.
//!
//! Below [`RANK_FROM`] values the interval is Student's t around the mean. It takes the
//! values as about normal, so that mean and median are one: callers give logarithms where
//! the values are positive, as times and rates scatter about log-normally. From
//! [`RANK_FROM`] values on it lies between two order statistics and takes nothing for
//! granted (the sign test turned round; Conover, Practical Nonparametric Statistics, 3rd
//! ed., sections 3.2 and 3.4); the point is then the sample's median. Either way the point
//! lies in its interval. A percentile bootstrap, the usual way out, covers too little at
//! such numbers (Hesterberg, What Teachers Should Know About the Bootstrap, 2015, section 4).

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::quantile::{half_binomial, lower_rank, median};

/// Values from which on there is an interval: two say nearly nothing (the factor of
/// Student's t is 12.7), and the report says "too few trials" instead.
pub const FEWEST_TRIALS: usize = 3;
/// Values from which on the interval is one of ranks.
pub const RANK_FROM: usize = 12;

/// Values of one population, sorted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Location {
    sorted: Vec<f64>,
    mean: f64,
    /// Standard deviation; zero where all are equal, and of a single value.
    deviation: f64,
}

impl Location {
    /// `None` of nothing.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (first, last) = (*values.first()?, *values.last()?);
        let n = values.len() as f64;
        // Equal values have no spread, not one that rounding leaves.
        let (mean, deviation) = if first == last {
            (first, 0.0)
        } else {
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (mean, (squares / (n - 1.0)).sqrt())
        };
        Some(Self {
            sorted: values,
            mean,
            deviation,
        })
    }

    /// How many values there are.
    pub fn n(&self) -> usize {
        self.sorted.len()
    }

    /// Whether the interval is one of ranks.
    pub fn by_rank(&self) -> bool {
        self.n() >= RANK_FROM
    }

    /// The values, in order of size.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// The values' standard deviation.
    pub fn deviation(&self) -> f64 {
        self.deviation
    }

    /// The values' mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The mean below [`RANK_FROM`] values, the median from there on.
    pub fn point(&self) -> f64 {
        if self.by_rank() {
            median(&self.sorted).unwrap_or(self.mean)
        } else {
            self.mean
        }
    }

    /// The two-sided interval; `None` below [`FEWEST_TRIALS`] values, and of ranks at a level
    /// that not even the outermost values reach. Equal values have the interval [v, v]: a
    /// count that is the same in every trial is known, as far as trials can tell.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let tail = (1.0 - level) / 2.0;
        if self.n() < FEWEST_TRIALS || !(0.0..0.5).contains(&tail) {
            return None;
        }
        if self.by_rank() {
            let rank = lower_rank(self.n(), 0.5, tail)?;
            return Some((self.sorted[rank - 1], self.sorted[self.n() - rank]));
        }
        if self.deviation == 0.0 {
            return Some((self.mean, self.mean));
        }
        let half = -student(self.n())?.inverse_cdf(tail) * self.standard_error();
        Some((self.mean - half, self.mean + half))
    }

    /// One-sided p-value of "the median is at most `bound`": 1 where there is no interval.
    /// Twice it is 1 − the highest level whose interval lies above the bound as a whole.
    pub fn p_at_most(&self, bound: f64) -> f64 {
        let reached = self.sorted.partition_point(|value| *value <= bound);
        self.one_sided(self.mean - bound, reached)
    }

    /// The same of "the median is at least `bound`".
    pub fn p_at_least(&self, bound: f64) -> f64 {
        let below = self.sorted.partition_point(|value| *value < bound);
        self.one_sided(bound - self.mean, self.n() - below)
    }

    /// `beyond`: how far the mean is past the bound; `against`: values that are not past it.
    fn one_sided(&self, beyond: f64, against: usize) -> f64 {
        if self.n() < FEWEST_TRIALS {
            1.0
        } else if self.by_rank() {
            half_binomial(self.n(), against)
        } else if self.deviation == 0.0 {
            f64::from(beyond <= 0.0)
        } else {
            student(self.n()).map_or(1.0, |t| t.sf(beyond / self.standard_error()))
        }
    }

    fn standard_error(&self) -> f64 {
        self.deviation / (self.n() as f64).sqrt()
    }
}

/// Student's t of the mean of `n` values.
pub(super) fn student(n: usize) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, n.checked_sub(1)? as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn location(values: &[f64]) -> anyhow::Result<Location> {
        Location::of(values.to_vec()).ok_or_else(|| anyhow::anyhow!("no values"))
    }

    #[test]
    fn the_quantiles_of_student_are_those_of_the_tables() -> anyhow::Result<()> {
        // Two-sided 0.95 and, at two degrees of freedom, 0.05 / 8.
        for (n, level, expected) in [
            (3, 0.95, 4.3027),
            (6, 0.95, 2.5706),
            (10, 0.95, 2.2622),
            (11, 0.99, 3.1693),
            (3, 1.0 - 0.05 / 8.0, 12.5897),
        ] {
            let t = student(n).ok_or_else(|| anyhow::anyhow!("no t"))?;
            let found = t.inverse_cdf(f64::midpoint(1.0, level));
            anyhow::ensure!((found - expected).abs() < 1e-3, "n = {n}: {found}");
        }
        Ok(())
    }

    #[test]
    fn three_values_give_the_interval_of_the_tables() -> anyhow::Result<()> {
        // Mean 2, deviation 1: 2 ± 4.3027 / √3.
        let found = location(&[1.0, 2.0, 3.0])?.interval(0.95);
        let (low, high) = found.ok_or_else(|| anyhow::anyhow!("no interval"))?;
        anyhow::ensure!((low + 0.4841).abs() < 1e-3 && (high - 4.4841).abs() < 1e-3);
        Ok(())
    }

    #[test]
    fn the_ranks_are_those_of_the_tables() -> anyhow::Result<()> {
        // The sign test at 0.95: n = 12 X(3) to X(10), 20 X(6) to X(15), 40 X(14) to X(27).
        for (n, low, high) in [(12, 3.0, 10.0), (20, 6.0, 15.0), (40, 14.0, 27.0)] {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            anyhow::ensure!(
                location(&values)?.interval(0.95) == Some((low, high)),
                "{n}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_level_that_ranks_cannot_reach_has_no_interval() -> anyhow::Result<()> {
        let values: Vec<f64> = (1..=12).map(f64::from).collect();
        let location = location(&values)?;
        // The outermost of twelve reach 1 − 2 / 4096.
        anyhow::ensure!(location.interval(0.9995) == Some((1.0, 12.0)));
        anyhow::ensure!(location.interval(0.9996).is_none());
        Ok(())
    }

    #[test]
    fn two_values_are_too_few_and_equal_ones_are_known() -> anyhow::Result<()> {
        anyhow::ensure!(location(&[1.0, 2.0])?.interval(0.95).is_none());
        anyhow::ensure!(location(&[1.0, 2.0])?.p_at_most(0.0) == 1.0);
        let equal = location(&[0.1; 3])?;
        anyhow::ensure!(equal.interval(0.999) == Some((0.1, 0.1)) && equal.point() == 0.1);
        anyhow::ensure!(equal.p_at_most(0.1) == 1.0 && equal.p_at_most(0.09) == 0.0);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn the_point_lies_in_its_interval_and_the_p_value_mirrors_it(
            values in prop::collection::vec(-3.0f64..3.0, 3..30),
            bound in -1.0f64..1.0,
            level in 0.5f64..0.999,
        ) {
            let location = location(&values).map_err(|_| TestCaseError::fail("none"))?;
            let Some((low, high)) = location.interval(level) else { return Ok(()) };
            prop_assert!(low <= location.point() && location.point() <= high);
            let tail = (1.0 - level) / 2.0;
            prop_assume!((low - bound).abs() > 1e-6 && (high - bound).abs() > 1e-6);
            prop_assert_eq!(low > bound, location.p_at_most(bound) <= tail);
            prop_assert_eq!(high < bound, location.p_at_least(bound) <= tail);
        }
    }
}
