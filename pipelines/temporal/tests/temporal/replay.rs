//! Recorded histories against today's workflow code: a change that would break running workflows
//! fails here.
//!
//! The histories in `tests/histories` were recorded by this test, run with
//! `ORCHBENCH_RECORD_HISTORIES=1`: it records those that are missing. One is recorded anew (removed
//! first) only when no workflow of the old shape can still be running.

mod record;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orchbench_etl::{DayResult, StepName};
use orchbench_temporal::{
    ApprovalWorkflow, BackfillWorkflow, DailyWorkflow, DataPipelineWorkflow, EnoughWorkflow,
    ExtractWorkflow, ModelsWorkflow, NoopWorkflow, OrderWorkflow, ParallelWorkflow, PartitionInput,
    PartitionWorkflow, RefreshWorkflow, ReminderWorkflow, SagaWorkflow, SequentialWorkflow,
};
use temporalio_client::WorkflowHistory;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflow_replayer::{
    WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions,
};
use temporalio_sdk::{ApplicationFailure, WorkflowContext, WorkflowResult};

/// Every pattern, in every shape that its history can take.
const HISTORIES: [&str; 28] = [
    "approval-approved",
    "approval-before-the-patch",
    "approval-escalated-and-expired",
    "backfill-continued-as-new",
    "backfill-last-run",
    "daily-with-timer",
    "enough-found",
    "enough-too-few",
    "extract-cancelled",
    "extract-retried",
    "models-built",
    "models-wrong",
    "noop-continued-as-new",
    "order-placed",
    "order-undone",
    "parallel-success",
    "partition-retry",
    "partition-success",
    "pipeline-retry",
    "pipeline-success",
    "refresh-cancelled",
    "refresh-failed",
    "refresh-remembered",
    "reminder-called",
    "saga-cancelled",
    "saga-compensated",
    "saga-success",
    "sequential-success",
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/histories/{name}.json"))
}

fn history(name: &str) -> WorkflowHistory {
    let path = file(name);
    let json = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    WorkflowHistory::from_json(&json).unwrap()
}

async fn replay(history: WorkflowHistory) -> Result<(), WorkflowReplayError> {
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<DataPipelineWorkflow>()
        .and_then(|options| options.register_workflow::<PartitionWorkflow>())
        .and_then(|options| options.register_workflow::<SequentialWorkflow>())
        .and_then(|options| options.register_workflow::<ParallelWorkflow>())
        .and_then(|options| options.register_workflow::<SagaWorkflow>())
        .and_then(|options| options.register_workflow::<BackfillWorkflow>())
        .and_then(|options| options.register_workflow::<ApprovalWorkflow>())
        .and_then(|options| options.register_workflow::<DailyWorkflow>())
        .and_then(|options| options.register_workflow::<ExtractWorkflow>())
        .and_then(|options| options.register_workflow::<NoopWorkflow>())
        .and_then(|options| options.register_workflow::<RefreshWorkflow>())
        .and_then(|options| options.register_workflow::<ReminderWorkflow>())
        .and_then(|options| options.register_workflow::<EnoughWorkflow>())
        .and_then(|options| options.register_workflow::<OrderWorkflow>())
        .and_then(|options| options.register_workflow::<ModelsWorkflow>())
        .unwrap()
        .build();
    WorkflowReplayer::new(options)?
        .replay_workflow(history)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_histories_still_replay() {
    if std::env::var_os("ORCHBENCH_RECORD_HISTORIES").is_some() {
        record::missing().await;
    }
    let mut found: Vec<String> = std::fs::read_dir(file("x").parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(
        found, HISTORIES,
        "each file is replayed, each shape is there"
    );
    for name in HISTORIES {
        let result = replay(history(name)).await;
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[test]
fn every_workflow_that_a_worker_takes_has_a_history() {
    let worker = include_str!("../../src/worker.rs");
    let taken = worker.split("register_workflow::<").skip(1);
    let taken: BTreeSet<&str> = taken.filter_map(|rest| rest.split('>').next()).collect();
    assert!(taken.contains("DataPipelineWorkflow"), "{taken:?}");
    let recorded = HISTORIES.map(|name| {
        let json = std::fs::read(file(name)).unwrap();
        let history: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let started =
            &history["events"][0]["attributes"]["WorkflowExecutionStartedEventAttributes"];
        let name = started["workflow_type"]["name"].as_str();
        name.unwrap().to_owned()
    });
    let recorded: BTreeSet<&str> = recorded.iter().map(String::as_str).collect();
    assert_eq!(recorded, taken);
}

/// `PartitionWorkflow` after a thoughtless change: it waits before it extracts.
#[workflow]
#[derive(Default)]
struct ChangedPartition;

#[workflow_methods]
impl ChangedPartition {
    #[run(name = "PartitionWorkflow")]
    async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: PartitionInput,
    ) -> WorkflowResult<DayResult> {
        ctx.timer(Duration::from_secs(1)).await;
        let message = format!("{}: {}", input.day, StepName::Transform);
        Err(ApplicationFailure::non_retryable(message).into())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_breaks_running_workflows_is_caught() {
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<ChangedPartition>()
        .unwrap()
        .build();
    let replayer = WorkflowReplayer::new(options).unwrap();
    let error = replayer
        .replay_workflow(history("partition-success"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error,
            WorkflowReplayError::Replay(WorkflowReplayFailure::Nondeterminism { .. })
        ),
        "{error:?}"
    );
}
