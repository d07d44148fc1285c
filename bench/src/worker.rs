//! Workers that are measured, as processes.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::ChildStdout;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use orchbench_lab::process::{Child, CommandSpec, Stream, Usage};

/// More than a worker's own bound for what is in work when it is told to stop.
const GRACE: Duration = Duration::from_secs(15);

/// A worker that polls.
pub struct Worker {
    child: Child,
    /// Held, as a worker that writes into a closed pipe would end.
    _said: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts a program, whose warnings go to `log`, and waits for its word `ready`.
    ///
    /// # Errors
    /// When it cannot be started, or ends before, with what it warned of.
    pub fn start(spec: CommandSpec, log: &Path) -> Result<Self> {
        let spec = spec
            .stdout(Stream::Piped)
            .stderr(Stream::Log(log.to_owned()));
        let mut child = Child::spawn(&spec, "worker")?;
        let stdout = child.take_stdout().context("the worker's output")?;
        let mut said = BufReader::new(stdout);
        let mut line = String::new();
        while !line.contains("ready") {
            line.clear();
            if said.read_line(&mut line)? == 0 {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                bail!("the worker ended before it was ready: {}", log.trim());
            }
        }
        Ok(Self { child, _said: said })
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// When it is gone.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id()).context("the worker is gone")
    }

    /// Tells it to stop, and waits until it has.
    ///
    /// # Errors
    /// When it does not end, or not well.
    pub fn stop(mut self) -> Result<()> {
        let status = self.child.terminate(GRACE)?;
        ensure!(
            status.success(),
            "after SIGTERM: expected exit code 0, found {status}"
        );
        Ok(())
    }
}
