//! What is written to a results folder, and read back: one type a file, each with a
//! `format_version`. Nothing here calls an engine, so that every later stage works
//! from a folder alone.

mod benchmarks;
mod engine;
mod environment;
mod error;
mod event;
mod expected;
mod folder;
mod manifest;
mod measurement;
mod model;
mod name;
mod plan;
mod schema;
mod verdict;
mod version;
mod warehouse;

pub use benchmarks::{Benchmark, Benchmarks, CriterionError};
pub use engine::{EngineRecord, Family, RetrySchedule};
pub use environment::{Durability, Environment, ImageRecord, ServerRecord};
pub use error::FolderError;
pub use event::{
    Event, EventBody, FailedAttempt, HistoryStep, JournalSeal, RunFailure, TrialStatus,
};
pub use expected::{Expected, ExpectedSource};
pub use folder::{Claim, OpenTrial, Packing, ResultsFolder, TrialFiles, export};
pub use manifest::{Damage, DamageKind, Manifest};
pub use measurement::{
    Estimate, Interval, Measurement, Measurements, Sample, SelfComparison, TrialSamples,
};
pub use model::{HeldOut, Model, ModelOption, Term};
pub use name::plain_name;
pub use plan::{LeftOut, Plan, TrialPlan};
pub use schema::schemas;
pub use verdict::{
    ClaimRecord, ClaimVerdict, Claims, EngineValue, GuidanceSide, Outcome, Verdict, Verdicts,
    Warning,
};
pub use version::{FORMAT_VERSION, FormatVersion, FormatVersionError};
pub use warehouse::{AppliedRow, ServiceAnswer, WarehouseRow};
