//! `orchbench run` as a user drives it: a small profile on the asset engine and on a real
//! Temporal server, then what the checker says of tampered results, of a killed harness
//! and of an interrupted one.

#[path = "../fixtures/audit.rs"]
mod audit;
#[path = "../fixtures/unpacked.rs"]
mod unpacked;

mod compare;
mod folder;
mod refused;
mod resumed;
mod stopped;
mod tamper;
