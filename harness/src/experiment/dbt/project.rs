//! The dbt project of a trial: unpacked, on a warehouse of its own, broken and repaired as a user would.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use orchbench_etl::models::rows_wrong;
use orchbench_etl::{Etl, EtlConfig, ModelProject};

use crate::engine::{Trial, TrialError};
use orchbench_lab::process::{Child, CommandSpec, Stream};
use orchbench_lab::python;

static PROJECT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../pipelines/dbt");

/// The model that fails, and what its file ends with then: a column that is not there.
pub(super) const BROKEN: &str = "mart_by_weather";
const MISTAKE: &str = ", no_such_column\n";

/// The project of a trial.
pub(super) struct Project {
    pub words: ModelProject,
    warehouse: PathBuf,
}

impl Project {
    /// Unpacks it, loads and publishes a source into its warehouse by plain calls, and has dbt read it.
    pub fn prepare(trial: &Trial<'_>, source: &str) -> Result<Self, TrialError> {
        let folder = trial.dir("dbt")?;
        let work = trial.dir("dbt-work")?;
        let warehouse = folder.join("warehouse.sqlite");
        load(trial, source, &work, &warehouse)?;
        PROJECT.extract(&folder).map_err(io(&folder))?;
        let python = python::with_dbt().map_err(TrialError::Plan)?.path;
        let journal = trial.journal_dir();
        let words = ModelProject {
            // dbt works in its project's folder.
            variables: variables(
                &folder,
                &warehouse,
                &std::path::absolute(&journal).map_err(io(&journal))?,
            ),
            folder,
            python,
        };
        write_program(&words)?;
        let project = Self { words, warehouse };
        project.parse()?;
        Ok(project)
    }

    /// Has dbt write its manifest; nothing is executed.
    fn parse(&self) -> Result<(), TrialError> {
        let log = self.words.folder.join("parse.log");
        let program = self.words.program();
        let words = ["-P".as_ref(), program.as_os_str(), "parse".as_ref()];
        let mut spec = CommandSpec::foreign(&self.words.python, words)
            .current_dir(&self.words.folder)
            .stdout(Stream::Log(log.clone()))
            .stderr(Stream::Log(log.clone()));
        for (name, value) in &self.words.variables {
            if name != JOURNAL {
                spec = spec.env(name, value);
            }
        }
        let failed = |said: &dyn std::fmt::Display| {
            TrialError::Plan(format!("dbt parse: {said}, see {}", log.display()))
        };
        let mut child = Child::spawn(&spec, "dbt parse").map_err(|error| failed(&error))?;
        let status = child.wait().map_err(|error| failed(&error))?;
        match status.success() {
            true => Ok(()),
            false => Err(failed(&status)),
        }
    }

    /// Breaks the statement of [`BROKEN`].
    pub fn break_model(&self) -> Result<(), TrialError> {
        let (path, text) = self.model()?;
        fs::write(&path, format!("{text}{MISTAKE}")).map_err(io(&path))
    }

    /// Puts it right again.
    pub fn repair_model(&self) -> Result<(), TrialError> {
        let (path, text) = self.model()?;
        fs::write(&path, text).map_err(io(&path))
    }

    /// The file of [`BROKEN`], and what it should hold.
    fn model(&self) -> Result<(PathBuf, String), TrialError> {
        let name = format!("models/{BROKEN}.sql");
        let text = PROJECT
            .get_file(&name)
            .and_then(|file| file.contents_utf8());
        let text = text.ok_or_else(|| TrialError::Plan(format!("dbt project: no {name}")))?;
        Ok((self.words.folder.join(name), text.to_owned()))
    }

    /// As [`rows_wrong`].
    pub fn rows_wrong(&self) -> Result<Vec<(&'static str, Option<u64>)>, TrialError> {
        rows_wrong(&self.warehouse)
            .map_err(|error| TrialError::Plan(format!("{}: {error}", self.warehouse.display())))
    }
}

/// Where dbt's processes keep the journal.
const JOURNAL: &str = "ORCHBENCH_DBT_JOURNAL";

fn variables(folder: &Path, warehouse: &Path, journal: &Path) -> BTreeMap<String, String> {
    let at = |path: &Path| path.display().to_string();
    let variables = [
        ("DBT_PROFILES_DIR", at(folder)),
        ("DBT_SEND_ANONYMOUS_USAGE_STATS", "false".to_owned()),
        // No question to a registry about newer versions.
        ("DBT_VERSION_CHECK", "false".to_owned()),
        ("ORCHBENCH_DBT_WAREHOUSE", at(warehouse)),
        ("ORCHBENCH_DBT_SCHEMAS", at(folder)),
        (JOURNAL, at(journal)),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// The flights to build from, and the marts to compare with, by plain calls outside of every engine.
fn load(trial: &Trial<'_>, source: &str, work: &Path, warehouse: &Path) -> Result<(), TrialError> {
    let failed = |error: &dyn std::fmt::Display| TrialError::Plan(format!("its input: {error}"));
    let url = format!("sqlite:{}", warehouse.display());
    let config = EtlConfig {
        catalogue_url: Some(trial.catalogue_url().to_owned()),
        ..EtlConfig::new(work.to_owned(), url)
    };
    trial.stage(work)?;
    let etl = Etl::open(config).map_err(|error| failed(&error))?;
    let run = format!("{}-input", trial.plan.id);
    etl.run_direct(&run, source, 1)
        .map(drop)
        .map_err(|error| failed(&error))
}

/// What an engine that calls dbt itself calls: the same program under dbt's name.
fn write_program(words: &ModelProject) -> Result<(), TrialError> {
    let path = words.folder.join("dbt");
    let (python, program) = (words.python.display(), words.program());
    let text = format!(
        "#!/bin/sh\nexec '{python}' -P '{}' \"$@\"\n",
        program.display()
    );
    fs::write(&path, text).map_err(io(&path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(io(&path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> TrialError + '_ {
    move |source| TrialError::Io {
        what: path.display().to_string(),
        source,
    }
}
