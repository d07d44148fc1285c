//! What trials and tests run on: processes that die with their owner, sweeps of what a killed one
//! left, Temporal servers, PostgreSQL, and a network that can be broken.

pub mod postgres;
pub mod process;
pub mod proxy;
pub mod server;

pub use orchbench_start::python;
