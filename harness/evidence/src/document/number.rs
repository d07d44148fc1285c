//! How figures are written.

use crate::record::Estimate;

/// `4.1 ms [3.9, 4.4], n = 3 trials`, or without interval why there is none.
pub fn estimate_text(estimate: &Estimate, unit: &str) -> String {
    let value = number(estimate.value);
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    let trials = plural(estimate.trials, "trial");
    match estimate.interval {
        Some(interval) => format!(
            "{value}{unit} [{}, {}], n = {trials}",
            number(interval.low),
            number(interval.high)
        ),
        None => format!("{value}{unit} (no interval, n = {trials})"),
    }
}

/// The unit that a metric's name ends in, as it is printed.
pub fn unit_of(metric: &str) -> &'static str {
    if metric.ends_with("partitions_per_s") {
        "partitions/s"
    } else if metric.ends_with("runs_per_s") {
        "runs/s"
    } else if metric.ends_with("_ms") {
        "ms"
    } else {
        ""
    }
}

/// A number at three significant digits, without exponent up to a billion.
pub fn number(value: f64) -> String {
    // What rounding of binary fractions leaves of a zero is a zero.
    if value.abs() < 1e-12 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    let decimals = (2.0 - magnitude).clamp(0.0, 9.0) as usize;
    let rounded = if magnitude > 2.0 {
        let unit = 10f64.powf(magnitude - 2.0);
        (value / unit).round() * unit
    } else {
        value
    };
    let text = format!("{rounded:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `1 pair`, `2 pairs`.
pub fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let written = [
            0.0,
            0.000_123_4,
            0.0456,
            1.0,
            1.239,
            12.34,
            123.4,
            1234.0,
            98_765.4,
            -3.456,
        ]
        .map(number);
        assert_eq!(
            written,
            [
                "0", "0.000123", "0.0456", "1", "1.24", "12.3", "123", "1230", "98800", "-3.46"
            ]
        );
    }
}
