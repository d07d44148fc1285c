//! How figures are written. An independent auditor writes them again and compares the bytes, so
//! each format stands here in full.
//!
//! A *number* ([`number`]) has three significant digits. Of a value v other than zero, let m be
//! the floor of log10|v|; v is rounded to 2 - m decimals (at least 0, at most 9), as the exact
//! binary value rounds, ties to even; from 1,000 on, v / 10^(m-2) is rounded to the nearest whole
//! number, ties away from zero, and multiplied back. Zeros at the end of a fraction go, and then a
//! point at the end. There is neither exponent nor thousands separator. What is nearer to zero
//! than 1e-12 is `0`.
//!
//! | format | written |
//! | --- | --- |
//! | [`estimate`], [`estimate_of`] | `V [L, H]`, three numbers; without interval `V (too few trials)` |
//! | [`value`] | a number |
//! | [`count`] | a whole number in decimal digits, all of them |
//! | [`percent`] | `V %`, a hundred times the share as a number |
//! | [`share`] | `V % [L, H]`, in percent, with Clopper and Pearson's exact interval of k of n |
//! | [`quoted`] | what the file has, as it stands there |

use super::Span;
use super::path;
use crate::record::{Estimate, Interval, Measurement};
use crate::stats::{LEVEL, clopper_pearson};

fn figure(text: String, path: impl Into<String>) -> Span {
    Span::Figure {
        text,
        path: path.into(),
    }
}

/// A measurement's estimate: `4.1 [3.9, 4.4]` or `4.1 (too few trials)`.
pub fn estimate(each: &Measurement) -> Span {
    let Estimate {
        value, interval, ..
    } = each.estimate;
    estimate_of(value, interval, path::measurement(each))
}

/// An estimate that is no measurement's own, such as a ratio: as [`estimate`].
pub fn estimate_of(value: f64, interval: Option<Interval>, path: impl Into<String>) -> Span {
    let value = number(value);
    let text = match interval {
        Some(Interval { low, high, .. }) => {
            format!("{value} [{}, {}]", number(low), number(high))
        }
        None => format!("{value} (too few trials)"),
    };
    figure(text, path)
}

/// A number: `4.1`.
pub fn value(value: f64, path: impl Into<String>) -> Span {
    figure(number(value), path)
}

/// A count: `105`.
pub fn count(count: usize, path: impl Into<String>) -> Span {
    figure(count.to_string(), path)
}

/// A share in percent: `12.5 %`.
pub fn percent(share: f64, path: impl Into<String>) -> Span {
    figure(format!("{} %", number(share * 100.0)), path)
}

/// The share that `k` of `n` are, with its exact interval: `12.5 % [3.5, 29]`; `–` of none.
pub fn share(k: usize, n: usize, path: impl Into<String>) -> Span {
    let text = clopper_pearson(k, n, LEVEL).map_or_else(
        || "–".to_owned(),
        |(low, high)| {
            let [value, low, high] =
                [k as f64 / n as f64, low, high].map(|share| number(share * 100.0));
            format!("{value} % [{low}, {high}]")
        },
    );
    figure(text, path)
}

/// Words or numbers of a file, as they stand there.
pub fn quoted(text: impl Into<String>, path: impl Into<String>) -> Span {
    figure(text.into(), path)
}

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
    fn figures_are_written_as_documented() {
        let interval = Interval {
            low: 3.9,
            high: 4.444,
            level: LEVEL,
        };
        let written = [
            estimate_of(4.1, Some(interval), "p"),
            estimate_of(4.1, None, "p"),
            value(1234.0, "p"),
            count(1234, "p"),
            percent(0.125, "p"),
            share(0, 3, "p"),
            share(0, 0, "p"),
        ];
        assert_eq!(
            written.each_ref().map(Span::text),
            [
                "4.1 [3.9, 4.44]",
                "4.1 (too few trials)",
                "1230",
                "1234",
                "12.5 %",
                "0 % [0, 70.8]",
                "–"
            ]
        );
    }

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
