//! A Python with real Dagster in it: the one that `ORCHBENCH_PYTHON` names, else an environment in
//! the cache, made of the Python that is there and of exact packages checked by their SHA-256.

use std::fs;
use std::path::{Path, PathBuf};

use super::build::{command, supervise};
use super::program::{find, named_by, output_of};
use super::{OFFLINE, Progress, cache};

/// The variable that names a Python with Dagster.
const OVERRIDE: &str = "ORCHBENCH_PYTHON";
/// Every package that Dagster needs, in its exact version, with its digests.
const LOCK: &str = include_str!("../../../pipelines/dagster/requirements.lock");
/// Written last into an environment: one without it is half made.
const WHOLE: &str = "whole";

/// A Python with Dagster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// Its program.
    pub path: PathBuf,
    /// The version of its Dagster.
    pub dagster: String,
}

/// The Python that `ORCHBENCH_PYTHON` names, else the one in the cache.
///
/// # Errors
/// What it lacks.
pub fn cached() -> Result<Python, String> {
    if let Some(path) = named_by(OVERRIDE) {
        return checked(path).map_err(|why| format!("{OVERRIDE}: {why}"));
    }
    let folder = environment()?;
    if !folder.join(WHOLE).exists() {
        return Err(format!("{} is not there", folder.display()));
    }
    checked(program(&folder))
}

/// As [`cached`], with dbt in it: dbt-core, its adapter for SQLite, and Dagster's library for dbt.
///
/// # Errors
/// What it lacks.
pub fn with_dbt() -> Result<Python, String> {
    let python = cached()?;
    let ask = "from importlib.metadata import version; \
               version('dbt-core'); version('dbt-sqlite'); version('dagster-dbt')";
    match output_of(&python.path, &["-c", ask]) {
        Ok(_) => Ok(python),
        Err(_) => {
            let lacking = "has not all of dbt-core, dbt-sqlite and dagster-dbt";
            Err(format!("{} {lacking}", python.path.display()))
        }
    }
}

/// As [`cached`]; else makes the environment in the cache. `progress` is told about once a second.
///
/// # Errors
/// What could not be done, and with what.
pub fn provision(progress: &Progress) -> Result<Python, String> {
    let lacking = match cached() {
        Ok(python) => return Ok(python),
        // The user named a program: no other can stand in for it.
        Err(lacking) if named_by(OVERRIDE).is_some() => return Err(lacking),
        Err(lacking) => lacking,
    };
    if std::env::var_os(OFFLINE).is_some_and(|set| !set.is_empty()) {
        return Err(format!("{lacking}; not made: {OFFLINE} is set"));
    }
    let python = find("python3").ok_or("no program named python3 on PATH")?;
    let folder = environment()?;
    let _lock = cache::PythonLock::take(progress)?;
    // Another process may have made it while this one waited.
    if let Ok(python) = cached() {
        return Ok(python);
    }
    fill(&python, &folder, progress)?;
    cached()
}

fn fill(python: &Path, folder: &Path, progress: &Progress) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut create = command(python);
    create.args(["-m", "venv", "--clear"]).arg(folder);
    supervise(create, "python3 -m venv", progress)?;
    let lock = folder.join("requirements.lock");
    fs::write(&lock, LOCK).map_err(failed)?;
    let mut pip = command(&program(folder));
    pip.args([
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ])
    .args(["--require-hashes", "--requirement"])
    .arg(&lock);
    supervise(pip, "pip install dagster", progress)?;
    fs::write(folder.join(WHOLE), "").map_err(failed)
}

/// Where the environment of this lock is, if it is.
fn environment() -> Result<PathBuf, String> {
    Ok(cache::folder()?.join(format!("dagster-{}", cache::tag(LOCK))))
}

fn program(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}

/// A Python that can import Dagster.
fn checked(path: PathBuf) -> Result<Python, String> {
    // The package's own metadata: an import would take half a second.
    let ask = "from importlib.metadata import version; \
               version('dagster-webserver'); version('dagster-postgres'); print(version('dagster'))";
    let dagster = output_of(&path, &["-c", ask]).map_err(|_| {
        let lacking = "has not all of dagster, dagster-webserver and dagster-postgres";
        format!("{} {lacking}", path.display())
    })?;
    Ok(Python { path, dagster })
}
