//! Crashes: at every write of the catalog, and by SIGKILL of a real process.
//!
//! Whatever the instant, the next executor finds every committed materialization and none half
//! done, resumes the run, executes again only what did not commit, and gives each piece an attempt
//! number above any it had before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::fixture::{key, piece, pure_version};
use crate::catalog::{Failpoint, FailpointMode};
use crate::executor::Hooks;
use crate::{
    Asset, AssetGraph, Event, Executor, ExecutorOptions, Mapping, Materialized, PartitionChange,
    Partitions, RetryPolicy, RunRequest, RunStatus, Step, StepContext, StepFailure,
};

/// A step that leaves a line in a file before it does anything, as a witness of its own.
struct Witnessed {
    file: Mutex<std::fs::File>,
}

impl Step for Witnessed {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        use std::io::Write;
        let line = format!("{} {}\n", piece(cx.asset, cx.partition), cx.attempt);
        self.file
            .lock()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
        if cx.asset.as_str() == "flaky" && cx.attempt == 1 {
            return Err(StepFailure::retryable("Planned", "first attempt"));
        }
        Ok(pure_version(cx))
    }
}

pub fn witness(dir: &Path) -> std::path::PathBuf {
    dir.join("witness.txt")
}

fn pipeline(dir: &Path, retry: &RetryPolicy) -> Arc<AssetGraph> {
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(witness(dir))
        .unwrap();
    let witnessed = Arc::new(Witnessed {
        file: Mutex::new(file),
    });
    let step: Arc<dyn Step> = witnessed.clone();
    let range = move |cx: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
        let made = witnessed.execute(cx)?;
        Ok(cx.partition_keys.iter().map(|_| made.clone()).collect())
    };
    let asset = |name: &str| Asset::shared(key(name), Arc::clone(&step)).retry(retry.clone());
    let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
    let the_day_before = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: -1,
    };
    let mut assets = vec![
        asset("lookup"),
        asset("flaky"),
        asset("raw").partitions(days.clone()),
        asset("loaded")
            .partitions(days.clone())
            .depends_on(key("raw"))
            .depends_on(key("lookup")),
        Asset::ranged(key("range"), range)
            .retry(retry.clone())
            .partitions(days.clone())
            .depends_on(key("raw")),
        asset("balance")
            .partitions(days)
            .depends_on_mapped(key("balance"), the_day_before)
            .depends_on(key("hourly")),
        asset("marts")
            .depends_on(key("loaded"))
            .depends_on(key("flaky")),
    ];
    assets.extend(of_partitions_that_come(&asset));
    Arc::new(AssetGraph::new(assets).unwrap())
}

/// Hours, keys that come at run time, and days that come with the time.
fn of_partitions_that_come(asset: &dyn Fn(&str) -> Asset) -> [Asset; 4] {
    let hours = Partitions::hourly("2013-01-01-23:00", "2013-01-02-00:00").unwrap();
    let fruits = Partitions::dynamic("fruits").unwrap();
    let other = Mapping::keys([("plum", ["apple"]), ("apple", ["pear"])]);
    let so_far = Partitions::daily_since("2013-01-01").unwrap();
    [
        asset("hourly").partitions(hours),
        asset("fruit").partitions(fruits.clone()),
        asset("juice")
            .partitions(fruits)
            .depends_on_mapped(key("fruit"), other),
        asset("so_far").partitions(so_far),
    ]
}

fn policy() -> RetryPolicy {
    RetryPolicy {
        max_crash_retries: 1000,
        ..RetryPolicy::constant(2, 0)
    }
}

pub fn open(dir: &Path, failpoint: Failpoint) -> Result<Executor, crate::CatalogError> {
    Executor::open_with(
        &dir.join("catalog.db"),
        ExecutorOptions::default().concurrency(3),
        Hooks {
            failpoint,
            ..Hooks::default()
        },
    )
}

pub fn run(executor: &Executor, dir: &Path) -> Result<crate::RunOutcome, crate::EngineError> {
    let fruits = ["plum", "apple"].map(|key| PartitionChange::added("fruits", key));
    executor.change_partitions(fruits)?;
    // Two days are over then.
    let then = "2013-01-03T00:00:00Z".parse().unwrap();
    let graph = pipeline(dir, &policy()).current_at(executor.catalog(), then)?;
    for submitted in executor.submit_all([RunRequest::new("run", graph)]) {
        submitted?;
    }
    executor.wait("run")
}

/// Opens the catalog after a crash, resumes the run if the crash left one, and checks everything.
pub fn resume_and_check(dir: &Path) {
    let executor = open(dir, Failpoint::default()).unwrap();
    let events = executor.catalog().events("run").unwrap();
    let committed: BTreeMap<String, String> = events
        .iter()
        .filter_map(|record| match &record.event {
            Event::Materialized(made) => Some((
                piece(&made.asset, made.partition.as_deref()),
                made.data_version.clone(),
            )),
            _ => None,
        })
        .collect();
    let executed_before = std::fs::read_to_string(witness(dir)).unwrap_or_default();
    let ended = events
        .iter()
        .any(|record| matches!(record.event, Event::RunEnded { .. }));
    let left: Vec<String> = executor
        .unfinished()
        .into_iter()
        .map(|run| run.run)
        .collect();
    assert_eq!(left.len(), usize::from(!events.is_empty() && !ended));

    let outcome = run(&executor, dir).unwrap();
    assert_eq!(outcome.status, RunStatus::Success, "{outcome:?}");
    assert!(executor.unfinished().is_empty());
    assert_eq!(outcome.steps.materialized, 23);
    let text = std::fs::read_to_string(witness(dir)).unwrap();
    let executed_after: BTreeSet<&str> = text[executed_before.len()..]
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    for (piece, version) in &committed {
        assert!(
            !executed_after.contains(piece.as_str()),
            "{piece} ran again"
        );
        let kept = outcome
            .materializations
            .iter()
            .find(|made| super::fixture::piece(&made.asset, made.partition.as_deref()) == *piece);
        assert_eq!(&kept.unwrap().data_version, version);
    }
    let mut attempts: HashMap<&str, u32> = HashMap::new();
    for line in text.lines() {
        let (piece, attempt) = line.split_once(' ').unwrap();
        let attempt: u32 = attempt.parse().unwrap();
        let last = attempts.insert(piece, attempt).unwrap_or(0);
        assert!(
            attempt > last,
            "{piece}: attempt {attempt} after {last}\n{text}"
        );
    }
    check_log(&executor);
}

