//! How long it takes until a worker's death in mid-activity is noticed, against the heartbeat timeout
//! and the sticky timeout: the settings that govern it.
//!
//! Two worker processes share a queue; one is killed with SIGKILL while it has a step in hand.
//! **Detection** is the start of attempt 2 in the effect journal, minus the last heartbeat that the
//! server has received, minus the retry interval of the policy. Retried attempts are not in the
//! history, so it is cross-checked by polling the pending activities: when attempt 2 began by the
//! server's own account. **Going on** is the time from the end of attempt 2 to the next step: the next
//! workflow task waits in the dead worker's sticky queue, when the dead worker had the workflow.
//!
//! Prints a table, and writes it between the markers in `pipelines/temporal/README.md` when
//! `ORCHBENCH_WRITE_TABLE=1`.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use orchbench::engine::{StepExecution, TemporalWorker, WorkerConfig};
use orchbench_bench::{is_quick, keep_table};
use orchbench_etl::journal::{Kind, Record, read_dir};
use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, EtlConfig, RetrySpec, StepName, monotonic_ns,
};
use orchbench_lab::process::{Child, CommandSpec, Stream, TempFolder};
use orchbench_lab::server::{Choice, LocalServer, ServerSettings, ServerSpec, provision};
use orchbench_temporal::client::PendingActivity;
use orchbench_temporal::{Client, PipelineInput, Target};

const HEARTBEAT_MS: [u64; 3] = [1_000, 2_000, 5_000];
const TUNED: [bool; 2] = [false, true];
const TRIALS: usize = 3;
/// Of a quick bench: the shortest timeout, once.
const QUICK: (&[u64], usize) = (&[1_000], 1);
const RETRY_MS: u64 = 100;
const PATIENCE: Duration = Duration::from_secs(60);

/// One trial, in milliseconds.
struct Detection {
    detection: f64,
    /// The journal's start of attempt 2 minus the server's.
    against_server: f64,
    going_on: f64,
}

fn main() -> Result<()> {
    // Workers and server are this program itself, as with `orchbench`.
    orchbench::cli::serve_if_child();
    let folder = TempFolder::create("detection")?;
    let provisioned = provision(&Choice::Auto, &|what, _| eprintln!("{what}"))?;
    let spec = ServerSpec::new(folder.path().join("server")).settings(ServerSettings::tuned());
    let server = LocalServer::start(&provisioned, &spec)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let client = runtime.block_on(Client::connect(server.address(), "default", PATIENCE))?;

    let (timeouts_ms, trials) = match is_quick() {
        true => QUICK,
        false => (&HEARTBEAT_MS[..], TRIALS),
    };
    let mut table = vec![
        "| heartbeat timeout | sticky timeout | detection, median (range) | bound | journal against server | until the workflow goes on |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for tuned in TUNED {
        for &heartbeat_ms in timeouts_ms {
            let mut all = Vec::new();
            for trial in 0..trials {
                let name = format!("detect-{tuned}-{heartbeat_ms}-{trial}");
                let dir = folder.path().join(&name);
                let stage = Stage {
                    name: &name,
                    dir: &dir,
                    address: server.address(),
                    client: &client,
                    tuned,
                    heartbeat_ms,
                };
                all.push(
                    runtime
                        .block_on(stage.trial())
                        .with_context(|| name.clone())?,
                );
            }
            let row = row(tuned, heartbeat_ms, &all);
            println!("{row}");
            table.push(row);
        }
    }
    server.stop()?;
    let table = table.join("\n");
    println!("\n{table}");
    if is_quick() {
        return Ok(());
    }
    keep_table("pipelines/temporal/README.md", "detection", &table)
}

fn row(tuned: bool, heartbeat_ms: u64, trials: &[Detection]) -> String {
    let range = |value: fn(&Detection) -> f64| {
        let mut values: Vec<f64> = trials.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        (
            values[0],
            values[values.len() / 2],
            values[values.len() - 1],
        )
    };
    let (low, median, high) = range(|trial| trial.detection);
    let bound = heartbeat_ms as f64 + 1_000.0;
    let verdict = if high <= bound { "met" } else { "not met" };
    let server = range(|trial| trial.against_server);
    let on = range(|trial| trial.going_on);
    let sticky_s = if tuned { 1 } else { 10 };
    format!(
        "| {heartbeat_ms} ms | {sticky_s} s | {median:.0} ms ({low:.0} to {high:.0}) | {bound:.0} ms, {verdict} | {:.0} to {:.0} ms | {:.0} ms ({:.0} to {:.0}) |",
        server.0, server.2, on.1, on.0, on.2
    )
}

struct Stage<'a> {
    name: &'a str,
    dir: &'a Path,
    address: &'a str,
    client: &'a Client,
    tuned: bool,
    heartbeat_ms: u64,
}

