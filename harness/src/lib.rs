//! Measure durable workflows (Temporal) against asset orchestration, with faults
//! injected and the outcome checked by an independent witness.
//!
//! The modules stand in the order of the data's way: an [`experiment`] says what to
//! try, an [`engine`] with its [`server`] does it, a [`fault`] breaks it, the
//! [`runner`] drives it and writes [`record`]s; from there on nothing calls an
//! engine: [`measure`] → [`check`] → [`stats`] → [`claim`] → [`report`].

pub mod cli;
pub mod engine;
pub mod environment;
pub mod exit;
pub mod experiment;
pub mod fault;
pub mod narrow;
pub mod output;
pub mod profile;
pub mod runner;
pub mod scenario;
pub mod worker;
