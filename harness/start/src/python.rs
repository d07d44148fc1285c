//! Python with exactly the packages of a lock: a virtual environment in the harness's cache, made by
//! the Python that is there.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::build::{command, supervise};
use super::program::{find, output_of};
use super::{OFFLINE, Progress, cache};

/// Names a Python instead, whose packages are the user's matter.
const OVERRIDE: &str = "ORCHBENCH_PYTHON";
/// The oldest Python that the locks are for.
const OLDEST: (u32, u32) = (3, 11);
/// The copy of the lock in an environment: written last, so one that has it is whole.
const MADE_FROM: &str = "made-from.lock";

/// The packages of an environment.
#[derive(Debug, Clone, Copy)]
pub struct Packages {
    /// What they are called together; the main package's name.
    pub name: &'static str,
    /// Exact versions with hashes, as `pip install --require-hashes` reads them.
    pub lock: &'static str,
}

impl Packages {
    /// A Python with these packages, as far as one is here: the one that `ORCHBENCH_PYTHON` names,
    /// else the one in the cache. Nothing is made or fetched.
    ///
    /// # Errors
    /// What it lacks.
    pub fn cached(&self) -> Result<PathBuf, String> {
        if let Some(python) = std::env::var_os(OVERRIDE).filter(|value| !value.is_empty()) {
            return self.of_user(PathBuf::from(python));
        }
        let folder = self.folder()?;
        let made_from = fs::read_to_string(folder.join(MADE_FROM));
        if made_from.is_ok_and(|lock| lock == self.lock) {
            return Ok(python_of(&folder));
        }
        Err(format!("{} is not there", folder.display()))
    }

    /// Why no environment could be made here; nothing is made or fetched.
    ///
    /// # Errors
    /// What is missing.
    pub fn makeable(&self) -> Result<PathBuf, String> {
        if std::env::var_os(OFFLINE).is_some_and(|value| !value.is_empty()) {
            return Err(format!("not made: {OFFLINE} is set"));
        }
        let python = find("python3").ok_or("no program named python3 on PATH")?;
        let script = "import sys, venv, ensurepip; print(*sys.version_info[:2])";
        let version = output_of(&python, &["-c", script])?;
        let mut numbers = version.split(' ').map_while(|number| number.parse().ok());
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found < OLDEST {
            let (python, (major, minor)) = (python.display(), OLDEST);
            return Err(format!(
                "{python}: expected {major}.{minor} or newer, found {version}"
            ));
        }
        Ok(python)
    }

    /// As [`Self::cached`]; else makes the environment. `progress` is told about once a second.
    ///
    /// # Errors
    /// What is missing, or what `venv` or `pip` said.
    pub fn provision(&self, progress: &Progress) -> Result<PathBuf, String> {
        let lacking = match self.cached() {
            Ok(python) => return Ok(python),
            Err(lacking) => lacking,
        };
        // The user named a Python: no other can stand in for it.
        if std::env::var_os(OVERRIDE).is_some_and(|value| !value.is_empty()) {
            return Err(lacking);
        }
        let python = self.makeable()?;
        let _lock = cache::FillLock::take(progress)?;
        // Another process may have made it while this one waited.
        self.cached().or_else(|_| self.make(&python, progress))
    }

    fn make(&self, python: &Path, progress: &Progress) -> Result<PathBuf, String> {
        let folder = self.folder()?;
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        let mut create = command(python);
        create.args(["-m", "venv", "--clear"]).arg(&folder);
        supervise(create, "python3 -m venv", progress)?;
        let lock = folder.join("requirements.lock");
        fs::write(&lock, self.lock).map_err(failed)?;
        let mut pip = command(&python_of(&folder));
        pip.args([
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(&lock);
        supervise(pip, &format!("pip install {}", self.name), progress)?;
        fs::rename(&lock, folder.join(MADE_FROM)).map_err(failed)?;
        Ok(python_of(&folder))
    }

    /// The user's Python, when it has the main package in the version of the lock.
    fn of_user(&self, python: PathBuf) -> Result<PathBuf, String> {
        let named = |why: String| format!("{OVERRIDE} {}: {why}", python.display());
        let script = format!(
            "import importlib.metadata as m; print(m.version('{}'))",
            self.name
        );
        let found = output_of(&python, &["-c", &script]).map_err(named)?;
        let expected = self.version();
        if found == expected {
            return Ok(python);
        }
        Err(named(format!(
            "expected {} {expected}, found {found}",
            self.name
        )))
    }

    /// The version of the main package.
    #[must_use]
    pub fn version(&self) -> &'static str {
        let pinned = self.lock.lines().find_map(|line| {
            let version = line.strip_prefix(self.name)?.strip_prefix("==")?;
            version.split([' ', '\\']).next()
        });
        pinned.unwrap_or_default()
    }

    /// One for each lock: what was made from another stays as it is, as it may be in use.
    fn folder(&self) -> Result<PathBuf, String> {
        let digest = Sha256::digest(self.lock.as_bytes());
        let digest: String = digest[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(cache::folder()?.join(format!("{}-{}-{digest}", self.name, self.version())))
    }
}

fn python_of(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_main_package() {
        let packages = Packages {
            name: "dag",
            lock: "dag-shared==9.9 \\\n    --hash=sha256:0\ndag==1.13.29 \\\n    --hash=sha256:1\n",
        };
        assert_eq!(packages.version(), "1.13.29");
    }
}
