//! `materialize --on temporal` with `worker assets`: the built binary on a real server, with hosts that are killed, frozen
//! and woken.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use orchbench_etl::journal::{Kind, Record, read_dir};
use orchbench_lab::postgres::LocalPostgres;
use orchbench_lab::process::{self, TempFolder};
use orchbench_lab::server::{self, Choice, Server, ServerSettings, ServerSpec};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::folder::{Folder, text};
use crate::s3::S3;
use crate::until::until;

/// A Temporal server of the test's own, and a work folder that all hosts share.
struct Place {
    folder: Folder,
    server: Server,
    _temporal: TempFolder,
}

/// What hosts share that have each a disk of their own.
struct Shared {
    postgres: LocalPostgres,
    s3: S3,
}

/// A host: a worker's process, killed when it is dropped.
struct Host(Child);

impl Place {
    fn new() -> Result<Self> {
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

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.folder.command(words);
        command.env("TEMPORAL_ADDRESS", self.server.address());
        command
    }

    /// Starts a host whose steps take so many milliseconds longer, and waits until the server sees it.
    fn host(&self, name: &str, delay_ms: u64) -> Result<Host> {
        let log = self.folder.path(name);
        let mut command = self.command(&["worker", "assets", "--source", "one-day", "--tuned"]);
        command
            .args(["--step-delay-ms", &delay_ms.to_string(), "--journal-dir"])
            .arg(self.journal_dir())
            .stdout(File::create(&log)?)
            .stderr(File::create(self.folder.path(&format!("{name}.err")))?);
        let host = Host(command.spawn()?);
        until("the server sees the host", || {
            Ok(std::fs::read_to_string(&log)?.contains("ready"))
        })?;
        Ok(host)
    }

    fn journal_dir(&self) -> std::path::PathBuf {
        self.folder.path("journal")
    }

    fn journal(&self, kind: Kind) -> Result<Vec<Record>> {
        let mut records = read_dir(&self.journal_dir())?.records;
        records.retain(|record| record.kind == kind);
        Ok(records)
    }

    fn materialize(&self, words: &[&str]) -> Result<Child> {
        let words = [
            &["materialize", "one-day", "--on", "temporal", "--json"],
            words,
        ]
        .concat();
        let mut command = self.command(&words);
        command.stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        Ok(command.spawn()?)
    }

    /// Waits until a step is at work on some host.
    fn at_work(&self) -> Result<()> {
        until("a step is at work", || {
            Ok(!self.journal(Kind::Invoke)?.is_empty())
        })
    }

    /// Everything was made once, and the log is as it was committed.
    fn all_made_once(&self, run: &str) -> Result<Value> {
        let shown = self.folder.json(0, &["assets", "show", run])?;
        ensure!(shown["status"] == "success", "{shown}");
        let events = shown["events"].as_array().context("no events")?;
        let made = events
            .iter()
            .filter(|event| event["event"] == "materialized");
        let mut pieces: Vec<String> = made
            .map(|event| format!("{} {}", event["asset"], event["partition"]))
            .collect();
        let count = pieces.len();
        pieces.sort();
        pieces.dedup();
        ensure!(count == 10 && pieces.len() == 10, "{pieces:?}");
        self.folder.expect(0, &["assets", "verify"])?;
        Ok(shown)
    }
}

impl Shared {
    /// A command on a disk of its own.
    fn command(&self, place: &Place, disk: &Folder, words: &[&str]) -> Command {
        let mut command = disk.command(words);
        command
            .envs(self.s3.environment())
            .env("TEMPORAL_ADDRESS", place.server.address())
            .env("ORCHBENCH_CATALOG", self.postgres.url())
            .env("ORCHBENCH_STORE", "s3://artifacts/year")
            .args(["--warehouse", self.postgres.url()]);
        command
    }
}

impl Host {
    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.0.id())?).context("no pid")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ended(child: Child) -> Result<(Option<i32>, Value, String)> {
    let output: Output = child.wait_with_output()?;
    let said = text(&output);
    let value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Ok((output.status.code(), value, said))
}

#[test]
fn a_run_is_asked_for_and_executed_by_hosts_and_a_second_one_makes_nothing() -> Result<()> {
    let place = Place::new()?;
    let _hosts = [place.host("a", 0)?, place.host("b", 0)?];
    let (code, first, said) = ended(place.materialize(&["--run", "first"])?)?;
    ensure!(code == Some(0), "{said}");
    ensure!(
        first["steps"]["materialized"] == 10 && first["rows"]["loaded"] == 842,
        "{first}"
    );
    place.all_made_once("first")?;
    let (code, again, said) = ended(place.materialize(&["--run", "again", "--stale"])?)?;
    ensure!(code == Some(0) && again["steps"]["fresh"] == 10, "{said}");
    // Under the id of a run that has ended, that is said.
    let (code, same, said) = ended(place.materialize(&["--run", "first"])?)?;
    ensure!(
        code == Some(0) && same["submitted"] == "ended before",
        "{said}"
    );
    // What another engine made of the same input is the same.
    let process = place
        .folder
        .json(0, &["materialize", "one-day", "--stale", "--run", "own"])?;
    ensure!(process["steps"]["fresh"] == 10, "{process}");
    Ok(())
}

