//! The executor, held against what it promises.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod catalogs;
mod crash;
mod fixture;
mod order;
mod retries;
mod stale;
mod wipe;
