//! The time between an attempt that failed and the next one, by the journal.

use super::{Execution, Run, TrialEvidence};

/// Gaps may be shorter by this much: the engine's delay starts when it learns of the
/// failure and is kept in whole milliseconds, the journal's gap is between two records.
const TOLERANCE_MS: f64 = 5.0;

/// What passed before a retry.
pub struct RetryGap<'a> {
    /// The number of the attempt that failed.
    pub failed: u32,
    /// The attempt after it.
    pub retry: &'a Execution,
    /// From the record of the failure to that of the next invocation, milliseconds; below 0 where they overlap.
    pub gap_ms: f64,
    /// The policy's delay on the trial's engine, milliseconds.
    pub delay_ms: f64,
}

/// Whether a gap is shorter than the delay that a policy asks for.
pub fn is_too_soon(gap_ms: f64, delay_ms: f64) -> bool {
    gap_ms < delay_ms - TOLERANCE_MS
}

/// The gaps between the executions of a step, in their order.
pub fn retry_gaps<'a>(
    trial: &'a TrialEvidence,
    each: &'a [Execution],
    run: &'a Run<'_>,
) -> impl Iterator<Item = RetryGap<'a>> {
    each.windows(2).filter_map(move |pair| {
        let (failed_ns, _) = pair[0].error()?;
        Some(RetryGap {
            failed: pair[0].attempt,
            retry: &pair[1],
            gap_ms: (pair[1].invoked_ns as f64 - failed_ns as f64) / 1e6,
            delay_ms: trial.scheduled_delay_ms(run.retry, pair[0].attempt)?,
        })
    })
}
