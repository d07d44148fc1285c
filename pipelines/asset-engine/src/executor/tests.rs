//! The executor, held against what it promises.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod abandon;
mod catalogs;
mod checking;
mod configured;
mod crash;
mod fixture;
mod groups;
mod growth;
mod held;
mod kills;
mod limits;
mod minimal;
mod model;
mod order;
mod owners;
mod reopen;
mod retries;
mod sources;
mod stale;
mod step_worker;
mod tags;
mod wipe;
