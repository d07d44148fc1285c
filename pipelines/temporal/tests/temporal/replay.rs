//! Recorded histories against today's workflow code: a change that would break running workflows
//! fails here.
//!
//! The histories in `tests/histories` were recorded by this test:
//! `ORCHBENCH_RECORD_HISTORIES=1 cargo test -p orchbench-temporal --test temporal replay`. They are
//! recorded anew only when no workflow of the old shape can still be running.

use std::path::{Path, PathBuf};
use std::time::Duration;

use orchbench_etl::{CrashPoint, DayResult, FailurePlan, RetrySpec, StepName};
use orchbench_temporal::{
    DataPipelineWorkflow, NoopWorkflow, PartitionInput, PartitionWorkflow, PipelineInput,
};
use temporalio_client::WorkflowHistory;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflow_replayer::{
    WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions,
};
use temporalio_sdk::{ApplicationFailure, WorkflowContext, WorkflowResult};

use crate::lab::Lab;

const HISTORIES: [&str; 4] = [
    "partition-retry",
    "partition-success",
    "pipeline-retry",
    "pipeline-success",
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
        .unwrap()
        .register_workflow::<PartitionWorkflow>()
        .unwrap()
        .register_workflow::<NoopWorkflow>()
        .unwrap()
        .build();
    WorkflowReplayer::new(options)?
        .replay_workflow(history)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_histories_still_replay() {
    if std::env::var_os("ORCHBENCH_RECORD_HISTORIES").is_some() {
        record("success", 0).await;
        record("retry", 1).await;
    }
    for name in HISTORIES {
        let result = replay(history(name)).await;
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

/// Runs the pipeline for one day, with so many failures in each step, and keeps both histories.
async fn record(name: &str, fail_first: u32) {
    let plan = FailurePlan {
        seed: 1,
        rate: 0.0,
        fail_first,
        steps: vec![],
        point: CrashPoint::BeforeEffect,
        fatal: false,
    };
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let input = PipelineInput {
        run: Some("recorded".to_owned()),
        retry: RetrySpec {
            delay_ms: 10,
            ..RetrySpec::default()
        },
        ..PipelineInput::new("one-day")
    };
    lab.run("recorded", input).await;
    let events = lab.client.history("recorded", None).await.unwrap();
    let child = events.iter().find_map(|event| event.child.clone()).unwrap();
    for (workflow, id) in [("pipeline", "recorded"), ("partition", &child)] {
        let json = lab.client.history_json(id, None).await.unwrap();
        std::fs::write(file(&format!("{workflow}-{name}")), json).unwrap();
    }
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
