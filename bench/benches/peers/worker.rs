//! The two workers as processes, with the same limits.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use orchbench_lab::process::{Child, CommandSpec, Stream, Usage, orchbench_binary};
use orchbench_temporal::{SettingsName, WorkerSettings};

/// Pollers of each kind of task: what the Rust SDK has where nobody sets another number, and the
/// server does not ask for autoscaling (`frontend.pollerAutoscalingAutoEnroll`, off by default).
pub const POLLERS: usize = 5;
/// More than a worker's own bound for what is in work when it is told to stop.
const GRACE: Duration = Duration::from_secs(15);

/// On which SDK a worker is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// This project's worker.
    Rust,
    /// The one of `bench/peers/go`.
    Go,
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Go => "Go",
        })
    }
}

/// Builds the Go worker into the target folder; `None` where there is no Go.
pub fn build_go() -> Result<Option<PathBuf>> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers-go-worker");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .args([program.as_os_str(), ".".as_ref()])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/go"))
        // An older Go fetches the one that go.mod asks for.
        .envs([
            ("CGO_ENABLED", "0"),
            ("GOFLAGS", ""),
            ("GOTOOLCHAIN", "auto"),
        ])
        .output();
    match built {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("go build of bench/peers/go"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(
                output.status.success(),
                "go build of bench/peers/go ended with {}: {said}",
                output.status
            );
            Ok(Some(program))
        }
    }
}

/// A worker process that polls.
pub struct Worker {
    child: Child,
    /// Held, as a worker that writes into a closed pipe would end.
    _said: BufReader<ChildStdout>,
}

impl Worker {
    /// Of this project, on `queue` of the server at `address`; its files are in `folder`.
    pub fn rust(folder: &Path, address: &str, queue: &str) -> Result<Self> {
        let work_dir = folder.join("work");
        let words: [&OsStr; 10] = [
            "worker".as_ref(),
            "temporal".as_ref(),
            "--temporal-address".as_ref(),
            address.as_ref(),
            "--namespace".as_ref(),
            "default".as_ref(),
            "--task-queue".as_ref(),
            queue.as_ref(),
            "--work-dir".as_ref(),
            work_dir.as_ref(),
        ];
        Self::start(CommandSpec::foreign(orchbench_binary()?, words), folder)
    }

    /// The Go program, likewise, with the limits of the Rust worker.
    pub fn go(program: &Path, folder: &Path, address: &str, queue: &str) -> Result<Self> {
        let limits = WorkerSettings::of(SettingsName::Default);
        let words = [
            format!("-address={address}"),
            "-namespace=default".to_owned(),
            format!("-task-queue={queue}"),
            format!("-cached-workflows={}", limits.cached_workflows),
            format!("-workflow-tasks={}", limits.workflow_task_slots),
            format!("-activities={}", limits.activity_slots),
            format!(
                "-eager-activities={}",
                limits.eager_activities_per_workflow_task
            ),
            format!("-pollers={POLLERS}"),
            format!("-sticky-timeout={}ms", limits.sticky_timeout_ms),
            format!("-drain={}ms", limits.drain_ms),
        ];
        Self::start(CommandSpec::foreign(program, words), folder)
    }

    /// Starts a program and waits for its word `ready`; it ends by itself where it cannot be.
    fn start(spec: CommandSpec, folder: &Path) -> Result<Self> {
        let log = folder.join("worker.log");
        let spec = spec.stdout(Stream::Piped).stderr(Stream::Log(log.clone()));
        let mut child = Child::spawn(&spec, "worker")?;
        let stdout = child.take_stdout().context("the worker's output")?;
        let mut said = BufReader::new(stdout);
        let mut line = String::new();
        while !line.contains("ready") {
            line.clear();
            if said.read_line(&mut line)? == 0 {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("the worker ended before it was ready: {}", log.trim());
            }
        }
        Ok(Self { child, _said: said })
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id()).context("the worker is gone")
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        let status = self.child.terminate(GRACE)?;
        ensure!(
            status.success(),
            "after SIGTERM: expected exit code 0, found {status}"
        );
        Ok(())
    }
}
