//! The ETL as assets on the asset engine.
//!
//! One asset per step of the ETL, named after what it makes; the daily ones are partitioned by
//! day. An asset's metadata is the step's output (references and counts, never data: the claim
//! check), its data version the digest of the rows, so a step builds its call from what it reads.
#![forbid(unsafe_code)]

mod error;
mod graph;
mod noop;
mod options;
mod process;
mod run;
mod step;

pub use error::AssetsError;
pub use graph::graph;
pub use noop::{Shape, ShapeError, noop_graph};
pub use options::GraphOptions;
pub use run::{run, submit, summary, wait};
