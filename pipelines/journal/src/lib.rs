//! The effect journal, and the words of the work: what a checker must be able to read without
//! knowing the work itself or an engine.
//!
//! The journal is the independent witness of what steps did: one file a process, append-only, one
//! JSON line a record, each written by one write(2) on a file opened with O_APPEND and without a
//! buffer in the process: so what was written survives SIGKILL of the process (not a power cut:
//! nothing is fsynced). Records have a sequence number from 1 and a checksum that is chained to the
//! record before, so that a removed, edited or swapped line shows as a [`Problem`] with file and
//! line.
//!
//! The words: [`Day`] (a partition), [`StepName`], [`CrashPoint`], [`ErrorType`], [`RetrySpec`],
//! [`Shape`], [`Summary`], and digests; and what an id may be ([`check_id`]).

mod clock;
mod crash_point;
mod day;
mod digest;
mod error_type;
mod id;
mod read;
mod record;
mod retry;
mod shape;
mod step;
mod summary;
mod write;

pub use clock::monotonic_ns;
pub use crash_point::CrashPoint;
pub use day::{Day, DayError, DayRange};
pub use digest::{hex, partitions_digest};
pub use error_type::ErrorType;
pub use id::{ID_MAX, IdError, check_id, escaped};
pub use read::{Journal, Problem, ProblemKind, files, read, read_bytes, read_dir};
pub use record::{FORMAT_VERSION, Kind, Record};
pub use retry::RetrySpec;
pub use shape::Shape;
pub use step::{Per, StepName, StepNameError, idempotency_key};
pub use summary::{Summary, Unresolved};
pub use write::{Entry, JournalError, Writer};
