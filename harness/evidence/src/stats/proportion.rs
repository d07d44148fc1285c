//! Counts: what k failures of n say about the rate behind them.

use super::quantile::binomial_cumulative;

/// The 0.95 upper bound of a rate of which n independent trials showed no case: 3/n
/// (Hanley and Lippman-Hand, If Nothing Goes Wrong, Is Everything All Right?, JAMA 1983).
/// At most 1; `None` of no trials.
pub fn rule_of_three(n: usize) -> Option<f64> {
    (n > 0).then(|| (3.0 / n as f64).min(1.0))
}

/// The exact interval of a rate of which `k` of `n` trials were cases (Clopper and
/// Pearson, Biometrika 1934). It is never too narrow. `None` of no trials.
pub fn clopper_pearson(k: usize, n: usize, level: f64) -> Option<(f64, f64)> {
    if n == 0 || k > n {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    // P(K ≤ k) falls with the rate.
    let rate_where = |at_most: usize, probability: f64| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if binomial_cumulative(n, middle)[at_most] > probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    };
    let low = if k == 0 {
        0.0
    } else {
        rate_where(k - 1, 1.0 - tail)
    };
    let high = if k == n { 1.0 } else { rate_where(k, tail) };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_intervals_are_those_of_the_tables() {
        let (low, high) = clopper_pearson(2, 10, 0.95).unwrap_or_default();
        assert!(
            (low - 0.0252).abs() < 1e-3 && (high - 0.5561).abs() < 1e-3,
            "{low} {high}"
        );
        let (low, high) = clopper_pearson(0, 20, 0.95).unwrap_or_default();
        assert!(low == 0.0 && (high - 0.1684).abs() < 1e-3, "{low} {high}");
    }

    #[test]
    fn no_trial_bounds_nothing() {
        assert_eq!(rule_of_three(0), None);
        assert_eq!(rule_of_three(2), Some(1.0));
        assert_eq!(rule_of_three(300), Some(0.01));
    }

    proptest! {
        #[test]
        fn the_observed_rate_lies_in_its_interval(n in 1usize..200, share in 0.0f64..1.0) {
            let k = (share * n as f64) as usize;
            let (low, high) = clopper_pearson(k, n, 0.95).ok_or_else(|| TestCaseError::fail("none"))?;
            let rate = k as f64 / n as f64;
            prop_assert!(low <= rate + 1e-9 && rate <= high + 1e-9);
        }
    }
}
