//! The line T = start + k·steps, where there is one; else the cost of a step by difference.
//!
//! The fit minimises the squares of the *relative* residuals ((T − start − k·steps) / T):
//! times scatter in proportion to their length, so a plain fit would see the longest runs
//! alone and leave `start` to chance. Each number of steps enters once, with the median of
//! its runs. Two points always lie on a line and few runs a point hide that they do not, so a
//! line has to earn its name: see [`NoLine`].

use std::collections::BTreeMap;

use super::median;

/// Different numbers of steps that a line needs.
const FEWEST_SIZES: usize = 3;
/// Runs of each number of steps that a line needs.
const FEWEST_SAMPLES: usize = 5;
/// The largest relative residual of a line.
const LARGEST_RESIDUAL: f64 = 0.05;

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

/// Why there is no line.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum NoLine {
    /// Fewer than three numbers of steps.
    #[error("{found} sizes, a line needs {FEWEST_SIZES}")]
    TooFewSizes {
        /// Different numbers of steps.
        found: usize,
    },
    /// Fewer than five runs of a number of steps, the first such.
    #[error("{found} runs of {size} steps, a line needs {FEWEST_SAMPLES} of each size")]
    TooFewSamples {
        /// The number of steps.
        size: u32,
        /// Its runs.
        found: usize,
    },
    /// A size whose median time is not positive has no relative residual.
    #[error("a time of {size} steps that is not positive")]
    NotPositive {
        /// The number of steps.
        size: u32,
    },
    /// The times do not lie on a line.
    #[error("{:.1} % off a line, at most {} % is one", residual * 100.0, LARGEST_RESIDUAL * 100.0)]
    NotALine {
        /// The largest relative residual of the best line.
        residual: f64,
    },
}

/// Fits the line to (steps, time) points.
///
/// # Errors
/// With fewer than three sizes or five runs of each, a time that is not positive, or a point
/// more than 5 % off the line.
pub fn fit_line(points: &[(u32, f64)]) -> Result<Fit, NoLine> {
    let sizes = by_size(points);
    if sizes.len() < FEWEST_SIZES {
        return Err(NoLine::TooFewSizes { found: sizes.len() });
    }
    let mut medians = Vec::new();
    for (size, times) in &sizes {
        if times.len() < FEWEST_SAMPLES {
            return Err(NoLine::TooFewSamples {
                size: *size,
                found: times.len(),
            });
        }
        match median(times) {
            Some(time) if time > 0.0 => medians.push((f64::from(*size), time)),
            _ => return Err(NoLine::NotPositive { size: *size }),
        }
    }
    let fit = least_squares(&medians);
    if fit.worst_residual <= LARGEST_RESIDUAL {
        Ok(fit)
    } else {
        Err(NoLine::NotALine {
            residual: fit.worst_residual,
        })
    }
}

fn by_size(points: &[(u32, f64)]) -> BTreeMap<u32, Vec<f64>> {
    let mut by_size: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (size, time) in points {
        by_size.entry(*size).or_default().push(*time);
    }
    by_size
}

/// The line of least relative squares through points of different x and positive y.
fn least_squares(points: &[(f64, f64)]) -> Fit {
    let sum = |term: fn(f64, f64) -> f64| points.iter().map(|(x, y)| term(*x, *y)).sum::<f64>();
    let (w, wx, wxx) = (
        sum(|_, y| y.powi(-2)),
        sum(|x, y| x * y.powi(-2)),
        sum(|x, y| x * x * y.powi(-2)),
    );
    let (wy, wxy) = (sum(|_, y| y.recip()), sum(|x, y| x * y.recip()));
    let step = (w * wxy - wx * wy) / (w * wxx - wx * wx);
    let start = (wy - step * wx) / w;
    let worst_residual = points
        .iter()
        .map(|(x, y)| ((y - start - step * x) / y).abs())
        .fold(0.0, f64::max);
    Fit {
        start,
        step,
        worst_residual,
    }
}

/// The cost of a step between two sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepCost {
    /// Time a step.
    pub step: f64,
    /// The two largest numbers of steps, the smaller first.
    pub sizes: [u32; 2],
}

/// The cost of a step where there is no line: the difference of the median times of the two
/// largest sizes over the difference of their steps; `None` with fewer than two sizes.
pub fn step_from_difference(points: &[(u32, f64)]) -> Option<StepCost> {
    let sizes = by_size(points);
    let mut largest = sizes.iter().rev();
    let ((long, long_times), (short, short_times)) = (largest.next()?, largest.next()?);
    let time = median(long_times)? - median(short_times)?;
    Some(StepCost {
        step: time / f64::from(long - short),
        sizes: [*short, *long],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn five_of(points: &[(u32, f64)]) -> Vec<(u32, f64)> {
        points.iter().flat_map(|point| [*point; 5]).collect()
    }

    #[test]
    fn a_line_needs_three_sizes_and_five_runs_of_each() {
        let two = five_of(&[(1, 1.0), (10, 10.0)]);
        assert_eq!(fit_line(&two), Err(NoLine::TooFewSizes { found: 2 }));
        let mut three = five_of(&[(1, 1.0), (5, 5.0), (10, 10.0)]);
        assert!(fit_line(&three).is_ok());
        three.remove(5);
        let (size, found) = (5, 4);
        assert_eq!(fit_line(&three), Err(NoLine::TooFewSamples { size, found }));
        let none = five_of(&[(1, 0.0), (5, 5.0), (10, 10.0)]);
        assert_eq!(fit_line(&none), Err(NoLine::NotPositive { size: 1 }));
    }

    #[test]
    fn what_bends_is_no_line_and_says_how_far_off_it_is() {
        // A limiter's burst lets the first half through: the later steps cost more.
        let bent = five_of(&[(1, 60.0), (5, 130.0), (15, 1100.0)]);
        let text = fit_line(&bent).map_err(|error| error.to_string());
        assert!(
            text.as_ref()
                .is_err_and(|text| text.ends_with("off a line, at most 5 % is one")),
            "{text:?}"
        );
        let (step, sizes) = (97.0, [5, 15]);
        assert_eq!(step_from_difference(&bent), Some(StepCost { step, sizes }));
        assert_eq!(step_from_difference(&bent[..5]), None);
    }

    proptest! {
        #[test]
        fn a_line_is_found_again(start in 0.1f64..1e3, step in 1e-3f64..1e2) {
            let points = [1, 10, 100, 1000].map(|steps| (steps, start + step * f64::from(steps)));
            let points = five_of(&points);
            let fit = fit_line(&points).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert!((fit.step / step - 1.0).abs() < 1e-6);
            prop_assert!((fit.start - start).abs() < 1e-6 * (start + step * 1000.0));
            prop_assert!(fit.worst_residual < 1e-6);
            let cost = step_from_difference(&points).ok_or_else(|| TestCaseError::fail("none"))?;
            prop_assert!((cost.step / step - 1.0).abs() < 1e-6);
        }
    }
}
