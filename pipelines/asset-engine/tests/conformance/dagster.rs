//! The scenarios on real Dagster, in a Python process of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{Outcome, table};

const SCENARIOS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../dagster/conformance/main.py"
);

/// The scenarios, under way.
pub struct Dagster(Child);

/// What real Dagster did.
pub struct Observations {
    /// Its version.
    pub version: String,
    /// In the order of the table.
    pub rows: Vec<Value>,
}

/// Starts the scenarios; the inner error says why there is no Dagster here.
pub fn start() -> Outcome<Result<Dagster, String>> {
    let python = python();
    let import = Command::new(&python)
        .args(["-c", "import dagster"])
        .output();
    match import {
        Err(error) => return Ok(Err(format!("{}: {error}", python.display()))),
        Ok(output) if !output.status.success() => {
            return Ok(Err(format!(
                "{} has no dagster (pip install -r pipelines/dagster/requirements.lock; ORCHBENCH_PYTHON)",
                python.display()
            )));
        }
        Ok(_) => {}
    }
    let mut command = Command::new(&python);
    // The clone stays as it is.
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(SCENARIOS);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    Ok(Ok(Dagster(child)))
}

/// The Python that ORCHBENCH_PYTHON names, else the one of orchbench's own environment.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("ORCHBENCH_PYTHON") {
        return python.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    cache.join("orchbench/venv/bin/python")
}

impl Dagster {
    /// Waits for the scenarios and reads what they report.
    pub fn observations(self) -> Outcome<Observations> {
        let output = self.0.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{SCENARIOS}: {}\n{said}{stderr}", output.status).into());
        }
        let mut lines = said.lines().map(serde_json::from_str::<Value>);
        let head = lines.next().ok_or("the scenarios reported nothing")??;
        let version = head["dagster"]
            .as_str()
            .ok_or("the first line has no version")?;
        let mut rows = Vec::new();
        for row in table::rows() {
            let line = lines
                .next()
                .ok_or_else(|| format!("{}: not reported", row.id))??;
            if line["id"] != row.id {
                return Err(format!("expected {}, found {line}", row.id).into());
            }
            rows.push(line["observed"].clone());
        }
        Ok(Observations {
            version: version.to_owned(),
            rows,
        })
    }
}