impl Stage<'_> {
    async fn trial(&self) -> Result<Detection> {
        std::fs::create_dir_all(self.dir)?;
        let listener = UnixListener::bind(self.dir.join("meeting"))?;
        // The first worker alone takes the workflow; its publish waits at the meeting, and sends
        // heartbeats meanwhile. The second is ready when the first one dies.
        let mut first = self.worker(1).await?;
        let input = PipelineInput {
            heartbeat_timeout_ms: self.heartbeat_ms,
            retry: RetrySpec {
                delay_ms: RETRY_MS,
                ..RetrySpec::default()
            },
            ..PipelineInput::new("one-day")
        };
        let client = self.client.clone().with_task_queue(self.name);
        client.start_pipeline(self.name, input).await?;
        let meeting = listener.try_clone()?;
        let held = tokio::task::spawn_blocking(move || meeting.accept()).await??;
        let second = self.worker(2).await?;
        let last_heartbeat = self.last_heartbeat(&client).await?;
        first.kill()?;

        let started = self.second_attempt_by_the_server(&client).await?;
        // Goes on as soon as it is there.
        drop(tokio::task::spawn_blocking(move || listener.accept()).await??);
        let again = self
            .wait("attempt 2", |records| {
                of(records, Kind::Invoke, StepName::Publish, 2).map(|r| r.t_ns)
            })
            .await?;
        let done = self
            .wait("its end", |records| {
                of(records, Kind::Ok, StepName::Publish, 2).map(|r| r.t_ns)
            })
            .await?;
        let next = self
            .wait("announce", |records| {
                of(records, Kind::Invoke, StepName::Announce, 1).map(|r| r.t_ns)
            })
            .await?;
        drop((second, held));
        let again_wall = to_wall_ns(again)?;
        Ok(Detection {
            detection: ms(again_wall, last_heartbeat) - RETRY_MS as f64,
            against_server: ms(again_wall, started),
            going_on: ms(next, done),
        })
    }

    /// The last heartbeat that the server has, in nanoseconds since 1970.
    async fn last_heartbeat(&self, client: &Client) -> Result<u64> {
        self.pending(client, "a heartbeat", |activity| activity.last_heartbeat_ns)
            .await
    }

    /// When attempt 2 began by the server's account, in nanoseconds since 1970.
    async fn second_attempt_by_the_server(&self, client: &Client) -> Result<u64> {
        self.pending(client, "attempt 2", |activity| {
            let second = activity.attempt == 2 && activity.state == "Started";
            activity.last_started_ns.filter(|_| second)
        })
        .await
    }

    /// Looks at the pending activities until one says what was waited for.
    async fn pending(
        &self,
        client: &Client,
        what: &str,
        find: impl Fn(&PendingActivity) -> Option<u64>,
    ) -> Result<u64> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let pending = client.pending_activities(self.name).await?;
            if let Some(found) = pending.iter().find_map(&find) {
                return Ok(found);
            }
            ensure!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        }
    }

    async fn wait(
        &self,
        what: &str,
        mut find: impl FnMut(&[Record]) -> Option<u64>,
    ) -> Result<u64> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(&read_dir(&self.dir.join("journal"))?.records) {
                return Ok(found);
            }
            ensure!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// An attempt at publish waits at the meeting.
    fn hold(&self, attempt: u32) -> CrashRule {
        CrashRule {
            id: format!("hold-{attempt}"),
            step: StepName::Publish,
            partition: None,
            attempt: Some(attempt),
            point: CrashPoint::BeforeEffect,
            action: CrashAction::Rendezvous {
                socket: self.dir.join("meeting"),
            },
        }
    }

    /// A ready worker process.
    async fn worker(&self, epoch: u64) -> Result<Child> {
        let warehouse = format!("sqlite:{}", self.dir.join("warehouse.sqlite").display());
        let config = WorkerConfig {
            etl: EtlConfig {
                journal_dir: Some(self.dir.join("journal")),
                worker_epoch: epoch,
                crash: Some(CrashPlan {
                    rules: [1, 2].map(|attempt| self.hold(attempt)).into(),
                    dir: self.dir.join("crash"),
                }),
                ..EtlConfig::new(self.dir.join("work"), warehouse)
            },
            concurrency: 8,
            execution: StepExecution::InProcess,
            engine: serde_json::json!(TemporalWorker {
                tuned: self.tuned,
                ..TemporalWorker::new(Target::plain(self.address, "default"), self.name)
            }),
        };
        let file = self.dir.join(format!("worker-{epoch}.json"));
        std::fs::write(&file, serde_json::to_vec(&config)?)?;
        let log = self.dir.join(format!("worker-{epoch}.log"));
        let words = [
            "worker".as_ref(),
            "temporal".as_ref(),
            "--config".as_ref(),
            file.as_os_str(),
        ];
        let spec = CommandSpec::own(words)
            .stdout(Stream::Log(log.clone()))
            .stderr(Stream::Log(log.clone()));
        let mut child = Child::spawn(&spec, "worker")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains("\"ready\"") {
                break;
            }
            let alive = child.try_wait()?.is_none() && Instant::now() < deadline;
            ensure!(alive, "worker {epoch} is not ready: {said}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(child)
    }
}

/// The first record of its kind about this attempt at a step, or a later one.
fn of(records: &[Record], kind: Kind, step: StepName, attempt: u32) -> Option<&Record> {
    records
        .iter()
        .find(|r| r.kind == kind && r.step == Some(step) && r.attempt >= Some(attempt))
}

/// A time of the monotonic clock as one since 1970; both clocks are of this host.
fn to_wall_ns(monotonic: u64) -> Result<u64> {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let ago = monotonic_ns().saturating_sub(monotonic);
    Ok(u64::try_from(wall)?.saturating_sub(ago))
}

fn ms(later: u64, earlier: u64) -> f64 {
    (later as f64 - earlier as f64) / 1e6
}
