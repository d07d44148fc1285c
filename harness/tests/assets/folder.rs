//! A work folder, and the commands on it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A work folder of its own.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
        command
            .args(words)
            .arg("--work-dir")
            .arg(self.path("work"))
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, words: &[&str]) -> Result<Output> {
        Ok(self.command(words).output()?)
    }

    /// Runs a command that must end with this exit code; what it said on standard output.
    pub fn expect(&self, code: i32, words: &[&str]) -> Result<String> {
        let output = self.run(words)?;
        ensure!(
            output.status.code() == Some(code),
            "{words:?}: expected exit code {code}, found {}: {}",
            output.status,
            text(&output)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The same with `--json`, read.
    pub fn json(&self, code: i32, words: &[&str]) -> Result<Value> {
        let said = self.expect(code, &[words, &["--json"]].concat())?;
        serde_json::from_str(&said).with_context(|| format!("{words:?}: {said}"))
    }
}

/// All that a command said.
pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A copy of the committed input, to be changed.
pub fn input(folder: &Folder) -> Result<PathBuf> {
    let target = folder.path("input");
    std::fs::create_dir(&target)?;
    let source =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../pipelines/etl/data/nycflights13");
    for entry in std::fs::read_dir(source)? {
        let entry = entry?;
        std::fs::copy(entry.path(), target.join(entry.file_name()))?;
    }
    Ok(target)
}
