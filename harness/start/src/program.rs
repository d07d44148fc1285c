//! Programs: `temporal-server` in the cache or named by the user, the Temporal CLI on PATH.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Program, Way, cache};

/// The variable that names a `temporal-server` instead of the cached one.
const SERVER_OVERRIDE: &str = "ORCHBENCH_TEMPORAL_SERVER";
/// The variable that names a Temporal CLI.
const CLI_OVERRIDE: &str = "ORCHBENCH_TEMPORAL_CLI";

/// The Temporal CLI, for whoever drives a server with it: the one that `ORCHBENCH_TEMPORAL_CLI`
/// names, on PATH, or in the cache (`docker/install-temporal.sh` puts it there).
///
/// # Errors
/// The places that were looked at.
pub fn command_line() -> Result<PathBuf, String> {
    if let Some(path) = named_by(CLI_OVERRIDE) {
        return Ok(path);
    }
    let cached = cache::bin("temporal")?;
    find("temporal")
        .or_else(|| Some(cached.clone()).filter(|path| path.exists()))
        .ok_or_else(|| {
            format!(
                "no program named temporal on PATH, and no {}",
                cached.display()
            )
        })
}

/// The program that `ORCHBENCH_TEMPORAL_SERVER` names, else the one in the cache.
pub(crate) fn overridden_or_in_cache() -> Result<Program, String> {
    match named_by(SERVER_OVERRIDE) {
        Some(path) => checked(Way::Cache, path).map_err(|e| format!("{SERVER_OVERRIDE}: {e}")),
        None => in_cache(),
    }
}

/// Whether `ORCHBENCH_TEMPORAL_SERVER` names a program.
pub(crate) fn is_overridden() -> bool {
    named_by(SERVER_OVERRIDE).is_some()
}

pub(crate) fn named_by(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|p| !p.is_empty())?;
    Some(PathBuf::from(path))
}

/// The program in the cache.
pub(crate) fn in_cache() -> Result<Program, String> {
    let path = cache::server()?;
    if !path.exists() {
        return Err(format!("{} is not there", path.display()));
    }
    checked(Way::Cache, path)
}

/// A `temporal-server` that answers `--version`.
pub(crate) fn checked(way: Way, path: PathBuf) -> Result<Program, String> {
    let version = output_of(&path, &["--version"])?;
    Ok(Program { way, path, version })
}

/// The first executable file of this name on PATH.
pub fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| {
            path.metadata()
                .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        })
}

/// What a short-lived program prints on standard output, trimmed.
///
/// # Errors
/// When it cannot be run or fails, with what it said.
pub fn output_of(program: &Path, args: &[&str]) -> Result<String, String> {
    let name = program.display();
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{name} cannot be run: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{name} {} ended with {}: {}",
            args.join(" "),
            output.status,
            said.trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
