//! The two workers as processes, with the same limits.

use std::ffi::OsStr;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use orchbench_bench::Worker;
use orchbench_lab::process::{CommandSpec, orchbench_binary};
use orchbench_temporal::{SettingsName, WorkerSettings};

/// Pollers of each kind of task: what the Rust SDK has where nobody sets another number, and the
/// server does not ask for autoscaling (`frontend.pollerAutoscalingAutoEnroll`, off by default).
pub const POLLERS: usize = 5;

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

/// The worker of this project, on `queue` of the server at `address`; its files are in `folder`.
pub fn rust(folder: &Path, address: &str, queue: &str) -> Result<Worker> {
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
    start(CommandSpec::foreign(orchbench_binary()?, words), folder)
}

/// The Go program, likewise, with the limits of the Rust worker.
pub fn go(program: &Path, folder: &Path, address: &str, queue: &str) -> Result<Worker> {
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
    start(CommandSpec::foreign(program, words), folder)
}

fn start(spec: CommandSpec, folder: &Path) -> Result<Worker> {
    Worker::start(spec, &folder.join("worker.log"))
}
