//! A folder with a small profile, and `orchbench` in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::Result;

/// Every experiment once, as small as it gets.
pub const PROFILE: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "overhead"
blocks = 1
parameters = { shapes = ["chain"], steps = [1, 2, 3], samples = 1 }

[[scenario]]
name = "throughput"
blocks = 1
parameters = { source = "one-day", in_flight = [1, 2], max_in_flight = 2, step_seconds = 0.3, open_loop_seconds = 0.5 }

[[scenario]]
name = "retries"
blocks = 1
parameters = { source = "one-day", cases = ["transient", "fatal"], rates = [] }

[[scenario]]
name = "restart-survival"
blocks = 1
parameters = { steps = ["load"], points = ["after_effect"], deadline_s = 30 }
"#;

pub struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("small.toml"), PROFILE)?;
        Ok(Self { dir })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `orchbench` with a state folder of its own, so that tests do not sweep each other.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
        command
            .current_dir(self.dir.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    pub fn orchbench(&self, words: &[&str]) -> Result<Output> {
        Ok(self.command().args(words).output()?)
    }
}

pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Copies a folder with all that is below.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The first file below a folder whose path has all the parts.
pub fn find(folder: &Path, parts: &[&str]) -> Result<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    for path in files {
        if path.is_dir() {
            if let Ok(found) = find(&path, parts) {
                return Ok(found);
            }
        } else if parts
            .iter()
            .all(|part| path.to_string_lossy().contains(part))
        {
            return Ok(path);
        }
    }
    anyhow::bail!("{}: no file with {parts:?}", folder.display())
}
