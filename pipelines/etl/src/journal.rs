//! The effect journal: the independent witness of what steps did.
//!
//! One file a process, append-only, one JSON line a record, each written by one write(2) on a file
//! opened with O_APPEND and without a buffer in the process: so what was written survives SIGKILL
//! of the process (not a power cut: nothing is fsynced). Records have a sequence number from 1 and
//! a checksum that is chained to the record before, so that a removed, edited or swapped line
//! shows as a [`Problem`] with file and line.

mod read;
mod record;
mod write;

pub use read::{Journal, Problem, ProblemKind, read, read_dir};
pub use record::{FORMAT_VERSION, Kind, Record};
pub use write::{Entry, JournalError, Writer};
