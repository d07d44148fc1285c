//! The example source through the asset engine: equal to the plain calls, in process, in step
//! processes, and across a SIGKILL.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use asset_engine::{Execution, Executor, ExecutorOptions, RunStatus};
use orchbench_assets::{GraphOptions, noop_graph, run};
use orchbench_etl::Shape;
use orchbench_etl::catalogue::CatalogueService;
use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, Etl, EtlConfig, RetrySpec, StepCommand, StepName,
};

const SOURCE: &str = "my-source";

#[test]
fn an_input_is_made_by_no_step_though_it_is_called_as_what_is_extracted_from_it() {
    let made = |name: &str| orchbench_assets::step_making(&format!("{SOURCE}/{name}"));
    assert_eq!(made("flights"), Some(StepName::ExtractFlights));
    assert_eq!(made("input/flights"), None);
    assert_eq!(made("approval"), None);
}

/// A catalogue service that keeps its receipts in a folder of its own.
struct Catalogue {
    service: CatalogueService,
    _folder: tempfile::TempDir,
}

impl Catalogue {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = CatalogueService::start(&folder.path().join("receipts.jsonl")).unwrap();
        Self {
            service,
            _folder: folder,
        }
    }

    fn url(&self) -> String {
        self.service.url().to_owned()
    }
}

fn config(dir: &Path, url: &str) -> EtlConfig {
    EtlConfig {
        catalogue_url: Some(url.to_owned()),
        ..EtlConfig::new(
            dir.join("work"),
            format!("sqlite:{}", dir.join("warehouse.db").display()),
        )
    }
}

fn open_etl(config: EtlConfig) -> Arc<Etl> {
    Arc::new(Etl::open(config).unwrap())
}

fn open_executor(dir: &Path) -> Executor {
    Executor::open(
        dir.join("catalog.db"),
        ExecutorOptions::default().concurrency(2),
    )
    .unwrap()
}

fn quick_retries() -> RetrySpec {
    RetrySpec {
        delay_ms: 5,
        ..RetrySpec::default()
    }
}

fn kill_load(dir: &Path, point: CrashPoint) -> CrashPlan {
    CrashPlan {
        rules: vec![CrashRule {
            id: "kill-load".to_owned(),
            step: StepName::Load,
            partition: Some("2013-01-03".parse().unwrap()),
            attempt: None,
            point,
            action: CrashAction::KillSelf,
        }],
        dir: dir.join("crash"),
    }
}

#[test]
fn equals_the_plain_calls_and_changes_nothing_the_second_time() {
    let catalogue = Catalogue::start();
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let direct = open_etl(config(dirs[0].path(), &catalogue.url()))
        .run_direct("direct", SOURCE, 2)
        .unwrap();

    let etl = open_etl(config(dirs[1].path(), &catalogue.url()));
    let executor = open_executor(dirs[1].path());
    let options = GraphOptions::default();
    let first = run(&executor, &etl, "first", SOURCE, &options).unwrap();
    assert_eq!(first.partitions, 7);
    assert_eq!(first.extracted, first.accepted + first.quarantined);
    assert_eq!(first.changed, first.loaded);
    let mut same = first.clone();
    same.run = direct.run.clone();
    same.receipt = direct.receipt.clone();
    assert_eq!(same, direct);

    let second = run(&executor, &etl, "second", SOURCE, &options).unwrap();
    assert_eq!(second.changed, 0);
    assert_eq!(
        (second.loaded, &second.digest),
        (first.loaded, &first.digest)
    );
    let again = run(&executor, &etl, "first", SOURCE, &options).unwrap();
    assert_eq!(again, first);

    let unknown = run(&executor, &etl, "third", "nowhere", &options).unwrap_err();
    assert!(unknown.to_string().contains("my-source"), "{unknown}");
}

#[test]
fn b3_step_processes_give_the_same_and_survive_a_kill() {
    let catalogue = Catalogue::start();
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let direct = open_etl(config(dirs[0].path(), &catalogue.url()))
        .run_direct("direct", SOURCE, 2)
        .unwrap();

    let dir = dirs[1].path();
    let etl = open_etl(EtlConfig {
        crash: Some(kill_load(dir, CrashPoint::AfterEffect)),
        ..config(dir, &catalogue.url())
    });
    let options = GraphOptions {
        retry: quick_retries(),
        execution: Execution::Subprocess,
        command: Some(step_process()),
        ..GraphOptions::default()
    };
    let executor = open_executor(dir);
    let summary = run(&executor, &etl, "run", SOURCE, &options).unwrap();
    assert_eq!(summary.digest, direct.digest);
    assert_eq!(summary.loaded, direct.loaded);
    let killed = executor
        .catalog()
        .events("run")
        .unwrap()
        .into_iter()
        .filter(|record| match &record.event {
            asset_engine::Event::AttemptFailed { failure, .. } => {
                failure.error_type == asset_engine::StepFailure::PROCESS_KILLED
            }
            _ => false,
        });
    assert_eq!(killed.count(), 1);
}

