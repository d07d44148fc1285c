//! The server of the tests, the binary under test, and workers as processes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use orchbench::engine::{StepExecution, TemporalWorker, WorkerConfig};
use orchbench_etl::EtlConfig;
use orchbench_etl::catalogue::CatalogueService;
use orchbench_lab::process::PARENT_ENV;
use orchbench_lab::server::{
    Choice, LocalServer, Provisioned, ServerSettings, ServerSpec, provision,
};
use orchbench_temporal::Target;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    folder: TempDir,
    server: LocalServer,
    catalogue: CatalogueService,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Stage {
    /// A dev server as a process.
    pub fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let provisioned = provision(&Choice::Cache, &|what, _| println!("{what}"))?;
        let spec =
            ServerSpec::new(folder.path().join("server")).settings(ServerSettings::named("tuned")?);
        Self::with(folder, &provisioned, &spec)
    }

    /// The server that is provisioned.
    pub fn on(provisioned: &Provisioned, spec: &ServerSpec) -> Result<Self> {
        Self::with(tempfile::tempdir()?, provisioned, spec)
    }

    fn with(folder: TempDir, provisioned: &Provisioned, spec: &ServerSpec) -> Result<Self> {
        Ok(Self {
            server: LocalServer::start(provisioned, spec)?,
            catalogue: CatalogueService::start(&folder.path().join("receipts.jsonl"))?,
            folder,
        })
    }

    pub fn close(self) -> Result<()> {
        Ok(self.server.stop()?)
    }

    /// SIGKILL to the server, then the same server again on the same database.
    pub fn restart_server(&mut self) -> Result<()> {
        self.server.kill()?;
        self.server.restart()?;
        Ok(())
    }

    pub fn address(&self) -> &str {
        self.server.address()
    }

    /// A folder of the test's own.
    pub fn dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.folder.path().join(name);
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// `orchbench workflow …` on the stage's server.
    pub fn workflow(&self, args: &[&str]) -> Result<Said> {
        let server = ["--temporal-address", self.address()];
        said(orchbench().arg("workflow").args(args).args(server))
    }

    /// [`Stage::workflow`] that must succeed and say JSON.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        self.workflow(&[args, &["--json"]].concat())?.json()
    }

    /// A worker's configuration, with a warehouse and a journal in `dir`.
    pub fn config(&self, dir: &Path, queue: &str) -> WorkerConfig {
        let warehouse = format!("sqlite:{}", dir.join("warehouse.sqlite").display());
        WorkerConfig {
            etl: EtlConfig {
                catalogue_url: Some(self.catalogue.url().to_owned()),
                journal_dir: Some(dir.join("journal")),
                ..EtlConfig::new(dir.join("work"), warehouse)
            },
            concurrency: 8,
            execution: StepExecution::InProcess,
            engine: serde_json::json!(TemporalWorker {
                tuned: true,
                ..TemporalWorker::new(Target::plain(self.address(), "default"), queue)
            }),
        }
    }

    /// A ready worker on `queue`, with a warehouse of its own.
    pub fn worker(&self, queue: &str) -> Result<Worker> {
        let dir = self.dir(&format!("worker-{queue}"))?;
        Worker::configured(&dir, "worker", &self.config(&dir, queue))
    }
}

impl Said {
    /// The output of a command that succeeded.
    pub fn text(self) -> Result<String> {
        ensure!(self.code == 0, "{self:?}");
        Ok(self.out)
    }

    /// The output as JSON.
    pub fn json(self) -> Result<Value> {
        let text = self.text()?;
        serde_json::from_str(&text).with_context(|| text.clone())
    }

    /// A command that must end with `code` and one error that has all the `parts`.
    pub fn refused(&self, code: i32, parts: &[&str]) -> Result<()> {
        ensure!(self.code == code, "expected exit code {code}: {self:?}");
        let errors = self
            .err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count();
        ensure!(errors == 1, "expected one error, found {errors}: {self:?}");
        for part in parts {
            ensure!(self.err.contains(part), "expected {part:?}: {self:?}");
        }
        Ok(())
    }
}

/// The binary under test, with nothing of the environment that speaks of a Temporal server.
pub fn orchbench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TEMPORAL_") {
            command.env_remove(name);
        }
    }
    command
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

pub fn said(command: &mut Command) -> Result<Said> {
    let output = command.output()?;
    Ok(Said {
        code: output.status.code().context("ended by a signal")?,
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// Looks until `holds` says what was waited for.
pub fn until<T>(what: &str, mut holds: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = holds()? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A worker process; it is killed when the test forgets it.
pub struct Worker {
    child: Child,
    log: PathBuf,
}

impl Worker {
    /// A ready worker with a configuration as the harness writes it.
    pub fn configured(dir: &Path, name: &str, config: &WorkerConfig) -> Result<Self> {
        let file = dir.join(format!("{name}.json"));
        std::fs::write(&file, serde_json::to_vec(config)?)?;
        Self::start(
            orchbench()
                .args(["worker", "temporal", "--config"])
                .arg(file),
            dir.join(format!("{name}.log")),
        )
    }

    /// A ready worker of this command, whose words go to `log`.
    pub fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = std::fs::File::create(&log)?;
        let child = command
            .env(PARENT_ENV, std::process::id().to_string())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let mut worker = Self { child, log };
        until("the worker is ready", || {
            let log = worker.log()?;
            if let Some(status) = worker.child.try_wait()? {
                bail!("the worker ended with {status}: {log}");
            }
            Ok(log.contains("\"ready\"").then_some(()))
        })?;
        Ok(worker)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        let pid = rustix::process::Pid::from_raw(pid).context("a pid")?;
        Ok(rustix::process::kill_process(
            pid,
            rustix::process::Signal::TERM,
        )?)
    }

    /// SIGKILL.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// How it ended, within the patience.
    pub fn ended(mut self) -> Result<ExitStatus> {
        until("the worker ends", || Ok(self.child.try_wait()?))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
