//! The experiments on patterns, made by the harness on each engine: the level that each shows, and that
//! another program comes to the same figures.

#[path = "../fixtures/audit.rs"]
mod audit;
mod change;
mod dbt;
mod deploy;
mod effort;
mod limits;
mod made;
mod microservices;
mod rehearsal;
mod retries;
mod saga;
mod timers;
mod waiting;
