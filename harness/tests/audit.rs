//! The audit of bench/audit, which shares no code with the report: on the reference results, with
//! every figure altered singly, and its own tests.

#[path = "fixtures/audit.rs"]
mod fixture;

use std::path::Path;

use anyhow::Result;
use fixture::{agrees, python};

#[test]
fn every_figure_of_the_reference_agrees_and_every_altered_one_is_caught() -> Result<()> {
    agrees(Path::new("reports/reference"), &["--alter"])
}

#[test]
fn the_audit_passes_its_own_tests() -> Result<()> {
    python(&["-m", "unittest", "discover", "bench/audit"])
}
