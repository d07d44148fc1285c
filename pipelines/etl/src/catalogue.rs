//! The catalogue service: what a published version is announced to, over HTTP on loopback.
//!
//! A stand-in for the catalogue of a real data platform, with the manners of a good one. Invariants:
//! one receipt an idempotency key, for ever; a receipt is on disk (fsync) before it is answered; every
//! delivery is recorded, a repeated one too, so that a checker can tell an execution from a state
//! change. A retraction takes one announcement back, so that the version before it is current again,
//! and holds for an announcement that has not arrived yet. Several services may keep one file, as
//! each worker of a work folder does: what is posted at one counts at all of them.

mod http;
mod post;
mod receipts;
mod service;

pub use post::{Announcement, Delivery, Escalation, Post, Retraction};
pub use service::{CatalogueError, CatalogueService};
