//! The statistics behind every figure: estimates with intervals, paired ratios, counts.
//!
//! The unit of replication is a trial (a fresh process); samples within one are nested in
//! it and never counted as independent trials. Nothing here knows what was measured, and
//! the same input with the same seed gives the same result.

mod bootstrap;
mod fit;
mod proportion;
mod quantile;
mod ratio;
mod student;

pub use bootstrap::{BOOTSTRAP_FROM, estimate};
pub use fit::{Fit, fit_line};
pub use proportion::{clopper_pearson, rule_of_three};
pub use quantile::{Percentile, median, percentile, samples_needed};
pub use ratio::{MARGIN, Pair, Ratio, Side, paired_ratio};
pub use student::log_or_plain_interval;

/// The level of every interval.
pub const LEVEL: f64 = 0.95;