/// The example of this package, which cargo builds for its tests, beside them.
fn step_process() -> StepCommand {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    StepCommand {
        program: path.join("examples").join("step_process"),
        arguments: Vec::new(),
    }
}

const CHILD_DIR: &str = "ORCHBENCH_ASSETS_TEST_DIR";
const CHILD_URL: &str = "ORCHBENCH_ASSETS_TEST_URL";

/// The process that is killed; does nothing in an ordinary test run.
#[test]
fn killed_child() {
    let (Some(dir), Ok(url)) = (std::env::var_os(CHILD_DIR), std::env::var(CHILD_URL)) else {
        return;
    };
    let dir = Path::new(&dir);
    let etl = open_etl(EtlConfig {
        crash: Some(kill_load(dir, CrashPoint::AfterEffect)),
        ..config(dir, &url)
    });
    let summary = run(
        &open_executor(dir),
        &etl,
        "run",
        SOURCE,
        &GraphOptions::default(),
    );
    unreachable!("the process should have been killed: {summary:?}");
}

#[test]
fn a_killed_engine_is_resumed_to_the_same_end() {
    let catalogue = Catalogue::start();
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let direct = open_etl(config(dirs[0].path(), &catalogue.url()))
        .run_direct("direct", SOURCE, 2)
        .unwrap();

    let dir = dirs[1].path();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_child"])
        .env(CHILD_DIR, dir)
        .env(CHILD_URL, catalogue.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9), "{status}");

    let executor = open_executor(dir);
    let left = executor.unfinished();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].config["source"], SOURCE);
    let etl = open_etl(config(dir, &catalogue.url()));
    let summary = run(&executor, &etl, "run", SOURCE, &GraphOptions::default()).unwrap();
    assert_eq!(summary.digest, direct.digest);
    assert_eq!(summary.loaded, direct.loaded);
    let rows = etl.warehouse().rows(SOURCE).unwrap();
    assert_eq!(rows.len() as u64, summary.loaded);
    let applied = etl.warehouse().applied().unwrap();
    let day: Vec<_> = applied
        .iter()
        .filter(|entry| entry.key == "run/load/2013-01-03")
        .map(|entry| (entry.attempt, entry.rows_changed > 0))
        .collect();
    // The load was committed before the kill; its second attempt changed nothing.
    assert_eq!(day, [(1, true), (2, false)]);
}

#[test]
fn noop_graphs_run() {
    for shape in [Shape::Chain, Shape::FanOut] {
        let executor = Executor::memory(ExecutorOptions::default());
        let graph = Arc::new(noop_graph(shape, 100, &GraphOptions::default()).unwrap());
        let edges = if shape == Shape::Chain { 99 } else { 0 };
        assert_eq!(graph.edge_count(), edges);
        let begun = std::time::Instant::now();
        let outcome = executor
            .run(asset_engine::RunRequest::new("run", graph))
            .unwrap();
        assert_eq!(outcome.status, RunStatus::Success);
        assert_eq!(outcome.steps.materialized, 100);
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_step_without_work_is_a_process_too() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("processes");
    let script = format!("echo $$ $1 >> {}; echo null", log.display());
    let options = GraphOptions {
        execution: Execution::Subprocess,
        command: Some(StepCommand {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script, "step".to_owned()],
        }),
        ..GraphOptions::default()
    };
    let graph = Arc::new(noop_graph(Shape::Chain, 3, &options).unwrap());
    let outcome = Executor::memory(ExecutorOptions::default())
        .run(asset_engine::RunRequest::new("run", graph))
        .unwrap();
    assert_eq!(outcome.failures, []);
    let log = std::fs::read_to_string(log).unwrap();
    let processes: std::collections::BTreeSet<&str> = log.lines().collect();
    assert_eq!(processes.len(), 3, "{log}");
    assert!(
        processes.iter().all(|each| each.ends_with(" --noop")),
        "{log}"
    );
}
