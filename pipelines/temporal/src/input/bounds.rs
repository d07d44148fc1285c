//! The bounds of what comes from outside. A number that nobody has bounded is sooner or later
//! allocated, slept or looped over; a worker that ends of it takes everybody's workflows with it, and
//! the next one takes the same task. So every number in an argument has a bound, far above what makes
//! sense and far below what hurts.

use std::fmt::Display;
use std::ops::RangeInclusive;

use orchbench_etl::RetrySpec;
use orchbench_etl::journal::check_id;

/// The most days or partitions that a workflow has in work at a time.
pub const MAX_CONCURRENCY: usize = 64;

/// The most partitions of a backfill, over all its executions.
pub const MAX_PARTITIONS: u64 = 100_000;

/// The most days of a workflow that does them all in one execution: the server ends an execution at
/// 51,200 events, and a day has up to some forty.
pub const MAX_DAYS_PER_EXECUTION: usize = 1_000;

/// The most partitions that one execution of a backfill begins, each some ten events.
pub const MAX_PARTITIONS_PER_RUN: u64 = 2_000;

/// The most steps of the workflow of empty steps, over all its executions.
pub const MAX_STEPS: u32 = 1_000_000;

/// The longest wait or timeout, in milliseconds: a leap year.
pub const MAX_WAIT_MS: u64 = 366 * 24 * 60 * 60 * 1_000;

/// The most rows that a backfill carries over: far more than there are, far less than would overflow.
pub(super) const MAX_ROWS: u64 = 1 << 53;

/// Temporal counts attempts in 31 bits.
const MAX_ATTEMPTS: u32 = 1_000_000;

const MAX_BACKOFF: f64 = 100.0;

/// A retry policy stands in the history with each activity.
const MAX_ERROR_TYPES: usize = 100;

/// Names become parts of keys and of messages.
const MAX_NAME_BYTES: usize = 200;

pub(super) fn within<T: PartialOrd + Display>(
    field: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(format!(
        "{field}: expected {least} to {most}, found {value}"
    ))
}

/// A wait or timeout in milliseconds that may not be nothing.
pub(super) fn wait(field: &str, ms: u64) -> Result<(), String> {
    within(field, ms, 1..=MAX_WAIT_MS)
}

pub(super) fn name(field: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("{field}: expected a name, found an empty text"));
    }
    let field = format!("{field}: bytes");
    within(&field, value.len(), 1..=MAX_NAME_BYTES)
}

/// A run's id, which becomes a part of keys and of an HTTP header.
pub(super) fn run(id: &str) -> Result<(), String> {
    check_id("run", id)
        .map(drop)
        .map_err(|error| error.to_string())
}

pub(super) fn retry(retry: &RetrySpec) -> Result<(), String> {
    within("retry.max_attempts", retry.max_attempts, 0..=MAX_ATTEMPTS)?;
    within("retry.delay_ms", retry.delay_ms, 0..=MAX_WAIT_MS)?;
    within("retry.max_delay_ms", retry.max_delay_ms, 0..=MAX_WAIT_MS)?;
    let coefficient = retry.backoff_coefficient;
    within("retry.backoff_coefficient", coefficient, 1.0..=MAX_BACKOFF)?;
    if retry.max_delay_ms < retry.delay_ms {
        return Err(format!(
            "retry.max_delay_ms: expected at least retry.delay_ms ({}), found {}",
            retry.delay_ms, retry.max_delay_ms
        ));
    }
    let types = &retry.non_retryable;
    within(
        "retry.non_retryable: names",
        types.len(),
        0..=MAX_ERROR_TYPES,
    )?;
    types
        .iter()
        .try_for_each(|each| name("retry.non_retryable", each))
}
