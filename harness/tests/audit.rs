//! The audit of bench/audit, which shares no code with the report: on the reference results, with
//! every figure altered singly, and its own tests.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

fn python(words: &[&str]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new("python3")
        .args(words)
        .current_dir(root)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()?;
    let said = [&output.stdout[..], &output.stderr].concat();
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    Ok(())
}

#[test]
fn every_figure_of_the_reference_agrees_and_every_altered_one_is_caught() -> Result<()> {
    python(&["bench/audit/audit.py", "reports/reference", "--alter"])
}

#[test]
fn the_audit_passes_its_own_tests() -> Result<()> {
    python(&["-m", "unittest", "discover", "bench/audit"])
}