/// The log of the whole story: no gap, no piece materialized twice, every attempt ended.
fn check_log(executor: &Executor) {
    let events = executor.catalog().all_events().unwrap();
    let mut made = BTreeSet::new();
    let mut open = BTreeSet::new();
    for (position, record) in events.iter().enumerate() {
        assert_eq!(record.seq, position as u64 + 1);
        match &record.event {
            Event::AttemptStarted(attempt) => {
                let piece = piece(&attempt.asset, attempt.partition.as_deref());
                assert!(
                    open.insert((piece.clone(), attempt.attempt)),
                    "{piece} began twice"
                );
            }
            Event::AttemptInterrupted(attempt) | Event::AttemptFailed { attempt, .. } => {
                let piece = piece(&attempt.asset, attempt.partition.as_deref());
                assert!(
                    open.remove(&(piece.clone(), attempt.attempt)),
                    "{piece} ended twice"
                );
            }
            Event::Materialized(one) => {
                let piece = piece(&one.asset, one.partition.as_deref());
                // Of a range, the first piece stands for the attempt.
                let is_led = piece.starts_with("range@") && piece != "range@2013-01-01";
                assert!(
                    open.remove(&(piece.clone(), one.attempt)) != is_led,
                    "{piece} never began"
                );
                assert!(made.insert(piece.clone()), "{piece} was materialized twice");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_write_may_be_the_last() {
    let writes = {
        let dir = tempfile::tempdir().unwrap();
        let count = Failpoint::new(0, FailpointMode::Error);
        let executor = open(dir.path(), count.clone()).unwrap();
        run(&executor, dir.path()).unwrap();
        count.writes()
    };
    assert!(writes > 50, "{writes}");
    // A run that retries and commits in other groups may write a little more or less.
    for fail_at in 1..=writes + 5 {
        let dir = tempfile::tempdir().unwrap();
        let failpoint = Failpoint::new(fail_at, FailpointMode::Error);
        if let Ok(executor) = open(dir.path(), failpoint) {
            let _ = run(&executor, dir.path());
        }
        resume_and_check(dir.path());
    }
}

#[test]
fn a_crash_during_resume_is_resumed_too() {
    for fail_at in 1..40 {
        let dir = tempfile::tempdir().unwrap();
        for fail_at in [20, fail_at] {
            let failpoint = Failpoint::new(fail_at, FailpointMode::Error);
            if let Ok(executor) = open(dir.path(), failpoint) {
                let _ = run(&executor, dir.path());
            }
        }
        resume_and_check(dir.path());
    }
}

const CHILD_DIR: &str = "ASSET_ENGINE_TEST_CRASH_DIR";
const CHILD_FAIL_AT: &str = "ASSET_ENGINE_TEST_CRASH_AT";

/// The part of a process that kills itself in mid-write; does nothing in an ordinary test run.
#[test]
fn crash_child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let fail_at = std::env::var(CHILD_FAIL_AT).unwrap().parse().unwrap();
    let failpoint = Failpoint::new(fail_at, FailpointMode::Kill);
    let executor = open(Path::new(&dir), failpoint).unwrap();
    run(&executor, Path::new(&dir)).unwrap();
}

#[test]
fn sigkill_of_a_real_process_loses_and_doubles_nothing() {
    for fail_at in [2, 5, 6, 9, 14, 22, 31, 40, 45] {
        let dir = tempfile::tempdir().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "executor::tests::crash::crash_child",
                "--nocapture",
            ])
            .env(CHILD_DIR, dir.path())
            .env(CHILD_FAIL_AT, fail_at.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.signal(), Some(9), "write {fail_at}: {status}");
        resume_and_check(dir.path());
    }
}

#[test]
fn attempts_used_up_by_crashes_fail_the_step() {
    let dir = tempfile::tempdir().unwrap();
    let strict = RetryPolicy {
        max_crash_retries: 0,
        ..RetryPolicy::default()
    };
    let request = || RunRequest::new("run", pipeline(dir.path(), &strict));
    // Write 7 comes after the submission (epoch, event, run, two of the commit) and one start.
    let failpoint = Failpoint::new(7, FailpointMode::Error);
    let executor = open(dir.path(), failpoint).unwrap();
    assert!(executor.run(request()).is_err());
    drop(executor);
    let executor = open(dir.path(), Failpoint::default()).unwrap();
    let outcome = executor.run(request()).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    assert!(
        outcome.failures.iter().any(
            |failed| failed.failure.error_type == StepFailure::INTERRUPTED && failed.attempt == 1
        ),
        "{outcome:?}"
    );
}
