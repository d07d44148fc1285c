//! Student's t for few trials.
//!
//! With fewer than ten trials a bootstrap of the trials is too narrow (Hesterberg, What
//! Teachers Should Know About the Bootstrap, 2015, section 4), so few trials get a t
//! interval: of the logs where all values are positive, as times and rates are skewed to
//! the right and compared as ratios, else of the values. It assumes that the trials'
//! medians (or their logs) are about normal, which the reports say.

/// Two-sided 0.95 quantiles of Student's t at 1 to 30 degrees of freedom.
const T_95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// Mean and 0.95 half-width of its t interval; `None` with fewer than two values, or with
/// values that do not vary, whose spread then says nothing.
pub(super) fn mean_and_half_width(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (n - 1) as f64;
    let t = T_95.get(n - 2).copied().unwrap_or(2.042);
    (variance > 0.0).then(|| (mean, t * (variance / n as f64).sqrt()))
}

/// The 0.95 interval of the centre of few values: of the logs where all are positive.
pub fn log_or_plain_interval(values: &[f64]) -> Option<(f64, f64)> {
    if values.iter().all(|value| *value > 0.0) {
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let (mean, half) = mean_and_half_width(&logs)?;
        Some(((mean - half).exp(), (mean + half).exp()))
    } else {
        let (mean, half) = mean_and_half_width(values)?;
        Some((mean - half, mean + half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_values_give_the_interval_of_the_tables() {
        // Mean 2, deviation 1: 2 ± 4.303 / √3.
        let found = mean_and_half_width(&[1.0, 2.0, 3.0]);
        assert!(found.is_some_and(|(mean, half)| mean == 2.0 && (half - 2.4843).abs() < 1e-3));
    }

    #[test]
    fn one_value_or_equal_ones_have_no_interval() {
        assert_eq!(log_or_plain_interval(&[5.0]), None);
        assert_eq!(log_or_plain_interval(&[5.0, 5.0, 5.0]), None);
    }

    #[test]
    fn positive_values_keep_a_positive_interval() {
        let found = log_or_plain_interval(&[1.0, 100.0]);
        assert!(found.is_some_and(|(low, high)| low > 0.0 && high > 100.0));
    }
}
