//! `materialize --on temporal` with `worker assets`: the built binary on a real server, with hosts that are killed, frozen
//! and woken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
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
            .arg(self.journal_dir());
        let stderr = File::create(self.folder.path(&format!("{name}.err")))?;
        let host = Host::spawn(&command, File::create(&log)?, stderr)?;
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
        command.stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// Whether a host has begun a step of a run that it has not ended, by the journal.
    fn in_flight(&self, pid: u32, run: &str) -> Result<bool> {
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
    fn at_work(&self) -> Result<()> {
        until("a step is at work", || {
            Ok(!self.journal(Kind::Invoke)?.is_empty())
        })
    }

    /// Everything was made once, and the log is as it was committed.
    fn all_made_once(&self, run: &str) -> Result<Value> {
        let shown = self.folder.json(0, &["assets", "show", run])?;
        ensure!(shown["status"] == "success", "{shown}");
        let mut pieces = made_in(self.folder.command(&["assets", "show", run, "--json"]))?;
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
            .env("ORCHBENCH_STORE", "s3://artifacts/year");
        command
    }

    /// The same of one that has steps.
    fn with_steps(&self, place: &Place, disk: &Folder, words: &[&str]) -> Command {
        let mut command = self.command(place, disk, words);
        command.args(["--warehouse", self.postgres.url()]);
        command
    }
}

impl Shared {
    /// Starts a host on a disk of its own, and waits until the server sees it.
    fn host(&self, place: &Place, disk: &Folder, more: &[&str]) -> Result<Host> {
        let log = disk.path("log");
        let words = [&["worker", "assets", "--tuned"], more].concat();
        let command = self.with_steps(place, disk, &words);
        let stderr = disk.path("log.err");
        let stderr = File::options().create(true).append(true).open(stderr)?;
        let host = Host::spawn(&command, File::create(&log)?, stderr)?;
        until("the server sees the host", || {
            Ok(std::fs::read_to_string(&log)?.contains("ready"))
        })?;
        Ok(host)
    }
}

impl Host {
    /// Starts one that dies with the thread that started it, however that ends.
    fn spawn(command: &Command, stdout: File, stderr: File) -> Result<Self> {
        let mut bound = Command::new("setpriv");
        bound
            .args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(name, value),
                None => bound.env_remove(name),
            };
        }
        Ok(Self(bound.spawn()?))
    }

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

fn ended(mut child: Child) -> Result<(Option<i32>, Value, String)> {
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

/// The pieces that a run has made, by what `assets show` tells.
fn made_in(mut show: Command) -> Result<Vec<String>> {
    let output = show.output()?;
    let shown: Value = serde_json::from_slice(&output.stdout).with_context(|| text(&output))?;
    let events = shown["events"].as_array().context("no events")?;
    let made = events
        .iter()
        .filter(|event| event["event"] == "materialized");
    Ok(made
        .map(|event| format!("{} {}", event["asset"], event["partition"]))
        .collect())
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
    let hosts = disks.iter().map(|disk| shared.host(&place, disk, &[]));
    let _hosts = hosts.collect::<Result<Vec<_>>>()?;
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
        let output = shared.with_steps(&place, &asks, &words).output()?;
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
    let mut elsewhere = shared.with_steps(&place, &asks, &["materialize", "my-source"]);
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
    // One step at a time, so that no other one is in the middle of a commit, for whose lock all would wait.
    let run = place.materialize(&["--run", "run", "--concurrency", "1"])?;
    place.at_work()?;
    frozen.signal(Signal::STOP)?;
    let begun = place.journal(Kind::Invoke)?.len();
    let _living = place.host("b", 0)?;
    // As soon as the other host has made something, this one goes on with what it had begun.
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
        Ok(told(&log)?.contains("is fenced off by attempt"))
    })?;
    Ok(())
}

/// Which host is struck in a run, when, and how; drawn by the run's number.
struct Strike {
    /// The first host that is looked at; the next one that is at work is struck.
    host: usize,
    /// When so many steps of the run have begun.
    steps: usize,
    freezes: bool,
}

