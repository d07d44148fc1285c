//! Planned crashes at named points inside a step.
//!
//! A rule fires once over all processes: whoever creates the rule's marker file first fires it.
//! So a sweep over every point of every step is exhaustive and repeatable, and a step that is
//! executed again after the crash gets through.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use orchbench_journal::{CrashPoint, Day, ErrorType, StepName, monotonic_ns};
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::step::StepCall;

/// Rules, and where it is kept which of them fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashPlan {
    /// The rules; the first one that matches and has not fired yet fires.
    pub rules: Vec<CrashRule>,
    /// The folder of the marker files, shared by all processes of a trial.
    pub dir: PathBuf,
}

/// When to crash, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashRule {
    /// The rule's id: letters, digits, `-`, `_` and `.`, as it names the marker file.
    pub id: String,
    /// The step.
    pub step: StepName,
    /// The day; `None` means the first one that gets there.
    #[serde(default)]
    pub partition: Option<Day>,
    /// The attempt; `None` means any.
    #[serde(default)]
    pub attempt: Option<u32>,
    /// The point.
    pub point: CrashPoint,
    /// What happens.
    pub action: CrashAction,
}

/// What happens at a crash point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashAction {
    /// SIGKILL to the own process.
    KillSelf,
    /// Connect to the socket, send a [`Rendezvous`] as one JSON line, wait for a line or the end
    /// of the connection, then go on: time for the harness to kill or cut something else.
    Rendezvous {
        /// The path of a listening unix socket.
        socket: PathBuf,
    },
}

/// The line that a process at a rendezvous sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendezvous {
    /// The rule's id.
    pub rule: String,
    /// The step that waits.
    pub step: StepName,
    /// Its partition.
    pub partition: Option<Day>,
    /// Its attempt.
    pub attempt: u32,
    /// The point at which it waits.
    pub point: CrashPoint,
    /// The process that waits.
    pub pid: u32,
    /// When it got there, CLOCK_MONOTONIC.
    pub t_ns: u64,
}

impl CrashPlan {
    /// Checks the ids and makes the folder of the markers.
    pub(crate) fn prepare(&self) -> Result<(), String> {
        for rule in &self.rules {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if rule.id.is_empty() || rule.id.starts_with('.') || !rule.id.chars().all(plain) {
                return Err(format!(
                    "crash rule id: expected letters, digits, '-', '_' and '.', found {:?}",
                    rule.id
                ));
            }
        }
        std::fs::create_dir_all(&self.dir)
            .map_err(|error| format!("crash folder {}: {error}", self.dir.display()))
    }

    /// The rule that fires here, claimed for this process; `None` when none does.
    ///
    /// # Errors
    /// `Journal`, when the marker cannot be written for another reason than being there.
    pub(crate) fn claim(
        &self,
        call: &StepCall,
        point: CrashPoint,
    ) -> Result<Option<&CrashRule>, StepError> {
        for rule in &self.rules {
            let matches = rule.point == point
                && rule.step == call.step()
                && rule.partition.is_none_or(|day| Some(day) == call.partition)
                && rule.attempt.is_none_or(|attempt| attempt == call.attempt);
            if matches && create_marker(&self.dir.join(&rule.id), call)? {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    }
}

/// Creates the marker; false when another process, or an earlier attempt, was first.
fn create_marker(path: &Path, call: &StepCall) -> Result<bool, StepError> {
    let error = |error: std::io::Error| {
        StepError::new(
            ErrorType::Journal,
            format!(
                "crash marker {}: cannot be written: {error}",
                path.display()
            ),
        )
    };
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            let line = format!(
                "{} attempt {} pid {}\n",
                call.idempotency_key(),
                call.attempt,
                std::process::id()
            );
            file.write_all(line.as_bytes()).map_err(error)?;
            Ok(true)
        }
        Err(found) if found.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(found) => Err(error(found)),
    }
}

/// Does what the rule says. Returns from a rendezvous, not from a kill.
///
/// # Errors
/// `Journal`, when nobody listens at the rendezvous or the signal cannot be sent.
pub(crate) fn fire(rule: &CrashRule, call: &StepCall) -> Result<(), StepError> {
    match &rule.action {
        CrashAction::KillSelf => {
            let pid = rustix::process::getpid();
            let sent = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            Err(StepError::new(
                ErrorType::Journal,
                format!(
                    "crash rule {}: expected to die by SIGKILL, found {sent:?}",
                    rule.id
                ),
            ))
        }
        CrashAction::Rendezvous { socket } => meet(rule, call, socket).map_err(|error| {
            StepError::new(
                ErrorType::Journal,
                format!(
                    "crash rule {}: rendezvous at {}: {error}",
                    rule.id,
                    socket.display()
                ),
            )
        }),
    }
}

fn meet(rule: &CrashRule, call: &StepCall, socket: &Path) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    let mut line = serde_json::to_string(&Rendezvous {
        rule: rule.id.clone(),
        step: call.step(),
        partition: call.partition,
        attempt: call.attempt,
        point: rule.point,
        pid: std::process::id(),
        t_ns: monotonic_ns(),
    })?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    match BufReader::new(stream).read_line(&mut answer) {
        // The harness may drop the connection without an answer: that means "go on" as well.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
        other => other.map(|_| ()),
    }
}
