//! Steps in a process of their own.

use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::step::{Materialized, Step, StepContext, StepFailure};
use crate::stop::Stop;

/// Environment variable of the command: process id of the engine that started it.
pub const PARENT_PID_VARIABLE: &str = "ASSET_ENGINE_PARENT_PID";

/// How much of a command's standard error a failure quotes.
const STDERR_TAIL_BYTES: usize = 2000;

/// A step that runs a command.
///
/// It starts a command for every attempt, writes one JSON document to its
/// standard input and reads one from its standard output. A command that is killed is a retryable
/// failure of the attempt, noticed at once. When the attempt is given up (its time is up, its run
/// was aborted), the command's process group is killed.
///
/// # The command's duties
/// The command leads a process group of its own; whatever it leaves behind in that group is killed
/// when it ends. It must not outlive the engine: it has to set its own parent-death signal at start
/// (`prctl(PR_SET_PDEATHSIG, SIGKILL)`) and then check that its parent is still the process named
/// in [`PARENT_PID_VARIABLE`], as the signal is not sent for a parent that died before. A foreign
/// program is started through one that does this, such as `setpriv --pdeathsig KILL program`. (The
/// signal follows the thread that started the process; the worker thread that did waits for it.)
#[derive(Clone)]
pub struct Subprocess {
    program: PathBuf,
    arguments: Vec<String>,
    protocol: Arc<dyn Protocol>,
}

/// What is said to a command and how its answer is read.
pub trait Protocol: Send + Sync {
    /// The document for its standard input.
    ///
    /// # Errors
    /// A failure of the attempt, when the inputs do not allow a request.
    fn request(&self, cx: &StepContext<'_>) -> Result<Value, StepFailure>;

    /// The result in what it wrote to its standard output. `None` = this is no answer; how the
    /// command ended then decides.
    fn response(
        &self,
        cx: &StepContext<'_>,
        output: &[u8],
    ) -> Option<Result<Materialized, StepFailure>>;
}

/// The engine's own protocol. In: `{run, asset, partition, attempt, epoch, token, inputs, config}`. Out:
/// `{"ok": {data_version, metadata}}` or `{"error": {error_type, message, retryable}}`.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonProtocol;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Ok(Materialized),
    Error(StepFailure),
}

impl Subprocess {
    /// A step that runs `program` with `arguments` and speaks [`JsonProtocol`] to it.
    pub fn new<I>(program: impl Into<PathBuf>, arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            protocol: Arc::new(JsonProtocol),
        }
    }

    /// Speaks another protocol.
    #[must_use]
    pub fn protocol(mut self, protocol: Arc<dyn Protocol>) -> Self {
        self.protocol = protocol;
        self
    }

    fn failed(&self, what: &str, detail: impl std::fmt::Display) -> StepFailure {
        StepFailure::retryable(
            StepFailure::PROCESS_FAILED,
            format!("{}: {what}: {detail}", self.program.display()),
        )
    }

    fn ended(&self, status: ExitStatus, stderr: &[u8]) -> StepFailure {
        let tail = &stderr[stderr.len().saturating_sub(STDERR_TAIL_BYTES)..];
        let tail = String::from_utf8_lossy(tail);
        match status.signal() {
            Some(signal) => StepFailure::retryable(
                StepFailure::PROCESS_KILLED,
                format!("{}: killed by signal {signal}", self.program.display()),
            ),
            None => self.failed(
                "gave no answer",
                format_args!("{status}, stderr: {}", tail.trim()),
            ),
        }
    }
}

impl Step for Subprocess {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        let request = serde_json::to_vec(&self.protocol.request(cx)?)
            .map_err(|error| self.failed("make the request", error))?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env(PARENT_PID_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| self.failed("start", error))?;
        let (status, output, stderr) =
            talk(&mut child, &request, cx.stop).map_err(|error| self.failed("wait", error))?;
        // A command that was killed may have written half an answer, or a whole one and then not
        // ended well; only a command that ended by itself is believed.
        if status.signal().is_none()
            && let Some(answer) = self.protocol.response(cx, &output)
        {
            return answer;
        }
        Err(self.ended(status, &stderr))
    }
}

/// Feeds a command and reads all it says, until it has ended and its process group with it.
fn talk(
    child: &mut Child,
    request: &[u8],
    stop: &Stop,
) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A command that ends without reading its input is judged by its answer.
            stdin.map(|mut stdin| stdin.write_all(request))
        });
        let stdout = scope.spawn(move || read_all(stdout));
        let stderr = scope.spawn(move || read_all(stderr));
        let status = reap(child, stop);
        let read = |reader: std::thread::ScopedJoinHandle<'_, Vec<u8>>| {
            reader
                .join()
                .map_err(|_| std::io::Error::other("a reading thread panicked"))
        };
        let (stdout, stderr) = (read(stdout)?, read(stderr)?);
        Ok((status?, stdout, stderr))
    })
}

fn read_all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is kept; a missing answer is reported by the caller.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

/// Waits for the command, then kills what is left of its process group, so that nothing keeps its
/// pipes open. The command is waited for without being reaped first: as long as it is a zombie, no
/// other process can take over its number.
fn reap(child: &mut Child, stop: &Stop) -> std::io::Result<ExitStatus> {
    let pid = Pid::from_child(child);
    stop.bind(pid);
    loop {
        match waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        ) {
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    stop.unbind();
    // The group is usually gone with its leader.
    let _ = kill_process_group(pid, Signal::KILL);
    child.wait()
}

impl Protocol for JsonProtocol {
    fn request(&self, cx: &StepContext<'_>) -> Result<Value, StepFailure> {
        let inputs: Vec<Value> = cx
            .inputs
            .iter()
            .map(|input| {
                json!({
                    "asset": input.asset,
                    "partition": input.partition.as_deref(),
                    "data_version": input.data_version,
                    "metadata": input.metadata,
                })
            })
            .collect();
        Ok(json!({
            "run": cx.run,
            "asset": cx.asset,
            "partition": cx.partition,
            "attempt": cx.attempt,
            "epoch": cx.epoch,
            "token": cx.token,
            "inputs": inputs,
            "config": cx.config,
        }))
    }

    fn response(
        &self,
        _cx: &StepContext<'_>,
        output: &[u8],
    ) -> Option<Result<Materialized, StepFailure>> {
        match serde_json::from_slice(output) {
            Ok(Answer::Ok(made)) => Some(Ok(made)),
            Ok(Answer::Error(failure)) => Some(Err(failure)),
            Err(_) => None,
        }
    }
}

impl std::fmt::Debug for Subprocess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subprocess")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
