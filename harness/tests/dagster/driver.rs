//! A worker of Dagster as the harness sees it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use orchbench::engine::protocol::{Op, Reply, Request};
use orchbench::engine::{Ended, Job, Pipeline, Work};
use orchbench_etl::catalogue::CatalogueService;
use orchbench_etl::journal::{Journal, read_dir};
use orchbench_etl::{EtlConfig, RetrySpec};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

/// Beside the catalogue's own: two days of one airport.
pub const SOURCES: &str = r#"
[sources.one-day]
title = "One day"
first = "2013-01-01"
last = "2013-01-01"

[sources.two-days]
title = "Two days"
origins = ["EWR"]
first = "2013-01-01"
last = "2013-01-02"
"#;

const WITHIN: Duration = Duration::from_secs(120);

/// The Python with Dagster in it; `None`, with a word about it, where there is none.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("ORCHBENCH_PYTHON").map_or_else(
        || {
            let home = std::env::var_os("HOME").unwrap_or_default();
            Path::new(&home).join(".cache/orchbench/venv/bin/python")
        },
        PathBuf::from,
    );
    let imported = Command::new(&python)
        .args(["-c", "import dagster"])
        .output();
    if imported.is_ok_and(|imported| imported.status.success()) {
        return Some(python);
    }
    println!("not run: {} has no dagster", python.display());
    None
}

/// A command of that Python which finds the project and leaves the clone as it is.
pub fn command(python: &Path, arguments: &[&str]) -> Command {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines/dagster");
    let mut command = Command::new(python);
    command
        .args(arguments)
        .current_dir(&project)
        .env("PYTHONPATH", project.join("src"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ORCHBENCH_SOURCES", project.join("../etl/sources.toml"));
    command
}

/// A trial's folder: work, warehouse, journal and home, with a catalogue service.
pub struct Stage {
    pub folder: TempDir,
    pub etl: EtlConfig,
    pub python: PathBuf,
    execution: &'static str,
    settings: &'static str,
    _catalogue: CatalogueService,
}

impl Stage {
    pub fn new(python: PathBuf, execution: &'static str, settings: &'static str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let catalogue = CatalogueService::start(&path("receipts.jsonl"))?;
        std::fs::write(path("sources.toml"), SOURCES)?;
        std::fs::create_dir(path("journal"))?;
        let warehouse = format!("sqlite:{}", path("warehouse.sqlite").display());
        let etl = EtlConfig {
            journal_dir: Some(path("journal")),
            catalogue_url: Some(catalogue.url().to_owned()),
            sources_file: Some(path("sources.toml")),
            ..EtlConfig::new(path("work"), warehouse)
        };
        Ok(Self {
            folder,
            etl,
            python,
            execution,
            settings,
            _catalogue: catalogue,
        })
    }

    /// Starts a worker and waits until it is ready.
    pub fn worker(&self) -> Result<Worker> {
        let config = self.folder.path().join("worker.json");
        let text = json!({
            "etl": self.etl,
            "concurrency": 2,
            "execution": self.execution,
            "engine": {
                "home": self.home(),
                "settings": self.settings,
                "orchbench": env!("CARGO_BIN_EXE_orchbench"),
            },
        });
        std::fs::write(&config, text.to_string())?;
        let mut command = command(&self.python, &["-m", "orchbench_dagster.engine.worker"]);
        command.arg("--config").arg(config);
        Worker::spawn(command)
    }

    /// Dagster's own account of a run.
    pub fn account(&self, run: &str) -> Result<Account> {
        let output = command(&self.python, &["-m", "orchbench_dagster.engine.records"])
            .arg("--home")
            .arg(self.home())
            .args(["account", run])
            .output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {stderr}", output.status);
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    pub fn journal(&self) -> Result<Journal> {
        let folder = self.etl.journal_dir.as_deref().context("no journal")?;
        let journal = read_dir(folder)?;
        ensure!(journal.problems.is_empty(), "{:?}", journal.problems);
        Ok(journal)
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
}

#[derive(Debug, Deserialize)]
pub struct Account {
    pub succeeded: bool,
    pub steps: Vec<orchbench_evidence::record::HistoryStep>,
    pub materializations: u64,
}

/// The ETL over a source.
pub fn pipeline(source: &str, retry: RetrySpec) -> Job {
    Job::Pipeline(Pipeline::new(source, retry))
}

/// A worker process; it is gone when this is dropped.
pub struct Worker {
    child: Child,
    requests: ChildStdin,
    replies: Receiver<Reply>,
    id: u64,
}

impl Worker {
    fn spawn(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let requests = child.stdin.take().context("no input")?;
        let replied = BufReader::new(child.stdout.take().context("no output")?);
        let (reply, replies) = channel();
        std::thread::spawn(move || {
            for line in replied.lines().map_while(Result::ok) {
                let said = serde_json::from_str(&line).map(|said| reply.send(said));
                assert!(said.is_ok(), "expected a reply, found {line}");
            }
        });
        let worker = Self {
            child,
            requests,
            replies,
            id: 0,
        };
        let pid = worker.child.id();
        match worker.replies.recv_timeout(WITHIN)? {
            Reply::Ready {
                pid: said,
                journal: false,
            } if said == pid => Ok(worker),
            other => bail!("expected worker {pid} to be ready, found {other:?}"),
        }
    }

    fn send(&mut self, op: Op) -> Result<u64> {
        self.id += 1;
        let request = Request { id: self.id, op };
        writeln!(self.requests, "{}", serde_json::to_string(&request)?)?;
        Ok(self.id)
    }

    /// The answer to a request: that it was started, or why not.
    pub fn start(&mut self, run: &str, job: &Job) -> Result<Reply> {
        let work = Work {
            run: run.to_owned(),
            job: job.clone(),
        };
        let id = self.send(Op::Start(work))?;
        let reply = self.replies.recv_timeout(WITHIN)?;
        ensure!(reply.id() == Some(id), "{reply:?}");
        Ok(reply)
    }

    /// How a run ended.
    pub fn wait(&mut self, run: &str) -> Result<Ended> {
        self.wait_at_most(run, WITHIN)?.context("no end")
    }

    /// How a run ended, if it did in time.
    pub fn wait_at_most(&mut self, run: &str, within: Duration) -> Result<Option<Ended>> {
        let run = run.to_owned();
        self.send(Op::Wait { run })?;
        match self.replies.recv_timeout(within) {
            Ok(Reply::Ended { ended, .. }) => Ok(Some(ended)),
            Ok(other) => bail!("expected an end, found {other:?}"),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Starts a run and waits for its end.
    pub fn run(&mut self, run: &str, job: &Job) -> Result<Ended> {
        let reply = self.start(run, job)?;
        ensure!(matches!(reply, Reply::Started { .. }), "{reply:?}");
        self.wait(run)
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

use crate::Outcome;

impl Drop for Worker {
    fn drop(&mut self) {
        // Gone before is gone as well.
        let _ = self.kill();
    }
}
