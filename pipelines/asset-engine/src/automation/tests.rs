#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod backfills;
mod belonging;
mod dynamic;
mod first_looks;
mod fixture;
mod growth;
mod news;
mod own_past;
mod partitions;
mod rules;
mod schedules;
mod sensors;
