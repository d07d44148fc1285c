//! `temporal workflow reset`: the same workflow again, under the same ids, while children of the run
//! before the reset are still at work.

use orchbench_etl::{CrashPoint, StepName};
use orchbench_temporal::client::HistoryEvent;
use orchbench_temporal::{BackfillInput, BackfillWorkflow, PipelineInput};
use temporalio_client::NamespacedClient as _;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::ResetWorkflowExecutionRequest;

use crate::lab::{Lab, until};
use crate::rendezvous::held_up;

/// Resets to the first workflow task, as `temporal workflow reset --type FirstWorkflowTask` does.
/// Gives the id of the run that goes on.
async fn reset(lab: &Lab, id: &str, run_id: &str) -> String {
    reset_before(lab, id, run_id, |_| true).await
}

/// Resets to the last workflow task before the first event after it that is `wanted`, as
/// `temporal workflow reset --event-id` does.
pub async fn reset_before(
    lab: &Lab,
    id: &str,
    run_id: &str,
    wanted: impl Fn(&HistoryEvent) -> bool,
) -> String {
    let history = lab.client.history(id, Some(run_id)).await.unwrap();
    let is_task = |event: &&HistoryEvent| event.event_type == "WorkflowTaskCompleted";
    let first = history.iter().position(|event| is_task(&event)).unwrap();
    let found = first + history[first..].iter().position(wanted).unwrap();
    let task = history[..=found].iter().rfind(is_task).unwrap();
    let sdk = lab.client.sdk();
    let request = ResetWorkflowExecutionRequest {
        namespace: sdk.namespace(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: run_id.to_owned(),
        }),
        reason: "a test".to_owned(),
        workflow_task_finish_event_id: task.id,
        request_id: format!("reset-{id}-{run_id}-{}", task.id),
        ..ResetWorkflowExecutionRequest::default()
    };
    let mut service = sdk.connection().workflow_service();
    let answer = service
        .reset_workflow_execution(request.into_request())
        .await;
    answer.unwrap().into_inner().run_id
}

/// Each row stands in the warehouse once, and no key has changed it twice.
fn once_in_effect(lab: &Lab, source: &str, loaded: u64) {
    let rows = lab.etl.warehouse().rows(source).unwrap();
    assert_eq!(rows.len() as u64, loaded);
    assert!(rows.iter().all(|row| row.copies == 1));
    let mut changed: Vec<String> = lab
        .etl
        .warehouse()
        .applied()
        .unwrap()
        .into_iter()
        .filter(|entry| entry.step == StepName::Load && entry.rows_changed > 0)
        .map(|entry| entry.key)
        .collect();
    let times = changed.len();
    changed.sort();
    changed.dedup();
    assert_eq!((times, changed.len()), (7, 7), "{changed:?}");
}

async fn three_children(lab: &Lab, id: &str) {
    until("three children run", async || {
        lab.client.pending_children(id).await.unwrap().len() == 3
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_is_reset_while_its_children_run_completes() {
    let (lab, meeting) = held_up(StepName::Check, CrashPoint::AfterEffect, |config| {
        config.step_delay_ms = 50;
    })
    .await;
    let input = PipelineInput {
        concurrency: 3,
        ..PipelineInput::new("my-source")
    };
    let started = lab
        .client
        .start_pipeline("reset-pipeline", input)
        .await
        .unwrap();
    let waiting = meeting.met().await;
    three_children(&lab, "reset-pipeline").await;
    let again = reset(&lab, "reset-pipeline", &started.run_id).await;
    // And once more: what the first reset has begun is in the way of the second.
    three_children(&lab, "reset-pipeline").await;
    let again = reset(&lab, "reset-pipeline", &again).await;
    three_children(&lab, "reset-pipeline").await;
    drop(waiting);
    let summary = lab
        .client
        .pipeline_result("reset-pipeline", Some(&again))
        .await;
    let summary = summary.unwrap().unwrap();
    let direct = lab.direct("my-source").await;
    assert_eq!(
        (&summary.digest, summary.loaded),
        (&direct.digest, direct.loaded)
    );
    assert_eq!(summary.run, format!("reset-pipeline:{}", started.run_id));
    once_in_effect(&lab, "my-source", summary.loaded);
    let key = format!("{}/announce/-", summary.run);
    assert_eq!(lab.catalogue.posts()[&key], 1);
    // The children of the runs before are no more.
    let history = lab
        .client
        .history("reset-pipeline", Some(&again))
        .await
        .unwrap();
    for child in history.iter().filter_map(|event| event.child.as_deref()) {
        let child = lab.client.describe(child, None).await.unwrap().execution;
        assert_eq!(child.status, "Completed", "{child:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_is_reset_while_its_children_run_completes() {
    let (lab, meeting) = held_up(StepName::Check, CrashPoint::AfterEffect, |config| {
        config.step_delay_ms = 50;
    })
    .await;
    let input = BackfillInput {
        // Two executions, so that the reset leads back over a continuation as well.
        partitions_per_run: 4,
        ..BackfillInput::new(PipelineInput {
            concurrency: 3,
            ..PipelineInput::new("my-source")
        })
    };
    let handle = lab
        .begin(BackfillWorkflow::run, input.into(), "reset-backfill")
        .await;
    let first = handle.info().run_id.clone().unwrap();
    let waiting = meeting.met().await;
    three_children(&lab, "reset-backfill").await;
    let again = reset(&lab, "reset-backfill", &first).await;
    three_children(&lab, "reset-backfill").await;
    drop(waiting);
    let outcome = lab.client.result("reset-backfill", Some(&again)).await;
    let outcome = outcome.unwrap().unwrap();
    assert_eq!(outcome["succeeded"], 7, "{outcome}");
    let direct = lab.direct("my-source").await;
    assert_eq!(outcome["loaded"], direct.loaded);
    once_in_effect(&lab, "my-source", direct.loaded);

    // After its end: every day is done already, and says so.
    let again = reset(&lab, "reset-backfill", &first).await;
    let outcome = lab.client.result("reset-backfill", Some(&again)).await;
    let outcome = outcome.unwrap().unwrap();
    assert_eq!(
        (&outcome["succeeded"], &outcome["changed"]),
        (&7.into(), &0.into())
    );
    once_in_effect(&lab, "my-source", direct.loaded);
    drop(handle);
}
