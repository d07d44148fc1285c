//! What is written to a results folder, and read back: one type a file, each with a
//! `format_version`. Nothing here calls an engine, so that every later stage works
//! from a folder alone.

mod environment;
mod event;
mod folder;
mod measurement;
mod plan;
mod verdict;
mod warehouse;

pub use environment::{Durability, Environment, ImageRecord, ServerRecord};
pub use event::{
    Event, EventBody, FailedAttempt, HistoryStep, JournalSeal, RunFailure, TrialStatus,
};
pub use folder::{FolderError, ResultsFolder};
pub use measurement::{Estimate, Interval, Measurement, Measurements, Sample, TrialSamples};
pub use plan::{LeftOut, Plan, TrialPlan};
pub use verdict::{ClaimRecord, Claims, Outcome, Verdict, Verdicts, Warning};
pub use warehouse::{AppliedRow, ExpectedRow, WarehouseRow};

/// The version of every format in a results folder. A reader refuses a newer one.
pub const FORMAT_VERSION: u32 = 1;
