#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod alike;
mod beside;
mod cuts;
mod fence;
mod fixture;
mod flips;
mod fuzz;
mod migration;
#[cfg(feature = "postgres")]
mod postgres;
