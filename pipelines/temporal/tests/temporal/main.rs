//! The workflows on a real Temporal server: a dev server that the tests start once for all of them,
//! with workers in threads of the test process.
//!
//! Needs the `temporal` command line; without it the tests fail and say how to get it.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod argument;
mod catalogue;
mod lab;
mod noop;
mod pipeline;
mod replay;
mod retry;
mod schedule;
mod server;
mod stop;
