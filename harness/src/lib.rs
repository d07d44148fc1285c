//! Measure durable workflows (Temporal) against asset orchestration, with faults
//! injected and the outcome checked by an independent witness.
//!
//! The data's way: a [`profile`] names [`scenario`]s, each an [`experiment`] with its parameters;
//! an [`engine`] does the work in worker processes, a [`fault`] breaks it, and the [`runner`] drives it
//! and writes down what happened. From there on nothing calls an engine: that is
//! [`orchbench_evidence`], a crate of its own. Processes, servers and networks are
//! [`orchbench_lab`]'s.

pub mod scenario;

pub mod profile;

pub mod experiment;

pub mod engine;

pub mod fault;

pub mod environment;

pub mod narrow;

pub mod runner;

pub mod output;

pub mod exit;

pub mod cli;
