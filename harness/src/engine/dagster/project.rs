//! The Python project of `pipelines/dagster`, as it is in this binary.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, File, include_dir};

use orchbench_lab::process::{Child, CommandSpec, Stream};

/// Its modules.
static MODULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../pipelines/dagster/src");
/// The catalogue of sources that the ETL has embedded as well.
const SOURCES: &str = include_str!("../../../../pipelines/etl/sources.toml");

/// What settings of a name set: `dagster.yaml: KEY`, by the file that an instance gets, how its
/// executor starts the processes of steps, and how a backfill becomes runs.
pub(super) fn settings(name: &str) -> BTreeMap<String, String> {
    let file = MODULES.get_file(format!("orchbench_dagster/engine/settings/{name}.yaml"));
    let text = file
        .and_then(|file| file.contents_utf8())
        .unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let set = lines.filter_map(|line| line.split_once(": "));
    let mut settings: BTreeMap<String, String> = set
        .map(|(key, value)| (format!("dagster.yaml: {key}"), value.to_owned()))
        .collect();
    if !settings.is_empty() {
        let (start_method, backfill) = match name {
            "tuned" => ("forkserver, preloaded", "single_run"),
            _ => ("spawn", "multi_run, 1 partition a run"),
        };
        settings.insert("executor: start_method".into(), start_method.into());
        settings.insert("assets: backfill_policy".into(), backfill.into());
    }
    settings
}

/// The text of a module, by its path in the package; empty where there is none.
pub(super) fn text(module: &str) -> &'static str {
    let file = MODULES.get_file(format!("orchbench_dagster/{module}.py"));
    file.and_then(|file| file.contents_utf8())
        .unwrap_or_default()
}

/// The texts of all modules.
pub(super) fn texts() -> Vec<&'static str> {
    fn below(folder: &'static Dir<'static>, texts: &mut Vec<&'static str>) {
        texts.extend(folder.files().filter_map(File::contents_utf8));
        folder.dirs().for_each(|folder| below(folder, texts));
    }
    let mut texts = Vec::new();
    below(&MODULES, &mut texts);
    texts
}

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

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A module of the engine as a program.
    pub(super) fn module(&self, module: &str, arguments: &[&OsStr]) -> CommandSpec {
        let module = OsString::from(format!("orchbench_dagster.engine.{module}"));
        let words = ["-m".into(), module].into_iter();
        self.python(words.chain(arguments.iter().map(|word| (*word).to_owned())))
    }

    /// Python with these words, which finds the project.
    pub(super) fn python<S: Into<OsString>>(
        &self,
        words: impl IntoIterator<Item = S>,
    ) -> CommandSpec {
        // Not from the folder in which the user happens to be, in no process of a run.
        CommandSpec::foreign(&self.python, words)
            .env("PYTHONPATH", &self.folder)
            .env("PYTHONSAFEPATH", "1")
    }

    /// Runs a module of the engine to its end.
    ///
    /// # Errors
    /// How it ended, with the last line of its standard error, which goes to `log`.
    pub(super) fn run(&self, module: &str, arguments: &[&OsStr], log: &Path) -> Result<(), String> {
        let said = |error: &dyn std::fmt::Display| format!("{module}: {error}");
        let spec = self
            .module(module, arguments)
            .stderr(Stream::Log(log.to_owned()));
        let mut child = Child::spawn(&spec, module).map_err(|error| said(&error))?;
        let status = child.wait().map_err(|error| said(&error))?;
        if status.success() {
            return Ok(());
        }
        let text = fs::read_to_string(log).unwrap_or_default();
        let last = text.lines().last().unwrap_or_default();
        Err(said(&format!("{status}: {last}")))
    }
}
