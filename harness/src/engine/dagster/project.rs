//! The Python project of `pipelines/dagster`, as it is in this binary.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use orchbench_lab::process::CommandSpec;

/// Its modules.
static MODULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../pipelines/dagster/src");
/// The catalogue of sources that the ETL has embedded as well.
const SOURCES: &str = include_str!("../../../../pipelines/etl/sources.toml");

/// The project in a folder, with the Python that runs it.
#[derive(Debug, Clone)]
pub(super) struct Project {
    python: PathBuf,
    folder: PathBuf,
}

impl Project {
    /// Writes the project into a folder.
    pub(super) fn unpack(python: PathBuf, folder: &Path) -> Result<Self, String> {
        MODULES
            .extract(folder)
            .and_then(|()| fs::write(folder.join("sources.toml"), SOURCES))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self {
            python,
            folder: folder.to_owned(),
        })
    }

    /// The catalogue file of the sources.
    pub(super) fn sources(&self) -> PathBuf {
        self.folder.join("sources.toml")
    }

    /// A module of the engine as a program.
    pub(super) fn module<const N: usize>(
        &self,
        module: &str,
        arguments: [&OsStr; N],
    ) -> CommandSpec {
        let module = OsString::from(format!("orchbench_dagster.engine.{module}"));
        let words = ["-m".into(), module].into_iter();
        let arguments = arguments.map(OsStr::to_owned);
        // Not from the folder in which the user happens to be, in no process of a run.
        CommandSpec::foreign(&self.python, words.chain(arguments))
            .env("PYTHONPATH", &self.folder)
            .env("PYTHONSAFEPATH", "1")
    }
}