impl Strike {
    fn of(run: u64) -> Self {
        let lot = run.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        let below = |lot: u64, bound: u64| usize::try_from(lot % bound).unwrap_or(0);
        Self {
            host: below(lot, 3),
            steps: 1 + below(lot / 3, 36),
            freezes: (lot / 128).is_multiple_of(2),
        }
    }
}

/// In each run a random host is killed, or frozen until the run is over. `ORCHBENCH_STRIKES=100` makes a hundred runs.
#[test]
fn a_random_host_dies_in_each_run_and_nothing_is_lost_or_doubled() -> Result<()> {
    let Some(postgres) = LocalPostgres::find_and_start()? else {
        println!("not run: PostgreSQL binaries not found");
        return Ok(());
    };
    let runs: u64 = match std::env::var("ORCHBENCH_STRIKES") {
        Ok(runs) => runs.parse()?,
        Err(_) => 4,
    };
    let shared = Shared {
        postgres,
        s3: S3::start()?,
    };
    let place = Place::new()?;
    let journal = place.journal_dir();
    let journal = journal.to_str().context("a name")?;
    let words_of_host = ["--step-delay-ms", "60", "--journal-dir", journal];
    let disks = [Folder::new()?, Folder::new()?, Folder::new()?];
    let hosts = disks
        .iter()
        .map(|disk| shared.host(&place, disk, &words_of_host));
    let mut hosts = hosts.collect::<Result<Vec<_>>>()?;
    let asks = Folder::new()?;
    let alone = Folder::new()?.json(0, &["materialize", "my-source"])?;
    let (mut void, mut killed, mut frozen) = (0, 0, 0);
    let mut number = 0;
    while killed + frozen < runs {
        ensure!(void <= runs, "{void} strikes of {number} hit nothing");
        let strike = Strike::of(number);
        let id = format!("run-{number}");
        number += 1;
        let words = [
            "materialize",
            "my-source",
            "--on",
            "temporal",
            "--json",
            "--run",
            &id,
        ];
        let mut command = shared.with_steps(&place, &asks, &words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = command.spawn()?;
        let mut at = strike.host;
        until("the run has come so far", || {
            let begun = place.journal(Kind::Invoke)?;
            let own = begun
                .iter()
                .filter(|record| record.run.as_deref() == Some(&id));
            Ok(own.count() >= strike.steps)
        })?;
        for next in 0..3 {
            at = (strike.host + next) % 3;
            if place.in_flight(hosts[at].0.id(), &id)? {
                break;
            }
        }
        let host = &hosts[at];
        let signal = if strike.freezes {
            Signal::STOP
        } else {
            Signal::KILL
        };
        host.signal(signal)?;
        let hit = place.in_flight(host.0.id(), &id)?;
        let (code, told, said) = ended(run)?;
        ensure!(code == Some(0), "{id}: {said}");
        if strike.freezes {
            host.signal(Signal::CONT)?;
        } else {
            hosts[at] = shared.host(&place, &disks[at], &words_of_host)?;
        }
        match (hit, strike.freezes) {
            (false, _) => void += 1,
            (true, true) => frozen += 1,
            (true, false) => killed += 1,
        }
        // Each piece is made once, and all of it is what one process makes.
        let shown = shared.command(&place, &asks, &["assets", "show", &id, "--json"]);
        let made = made_in(shown)?;
        ensure!(made.len() == 40, "{id}: {} made", made.len());
        let once: BTreeSet<&String> = made.iter().collect();
        ensure!(once.len() == 40, "{id}: {made:?}");
        ensure!(versions(&told)? == versions(&alone)?, "{id}: {told}");
        ensure!(told["rows"] == alone["rows"], "{id}: {told}");
    }
    println!("{killed} killed and {frozen} frozen at work, {void} strikes hit nothing");
    let verified = shared
        .command(&place, &asks, &["assets", "verify"])
        .output()?;
    ensure!(verified.status.code() == Some(0), "{}", text(&verified));
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
