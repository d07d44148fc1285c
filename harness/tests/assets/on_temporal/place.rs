//! Where hosts are, what they share, and what runs on them told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use orchbench_etl::journal::{Kind, Record, read_dir};
use orchbench_lab::postgres::LocalPostgres;
use orchbench_lab::process::{self, TempFolder};
use orchbench_lab::server::{self, Choice, Server, ServerSettings, ServerSpec};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::folder::{Folder, text};
use crate::host::Host;
use crate::s3::S3;
use crate::until::until;

/// A Temporal server of the test's own, and a work folder that all hosts share.
pub struct Place {
    pub folder: Folder,
    pub server: Server,
    _temporal: TempFolder,
}

/// What hosts share that have each a disk of their own.
pub struct Shared {
    pub postgres: LocalPostgres,
    pub s3: S3,
}

impl Place {
    pub fn new() -> Result<Self> {
        process::bind_with_setpriv();
        process::sweep()?;
        let temporal = TempFolder::create("assets-on-temporal")?;
        let spec = ServerSpec::new(temporal.path()).settings(ServerSettings::tuned());
        let program =
            server::find(&Choice::Cache).map_err(|unavailable| anyhow::anyhow!("{unavailable}"))?;
        Ok(Self {
            folder: Folder::new()?,
            server: Server::start(&program, &spec)?,
            _temporal: temporal,
        })
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.folder.command(words);
        command.env("TEMPORAL_ADDRESS", self.server.address());
        command
    }

    /// Starts a host whose steps take so many milliseconds longer, and waits until the server sees it.
    pub fn host(&self, name: &str, delay_ms: u64) -> Result<Host> {
        let mut command = self.command(&["worker", "assets", "--source", "one-day", "--tuned"]);
        command
            .args(["--step-delay-ms", &delay_ms.to_string(), "--journal-dir"])
            .arg(self.journal_dir());
        Host::start(&command, &self.folder.path(name))
    }

    pub fn journal_dir(&self) -> PathBuf {
        self.folder.path("journal")
    }

    pub fn journal(&self, kind: Kind) -> Result<Vec<Record>> {
        let mut records = read_dir(&self.journal_dir())?.records;
        records.retain(|record| record.kind == kind);
        Ok(records)
    }

    pub fn materialize(&self, words: &[&str]) -> Result<Child> {
        let words = [
            &["materialize", "one-day", "--on", "temporal", "--json"],
            words,
        ]
        .concat();
        let mut command = self.command(&words);
        command.stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// Whether a host has begun a step of a run that it has not ended, by the journal.
    pub fn in_flight(&self, pid: u32, run: &str) -> Result<bool> {
        let records = read_dir(&self.journal_dir())?.records;
        let of_host = |record: &&Record| {
            record.writer.ends_with(&format!("-{pid}")) && record.run.as_deref() == Some(run)
        };
        let count = |kind: Kind| {
            let records = records.iter().filter(of_host);
            records.filter(|record| record.kind == kind).count()
        };
        Ok(count(Kind::Invoke) > count(Kind::Ok) + count(Kind::Error))
    }

    /// Waits until a step is at work on some host.
    pub fn at_work(&self) -> Result<()> {
        until("a step is at work", || {
            Ok(!self.journal(Kind::Invoke)?.is_empty())
        })
    }

    /// Everything was made once, and the log is as it was committed.
    pub fn all_made_once(&self, run: &str) -> Result<Value> {
        let shown = self.folder.json(0, &["assets", "show", run])?;
        ensure!(shown["status"] == "success", "{shown}");
        let mut pieces = made_in(&shown)?;
        let count = pieces.len();
        pieces.sort();
        pieces.dedup();
        ensure!(count == 10 && pieces.len() == 10, "{pieces:?}");
        self.folder.expect(0, &["assets", "verify"])?;
        Ok(shown)
    }
}

impl Shared {
    /// `None`, and a word about it, without PostgreSQL's programs.
    pub fn start() -> Result<Option<Self>> {
        let Some(postgres) = LocalPostgres::find_and_start()? else {
            println!("not run: PostgreSQL binaries not found");
            return Ok(None);
        };
        let s3 = S3::start()?;
        Ok(Some(Self { postgres, s3 }))
    }

