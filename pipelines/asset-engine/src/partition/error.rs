//! Why a set of partitions could not be made.

use thiserror::Error;

use crate::cron::CronError;

/// Why a set of partitions could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// Not an ISO date.
    #[error("partition date {found:?}: expected YYYY-MM-DD ({reason})")]
    Date {
        /// The text as given.
        found: String,
        /// What the date parser said.
        reason: String,
    },
    /// The range of days has no day.
    #[error("partition range {first} to {last}: the last day is before the first")]
    EmptyRange {
        /// First day asked for.
        first: String,
        /// Last day asked for.
        last: String,
    },
    /// Not the time of an hour.
    #[error("partition hour {found:?}: expected YYYY-MM-DD-HH:MM ({reason})")]
    Hour {
        /// The text as given.
        found: String,
        /// What the parser said.
        reason: String,
    },
    /// Not a cron line.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// A cron line that has no time, such as that of a 30th of February.
    #[error(
        "partitions of cron line {line:?}: expected a line that is due, found none of its times"
    )]
    NeverDue {
        /// The line as given.
        line: String,
    },
    /// The range has no whole window of time.
    #[error("partition range {first} to {last}: expected at least one whole {of}")]
    NoWhole {
        /// First day or hour asked for.
        first: String,
        /// Last one asked for.
        last: String,
        /// Of what there is none.
        of: &'static str,
    },
    /// A set without keys, which could never be materialized.
    #[error("partition set without keys")]
    NoKeys,
    /// A key without characters.
    #[error("partition key {position} is empty")]
    EmptyKey {
        /// Position of the key, from 1.
        position: usize,
    },
    /// A set of keys that come and go, under a name that is none.
    #[error("set of partitions {found:?}: expected a name without spaces")]
    Set {
        /// The name as given.
        found: String,
    },
    /// The same key twice.
    #[error("partition key {0:?} occurs twice")]
    Duplicate(String),
    /// More keys than a step index can count.
    #[error("partition set of {found} keys, expected at most {max}")]
    TooMany {
        /// Keys given.
        found: usize,
        /// The limit.
        max: u32,
    },
    /// A key that could not be told from two keys of a product.
    #[error("partition key {key:?} of dimension {dimension}: '|' separates the keys of a product")]
    Separator {
        /// The dimension.
        dimension: String,
        /// The key.
        key: String,
    },
    /// A dimension of a product that has no keys of its own.
    #[error("dimension {dimension}: expected partition keys, found {found}")]
    Dimension {
        /// Its name.
        dimension: String,
        /// What was found.
        found: &'static str,
    },
}
