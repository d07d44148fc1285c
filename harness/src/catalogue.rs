//! The catalogue service: where the `announce` step posts a published version.
//!
//! A stand-in for the catalogue of a real data platform, served by the harness over
//! HTTP on loopback. Invariants: one receipt an idempotency key, for ever; a receipt is
//! on disk (fsync) before it is answered; every delivery is recorded, a repeated one
//! too, so that a checker can tell an execution from a state change.

mod receipts;
mod service;

pub use receipts::{Announcement, Body};
pub use service::{CatalogueError, CatalogueService};
