//! The arguments of the workflows, as JSON that any SDK can send.
//!
//! An argument that cannot be read must fail the *workflow*. By default the SDK fails the workflow
//! *task*, which the server then retries for ever: the caller waits and nobody tells why. So the
//! workflows take an [`Argument`], which decodes always, and say themselves what was wrong.

mod approval;
mod argument;
mod backfill;
mod bounds;
mod daily;
mod enough;
mod models;
mod noop;
mod order;
mod partition;
mod pipeline;
mod refresh;
mod submission;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::approval::{ApprovalInput, Verdict};
pub use self::argument::Argument;
pub use self::backfill::{BackfillInput, Carried, FailedPartition};
pub use self::bounds::{
    MAX_CONCURRENCY, MAX_DAYS_PER_EXECUTION, MAX_PARTITIONS, MAX_PARTITIONS_PER_RUN, MAX_STEPS,
    MAX_WAIT_MS,
};
pub use self::daily::DailyInput;
pub use self::enough::EnoughInput;
pub use self::models::{ModelsInput, ModelsOutcome};
pub use self::noop::{NoopInput, NoopOutcome};
pub use self::order::OrderInput;
pub use self::partition::{Dimensions, PartitionInput};
pub use self::pipeline::PipelineInput;
pub use self::refresh::{Memory, RefreshInput, Remembered};
pub use self::submission::{WORKFLOWS, check};

/// An argument whose values can decode and yet make no sense.
pub trait Validate {
    /// Looks for such values.
    ///
    /// # Errors
    /// A message that names the field, what is expected and what was found.
    fn validate(&self) -> Result<(), String>;
}

/// Reads an argument that is either a source's name, the rest being defaults, or an object. By hand
/// rather than by an untagged enum, which would not say what is wrong in an object.
fn source_or_object<T, O: DeserializeOwned>(
    value: Value,
    from_source: impl FnOnce(String) -> T,
    from_object: impl FnOnce(O) -> T,
) -> Result<T, String> {
    match value {
        Value::String(source) => Ok(from_source(source)),
        Value::Object(_) => serde_json::from_value(value)
            .map(from_object)
            .map_err(|error| error.to_string()),
        _ => Err("expected a source's name or an object".to_owned()),
    }
}

#[cfg(test)]
mod tests;
