//! The Temporal CLI as a program: on PATH, in the cache, or named by the user.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Provisioned, Way, cache};

/// The pinned version of the Temporal CLI; its dev server is server 1.29.1.
pub const CLI_VERSION: &str = "1.5.1";

/// The variable that names a Temporal CLI instead of the cached one.
const OVERRIDE: &str = "ORCHBENCH_TEMPORAL_CLI";

/// `temporal` on PATH.
pub(super) fn on_path() -> Result<Provisioned, String> {
    let path = find("temporal").ok_or("no program named temporal")?;
    checked(Way::Path, path)
}

/// The program that `ORCHBENCH_TEMPORAL_CLI` names, else the one in the cache.
pub(super) fn overridden_or_in_cache() -> Result<Provisioned, String> {
    match override_path() {
        Some(path) => checked(Way::Cache, path).map_err(|e| format!("{OVERRIDE}: {e}")),
        None => in_cache(),
    }
}

/// Whether `ORCHBENCH_TEMPORAL_CLI` names a program.
pub(super) fn is_overridden() -> bool {
    override_path().is_some()
}

fn override_path() -> Option<PathBuf> {
    let path = std::env::var_os(OVERRIDE).filter(|p| !p.is_empty())?;
    Some(PathBuf::from(path))
}

/// The program in the cache.
pub(super) fn in_cache() -> Result<Provisioned, String> {
    let path = cache::temporal()?;
    if !path.exists() {
        return Err(format!("{} is not there", path.display()));
    }
    checked(Way::Cache, path)
}

/// A program that answers `--version`.
pub(super) fn checked(way: Way, path: PathBuf) -> Result<Provisioned, String> {
    let version = output_of(&path, &["--version"])?;
    Ok(Provisioned::Program { way, path, version })
}

/// The first executable file of this name on PATH.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| {
            path.metadata()
                .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        })
}

/// What a short-lived program prints on standard output, trimmed.
pub(super) fn output_of(program: &Path, args: &[&str]) -> Result<String, String> {
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