/// The versions of what a run made, by asset and partition.
fn versions(told: &Value) -> Result<BTreeMap<String, String>> {
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

#[test]
fn hosts_share_nothing_but_the_server_the_catalog_and_the_store() -> Result<()> {
    let Some(postgres) = LocalPostgres::find_and_start()? else {
        println!("not run: PostgreSQL binaries not found");
        return Ok(());
    };
    let s3 = S3::start()?;
    let shared = Shared { postgres, s3 };
    let place = Place::new()?;
    let disks = [Folder::new()?, Folder::new()?, Folder::new()?];
    let mut hosts = Vec::new();
    for disk in &disks {
        let log = disk.path("log");
        let mut command = shared.command(&place, disk, &["worker", "assets", "--tuned"]);
        command
            .stdout(File::create(&log)?)
            .stderr(File::create(disk.path("log.err"))?);
        hosts.push(Host(command.spawn()?));
        until("the server sees the host", || {
            Ok(std::fs::read_to_string(&log)?.contains("ready"))
        })?;
    }
    // Nor does who asks for the run.
    let asks = Folder::new()?;
    let words = [
        "materialize",
        "my-source",
        "--on",
        "temporal",
        "--json",
        "--run",
    ];
    let run = |id: &str, more: &[&str]| -> Result<Value> {
        let words = [&words[..], &[id], more].concat();
        let output = shared.command(&place, &asks, &words).output()?;
        let said = text(&output);
        ensure!(output.status.code() == Some(0), "{said}");
        serde_json::from_slice(&output.stdout).with_context(|| said)
    };
    let first = run("first", &[])?;
    ensure!(first["steps"]["materialized"] == 40, "{first}");
    for disk in disks.iter().chain([&asks]) {
        let artifacts = disk.path("work/artifacts");
        ensure!(
            !artifacts.exists(),
            "{}: there are artifacts",
            artifacts.display()
        );
    }
    ensure!(shared.s3.bucket().join("year/flights").exists());
    let again = run("again", &["--stale"])?;
    ensure!(
        again["steps"]["materialized"] == 0 && again["steps"]["fresh"] == 40,
        "{again}"
    );
    // All of it is what one process makes on one disk.
    let alone = Folder::new()?;
    let own = alone.json(0, &["materialize", "my-source"])?;
    ensure!(versions(&own)? == versions(&first)?, "{own}, {first}");
    ensure!(own["rows"] == first["rows"], "{own}, {first}");
    // A command that takes the work folder for where the artifacts are is told.
    let mut elsewhere = shared.command(&place, &asks, &["materialize", "my-source"]);
    let refused = elsewhere.env_remove("ORCHBENCH_STORE").output()?;
    let said = text(&refused);
    ensure!(
        refused.status.code() == Some(2) && said.contains("store s3://artifacts/year"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_host_that_is_killed_at_work_costs_nothing_but_time() -> Result<()> {
    let place = Place::new()?;
    let dead = place.host("a", 60_000)?;
    let run = place.materialize(&["--run", "run"])?;
    place.at_work()?;
    dead.signal(Signal::KILL)?;
    let _living = place.host("b", 0)?;
    let (code, told, said) = ended(run)?;
    ensure!(
        code == Some(0) && told["steps"]["materialized"] == 10,
        "{said}"
    );
    let shown = place.all_made_once("run")?;
    let events = shown["events"].as_array().context("no events")?;
    let died = events
        .iter()
        .filter(|event| event["event"] == "interrupted");
    ensure!(died.count() > 0, "no attempt died: {shown}");
    Ok(())
}

#[test]
fn a_host_that_was_frozen_and_wakes_changes_nothing() -> Result<()> {
    let place = Place::new()?;
    let frozen = place.host("a", 1_000)?;
    let run = place.materialize(&["--run", "run"])?;
    place.at_work()?;
    frozen.signal(Signal::STOP)?;
    let _living = place.host("b", 0)?;
    // As soon as the other host has made something, this one goes on with what it had begun.
    let begun = place.journal(Kind::Invoke)?.len();
    until("the other host has taken over", || {
        Ok(place.journal(Kind::Invoke)?.len() > begun + 2)
    })?;
    frozen.signal(Signal::CONT)?;
    let (code, _, said) = ended(run)?;
    ensure!(code == Some(0), "{said}");
    place.all_made_once("run")?;
    // It was at work when it was frozen, came to its end, and was told that another one had been first.
    let told = |path: &Path| Ok::<_, anyhow::Error>(std::fs::read_to_string(path)?);
    let log = place.folder.path("a.err");
    until("it is refused", || {
        Ok(told(&log)?.contains("is fenced off by attempt 2"))
    })?;
    Ok(())
}

#[test]
fn what_is_asked_for_wrongly_is_said_before_anything_runs() -> Result<()> {
    let folder = Folder::new()?;
    // No server is asked.
    let begun = Instant::now();
    for (words, told) in [
        (&["one-day/nothing"][..], "no asset one-day/nothing"),
        (&["one-day", "--partition", "2014-01-01"], "2014-01-01"),
        (&["one-day", "--concurrency", "0"], "at_once: expected 1 to"),
        (&["no-such-source"], "no-such-source"),
    ] {
        let words = [&["materialize", "--on", "temporal"], words].concat();
        let output = folder.run(&words)?;
        let said = text(&output);
        ensure!(
            output.status.code() == Some(2) && said.contains(told),
            "{words:?}: {said}"
        );
    }
    ensure!(begun.elapsed() < Duration::from_secs(60));
    let words = ["materialize", "one-day", "--on", "temporal"];
    let nobody = [
        "--temporal-address",
        "127.0.0.1:1",
        "--connect-timeout-ms",
        "300",
    ];
    let said = folder.run(&[&words[..], &nobody].concat())?;
    ensure!(said.status.code() == Some(5), "{}", text(&said));
    Ok(())
}
