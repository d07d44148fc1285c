//! From a results folder to measurements, verdicts, claims and a report.
//!
//! Knows no engine, no server and no work, only what is written down of them: so a report rebuilds
//! from its folder alone, which the compiler proves.
//!
//! The modules stand in the order of the data's way; each uses only those above it.

pub mod record;

pub mod stats;

pub mod measure;

pub mod document;

pub mod results;

pub mod experiment;

pub mod check;

pub mod claim;

pub mod analysis;

pub mod advice;

pub mod model;

pub mod report;

pub mod compare;
