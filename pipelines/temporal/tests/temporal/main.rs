//! The workflows on a real Temporal server: a dev server that the tests start once for all of them,
//! with workers in threads of the test process.
//!
//! Needs the `temporal` command line; without it the tests fail and say how to get it.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod approval;
mod argument;
mod backfill;
mod catalogue;
mod daily;
mod extract;
mod lab;
mod noop;
mod order;
mod pipeline;
mod refresh;
mod rendezvous;
mod replay;
mod reset;
mod retry;
mod saga;
mod schedule;
mod server;
mod stop;
mod test_worker;
mod versioning;
