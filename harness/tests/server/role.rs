//! This test program, run again as a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Names the `role_…` test that this process is to be.
const ROLE_ENV: &str = "ORCHBENCH_TEST_ROLE";

/// Marks the lines that a role says among those of the test harness.
const SAID: &str = "said: ";

/// This test program, run again as one of its `role_…` tests.
pub(crate) struct Role {
    child: std::process::Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Role {
    pub(crate) fn command(role: &str, state: &Path) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args([role, "--exact", "--nocapture"])
            .env(ROLE_ENV, role)
            .env("XDG_STATE_HOME", state)
            .env_remove("TEMPORAL_ADDRESS")
            .env_remove("TEMPORAL_PROFILE")
            .env_remove("ORCHBENCH_TEMPORAL_SERVER")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        Ok(command)
    }

    pub(crate) fn spawn(command: &mut Command) -> Result<Role> {
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("a piped stdout")?;
        let lines = BufReader::new(stdout).lines();
        Ok(Role { child, lines })
    }

    pub(crate) fn start(role: &str, state: &Path) -> Result<Role> {
        Role::spawn(&mut Role::command(role, state)?)
    }

    /// The rest of the next line that begins so.
    pub(crate) fn line(&mut self, start: &str) -> Result<String> {
        let start = format!("{SAID}{start}");
        for line in self.lines.by_ref() {
            if let Some((_, rest)) = line?.split_once(&start) {
                return Ok(rest.to_owned());
            }
        }
        anyhow::bail!("the role ended without saying {start:?}")
    }

    /// All lines until it ends.
    pub(crate) fn rest(mut self) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for line in self.lines.by_ref() {
            if let Some((_, rest)) = line?.split_once(SAID) {
                said.push(rest.to_owned());
            }
        }
        self.child.wait()?;
        Ok(said)
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

pub(crate) fn has_role(role: &str) -> bool {
    std::env::var(ROLE_ENV).is_ok_and(|value| value == role)
}

pub(crate) fn say(start: &str, rest: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n{SAID}{start}{rest}")?;
    Ok(stdout.flush()?)
}

pub(crate) fn wait_to_be_killed() -> Result<()> {
    std::thread::sleep(Duration::from_secs(300));
    anyhow::bail!("nobody killed this process")
}
