//! A step in a process of its own, inside an activity: heartbeats go on while it works.
//!
//! A process that is killed is a retryable failure of the attempt, noticed at once. An attempt that is
//! told to stop (nobody waits for it any more: its time is up, it was cancelled or paused, the worker
//! has been draining for long enough) takes its process along: the process's group is killed, and it is
//! reaped before the attempt ends, so that nothing of it is under way in the next one. What leads the
//! group must bind itself to the life of this process, see [`orchbench_etl::process`].

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use orchbench_etl::process::PARENT_VARIABLE;
use orchbench_etl::{ErrorType, StepCommand, StepError};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::heartbeat::beating;

/// How much of a process's standard error a failure quotes.
const STDERR_TAIL_BYTES: usize = 2000;

/// Hands `order` to a new process and takes its answer; `None` when the attempt was told to stop. Each
/// heartbeat carries `details`.
///
/// # Errors
/// The details have no form as a payload. What is wrong with the process is a value here:
/// [`ErrorType::ProcessKilled`] or [`ErrorType::ProcessFailed`].
pub(crate) async fn ask<A: DeserializeOwned, D: Serialize + Send + Sync + 'static>(
    ctx: &ActivityContext,
    command: &StepCommand,
    order: &impl Serialize,
    details: impl Fn() -> D,
) -> Result<Option<Result<A, StepError>>, ActivityError> {
    let mut group = match Group::start(command) {
        Ok(group) => group,
        Err(error) => return Ok(Some(Err(failed(command, "start", error)))),
    };
    let request = match serde_json::to_vec(order) {
        Ok(request) => request,
        Err(error) => return Ok(Some(Err(failed(command, "make the order", error)))),
    };
    tokio::select! {
        ended = beating(ctx, details, group.talk(&request)) => Ok(Some(
            ended?
                .map_err(|error| failed(command, "wait", error))
                .and_then(|ended| ended.answer(command)),
        )),
        () = ctx.cancelled() => {
            group.end().await;
            Ok(None)
        }
    }
}

/// A process that leads a group of its own; the group does not outlive it, nor this.
struct Group {
    leader: Child,
    /// Its number, which is also the group's.
    pid: Option<Pid>,
}

/// How a process ended, and what it said.
struct Ended {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Group {
    fn start(command: &StepCommand) -> std::io::Result<Self> {
        let leader = Command::new(&command.program)
            .args(&command.arguments)
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let pid = leader.id().and_then(|pid| i32::try_from(pid).ok());
        Ok(Self {
            leader,
            pid: pid.and_then(Pid::from_raw),
        })
    }

    /// Feeds the process and reads all it says, until it has ended.
    async fn talk(&mut self, request: &[u8]) -> std::io::Result<Ended> {
        let (stdin, stdout, stderr) = (
            self.leader.stdin.take(),
            self.leader.stdout.take(),
            self.leader.stderr.take(),
        );
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A process that ends without reading its order is judged by its answer.
                let _ = stdin.write_all(request).await;
            }
        };
        let ended = async {
            let status = self.leader.wait().await;
            // What it left behind would keep its pipes open.
            self.kill();
            status
        };
        let ((), status, stdout, stderr) =
            tokio::join!(feed, ended, read_all(stdout), read_all(stderr));
        Ok(Ended {
            status: status?,
            stdout,
            stderr,
        })
    }

    /// Kills the group and waits until its leader is gone.
    async fn end(mut self) {
        self.kill();
        // One that cannot be waited for is gone.
        let _ = self.leader.wait().await;
    }

    fn kill(&mut self) {
        if let Some(pid) = self.pid.take() {
            // A group that is gone already needs no killing.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn read_all(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is kept; a missing answer is reported by the caller.
        let _ = pipe.read_to_end(&mut bytes).await;
    }
    bytes
}

impl Ended {
    /// A process that was killed may have written half an answer, or a whole one and then not ended
    /// well; only one that ended by itself is believed.
    fn answer<A: DeserializeOwned>(self, command: &StepCommand) -> Result<A, StepError> {
        if let Some(signal) = self.status.signal() {
            let message = format!("{}: killed by signal {signal}", command.program.display());
            return Err(StepError::new(ErrorType::ProcessKilled, message));
        }
        serde_json::from_slice(&self.stdout).map_err(|_| {
            let tail = self.stderr.len().saturating_sub(STDERR_TAIL_BYTES);
            let tail = String::from_utf8_lossy(&self.stderr[tail..]);
            let found = format_args!("{}, stderr: {}", self.status, tail.trim()).to_string();
            failed(command, "gave no answer", found)
        })
    }
}

fn failed(command: &StepCommand, what: &str, detail: impl std::fmt::Display) -> StepError {
    let message = format!("{}: {what}: {detail}", command.program.display());
    StepError::new(ErrorType::ProcessFailed, message)
}

#[cfg(test)]
mod tests;