    /// A host on each of some disks.
    pub fn hosts(&self, place: &Place, disks: &[Folder], more: &[&str]) -> Result<Vec<Host>> {
        let hosts = disks.iter().map(|disk| self.host(place, disk, more));
        hosts.collect()
    }

    /// A command on a disk of its own.
    pub fn command(&self, place: &Place, disk: &Folder, words: &[&str]) -> Command {
        let mut command = disk.command(words);
        command
            .envs(self.s3.environment())
            .env("TEMPORAL_ADDRESS", place.server.address())
            .env("ORCHBENCH_CATALOG", self.postgres.url())
            .env("ORCHBENCH_STORE", "s3://artifacts/year");
        command
    }

    /// Asks for a run of `my-source`, which is waited for.
    pub fn materialize(&self, place: &Place, disk: &Folder, run: &str, more: &[&str]) -> Command {
        let words = ["materialize", "my-source", "--on", "temporal", "--json"];
        let words = [&words, &["--run", run][..], more].concat();
        self.with_steps(place, disk, &words)
    }

    /// The same of one that has steps.
    pub fn with_steps(&self, place: &Place, disk: &Folder, words: &[&str]) -> Command {
        let mut command = self.command(place, disk, words);
        command.args(["--warehouse", self.postgres.url()]);
        command
    }

    /// A run of `my-source` made each piece once, and all of it is what one process makes, by what both told.
    pub fn all_made_once(
        &self,
        place: &Place,
        disk: &Folder,
        run: &str,
        [told, alone]: [&Value; 2],
    ) -> Result<()> {
        let mut show = self.command(place, disk, &["assets", "show", run, "--json"]);
        let shown = show.output()?;
        let shown = serde_json::from_slice(&shown.stdout).with_context(|| text(&shown))?;
        let made = made_in(&shown)?;
        let once: BTreeSet<&String> = made.iter().collect();
        ensure!((made.len(), once.len()) == (40, 40), "{run}: {made:?}");
        ensure!(versions(told)? == versions(alone)?, "{run}: {told}");
        ensure!(told["rows"] == alone["rows"], "{run}: {told}");
        Ok(())
    }

    /// The log is as it was committed.
    pub fn is_sound(&self, place: &Place, disk: &Folder) -> Result<()> {
        let mut verify = self.command(place, disk, &["assets", "verify"]);
        let verified = verify.output()?;
        ensure!(verified.status.code() == Some(0), "{}", text(&verified));
        Ok(())
    }

    /// Starts a host on a disk of its own, and waits until the server sees it.
    pub fn host(&self, place: &Place, disk: &Folder, more: &[&str]) -> Result<Host> {
        let words = [&["worker", "assets", "--tuned"], more].concat();
        let command = self.with_steps(place, disk, &words);
        Host::start(&command, &disk.path("log"))
    }
}

pub fn signal(host: &Host, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(host.0.id())?).context("no pid")?;
    Ok(kill_process(pid, signal)?)
}

/// How a command ended: its exit code, what it told as JSON, and all that it said.
pub fn ended(mut child: Child) -> Result<(Option<i32>, Value, String)> {
    let deadline = Instant::now() + Duration::from_secs(180);
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            child.kill()?;
            bail!("within three minutes: the run has ended");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output: Output = child.wait_with_output()?;
    let said = text(&output);
    let value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Ok((output.status.code(), value, said))
}

/// The pieces that a run has made, by what `assets show` tells.
fn made_in(shown: &Value) -> Result<Vec<String>> {
    let events = shown["events"].as_array().context("no events")?;
    let made = events
        .iter()
        .filter(|event| event["event"] == "materialized");
    Ok(made
        .map(|event| format!("{} {}", event["asset"], event["partition"]))
        .collect())
}

/// The versions of what a run made, by asset and partition.
pub fn versions(told: &Value) -> Result<BTreeMap<String, String>> {
    let made = told["materializations"]
        .as_array()
        .context("no list")?
        .iter();
    let version = |made: &Value| {
        let piece = format!("{} {}", made["asset"], made["partition"]);
        (piece, made["data_version"].to_string())
    };
    Ok(made.map(version).collect())
}
