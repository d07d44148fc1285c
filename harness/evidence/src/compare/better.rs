//! Which way a metric is better, by the unit that its name ends in.

use serde::Serialize;

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Times, memory, writes, flushes, what was lost or done in vain.
    Smaller,
    /// Rates.
    Larger,
}

/// What the harness measures of itself, to say whether its figures can be trusted.
const OF_THE_HARNESS: [&str; 3] = ["generator_", "harness_", "warm_up_"];

/// Rates and instants that somebody else chose.
const CHOSEN: [&str; 2] = ["offered_", "killed_after_"];

const SMALLER: [&str; 21] = [
    "_ms",
    "_ms_a_run",
    "_ms_a_step",
    "_mib",
    "_a_step",
    "_wrong",
    "_lost",
    "_left",
    "_left_out",
    "_doubled",
    "_redundant",
    "_too_early",
    "_repeated",
    "_overlapping",
    "_needless",
    "_missed",
    "_twice",
    "rolled_back",
    "backlog_runs",
    "idle_cpu_share",
    "wasted_work_ratio",
];

impl Better {
    /// Of a metric; `None` where neither way is, as of a count of events.
    pub fn of(metric: &str) -> Option<Self> {
        let begins = |names: &[&str]| names.iter().any(|name| metric.starts_with(name));
        if begins(&OF_THE_HARNESS) || begins(&CHOSEN) {
            None
        } else if metric.ends_with("_per_s") {
            Some(Self::Larger)
        } else {
            let smaller = SMALLER.iter().any(|unit| metric.ends_with(unit));
            smaller.then_some(Self::Smaller)
        }
    }
}

/// How a metric goes along with the time of work of a fixed size: times do (1), rates go against it (-1); `None` of
/// what is neither.
pub(super) fn speed_power(metric: &str) -> Option<f64> {
    let times = ["_ms", "_ms_a_run", "_ms_a_step"];
    if metric.ends_with("_per_s") {
        Some(-1.0)
    } else {
        let is_time = times.iter().any(|unit| metric.ends_with(unit));
        is_time.then_some(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_better_one_way_or_said_to_be_neither() {
        let neither: Vec<&str> = crate::experiment::metrics()
            .into_iter()
            .filter(|metric| Better::of(metric).is_none())
            .collect();
        insta::assert_debug_snapshot!(neither);
        assert_eq!(Better::of("capacity_runs_per_s"), Some(Better::Larger));
        assert_eq!(Better::of("latency_p99_ms"), Some(Better::Smaller));
        assert_eq!(Better::of("generator_lateness_p99_ms"), None);
        assert_eq!(speed_power("capacity_runs_per_s"), Some(-1.0));
        assert_eq!(speed_power("cpu_ms_a_step"), Some(1.0));
        assert_eq!(speed_power("peak_memory_mib"), None);
    }
}
