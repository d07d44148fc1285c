//! The line T = start + k·steps.
//!
//! The fit minimises the squares of the *relative* residuals ((T − start − k·steps) / T):
//! times scatter in proportion to their length, so a plain fit would see the longest runs
//! alone and leave `start` to chance. Each number of steps enters once, with the median of
//! its runs.

use std::collections::BTreeMap;

use super::median;

/// A fitted line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Time at zero steps.
    pub start: f64,
    /// Time a step.
    pub step: f64,
    /// The largest relative residual: how far from a line the times are.
    pub worst_residual: f64,
}

/// Fits the line to (steps, time) points; `None` without two different numbers of steps,
/// or with a time that is not positive.
pub fn fit_line(points: &[(u32, f64)]) -> Option<Fit> {
    let mut by_steps: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (steps, time) in points {
        by_steps.entry(*steps).or_default().push(*time);
    }
    let points: Vec<(f64, f64)> = by_steps
        .iter()
        .filter_map(|(steps, times)| Some((f64::from(*steps), median(times)?)))
        .collect();
    if points.len() < 2 || points.iter().any(|(_, time)| *time <= 0.0) {
        return None;
    }
    let sum = |term: fn(f64, f64) -> f64| points.iter().map(|(x, y)| term(*x, *y)).sum::<f64>();
    let (w, wx, wxx) = (
        sum(|_, y| y.powi(-2)),
        sum(|x, y| x * y.powi(-2)),
        sum(|x, y| x * x * y.powi(-2)),
    );
    let (wy, wxy) = (sum(|_, y| y.recip()), sum(|x, y| x * y.recip()));
    let determinant = w * wxx - wx * wx;
    let step = (w * wxy - wx * wy) / determinant;
    let start = (wy - step * wx) / w;
    let worst_residual = points
        .iter()
        .map(|(x, y)| ((y - start - step * x) / y).abs())
        .fold(0.0, f64::max);
    (step.is_finite() && start.is_finite()).then_some(Fit {
        start,
        step,
        worst_residual,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_of_steps_is_no_line() {
        assert_eq!(fit_line(&[(10, 5.0), (10, 6.0)]), None);
    }

    proptest! {
        #[test]
        fn a_line_is_found_again(start in 0.1f64..1e3, step in 1e-3f64..1e2) {
            let points: Vec<(u32, f64)> = [1, 10, 100, 1000]
                .map(|steps| (steps, start + step * f64::from(steps)))
                .to_vec();
            let fit = fit_line(&points).ok_or_else(|| TestCaseError::fail("none"))?;
            prop_assert!((fit.step / step - 1.0).abs() < 1e-6);
            prop_assert!((fit.start - start).abs() < 1e-6 * (start + step * 1000.0));
            prop_assert!(fit.worst_residual < 1e-6);
        }
    }
}
