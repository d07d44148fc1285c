//! What happened in a trial, as its folder tells it: its runs, the executions of its steps, and
//! what they came to.

mod answers;
mod early;
mod evidence;
mod executions;
mod outcome;
mod parents;
mod read;
mod retry_gap;
mod saga;
mod signal;
mod timeline;

#[cfg(test)]
use crate as harness;
#[cfg(test)]
#[path = "../tests/fixtures/results.rs"]
pub(crate) mod fixture;

pub use answers::{ANSWER, Answer, Condition, Fact, Told, answers};
pub use early::{EarlyCall, early_calls};
pub use evidence::{End, JournalFile, Run, SourceEvidence, TrialEvidence};
pub use executions::{Execution, Executions, Finish};
pub use outcome::{doubled_keys, ended_right, failed_by_policy, missing_rows, redundant_commits};
pub(crate) use parents::{Reach, parents};
pub use read::Evidence;
pub use retry_gap::{RetryGap, is_too_soon, retry_gaps};
pub use saga::{Act, Saga, sagas};
pub use signal::{Signal, signals};
pub use timeline::{Bar, Fate, Timeline, struck_ns};

/// Nanoseconds between two instants as milliseconds, 0 when they are the other way round.
pub(crate) fn between_ms(from_ns: u64, to_ns: u64) -> f64 {
    to_ns.saturating_sub(from_ns) as f64 / 1e6
}
