//! Runs of assets on a real Temporal server and a real catalog, with workers in threads of the test process that share
//! nothing but the two.
//!
//! Needs the `temporal` command line; without it the tests fail and say how to get it.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "../../../temporal/tests/temporal/server.rs"]
mod server;
#[path = "../../../temporal/tests/temporal/test_worker.rs"]
mod test_worker;

mod failures;
mod lab;
mod steering;
mod whole;
