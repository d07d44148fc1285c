//! The newcomer's way, as the README tells it: docker-compose.yml, a worker, a Python client.

use std::process::Command;

use anyhow::{Result, ensure};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker/newcomer.sh");

#[test]
fn the_compose_file_is_all_that_a_newcomer_needs() -> Result<()> {
    // The script says "not run", and why, where Docker or the images are missing.
    let status = Command::new("bash")
        .args([SCRIPT, env!("CARGO_BIN_EXE_orchbench")])
        .status()?;
    ensure!(status.success(), "newcomer.sh: {status}");
    Ok(())
}
