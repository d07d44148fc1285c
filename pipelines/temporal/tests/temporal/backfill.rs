//! The backfill: bounded, isolated, changed while it runs, and longer than a history may be.

use orchbench_etl::journal::Kind;
use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepName};
use orchbench_temporal::{Argument, BackfillInput, BackfillWorkflow, PipelineInput};
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::{WorkflowExecuteUpdateOptions, WorkflowTerminateOptions};

use crate::lab::{Lab, ended, query, until};
use crate::rendezvous::held_up;

fn input(concurrency: usize) -> BackfillInput {
    BackfillInput::new(PipelineInput {
        concurrency,
        retry: RetrySpec {
            max_attempts: 1,
            ..RetrySpec::default()
        },
        ..PipelineInput::new("my-source")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_partition_is_listed_and_sinks_no_other() {
    let plan = FailurePlan {
        seed: 3,
        rate: 0.5,
        steps: vec![StepName::Check],
        point: CrashPoint::BeforeEffect,
        fatal: true,
        ..FailurePlan::default()
    };
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let handle = lab
        .begin(BackfillWorkflow::run, input(3).into(), "backfill-failed")
        .await;
    let outcome = ended(&handle).await.unwrap();
    let failed: Vec<_> = lab
        .journal(Kind::Error, StepName::Check)
        .iter()
        .map(|record| record.partition.unwrap().to_string())
        .collect();
    assert!(!failed.is_empty() && failed.len() < 7, "{failed:?}");
    let mut listed: Vec<_> = outcome.failed.iter().map(|f| f.partition.clone()).collect();
    listed.sort();
    let mut expected = failed.clone();
    expected.sort();
    assert_eq!(listed, expected);
    assert!(
        outcome.failed[0].error.contains("planned failure"),
        "{outcome:?}"
    );
    assert_eq!(outcome.succeeded, 7 - failed.len() as u64);
    let loaded = lab.journal(Kind::Ok, StepName::Load);
    assert_eq!(loaded.len() as u64, outcome.succeeded);
    let rows = lab.etl.warehouse().rows("my-source").unwrap();
    assert_eq!(rows.len() as u64, outcome.loaded);
    let progress = query(&handle, BackfillWorkflow::progress).await;
    assert_eq!((progress.ended, progress.in_flight), (7, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_concurrency_is_changed_while_it_runs_and_a_bad_value_is_refused() {
    let (lab, meeting) = held_up(StepName::Check, CrashPoint::BeforeEffect, |_| ()).await;
    let handle = lab
        .begin(BackfillWorkflow::run, input(1).into(), "backfill-update")
        .await;
    // The only lane is held up in the first day.
    let waiting = meeting.met().await;
    assert_eq!(
        query(&handle, BackfillWorkflow::progress).await.in_flight,
        1
    );
    let update = async |value: usize| {
        let options = WorkflowExecuteUpdateOptions::default();
        handle
            .execute_update(
                BackfillWorkflow::set_concurrency,
                Argument::from(value),
                options,
            )
            .await
    };
    for bad in [0, 65] {
        let error = update(bad).await.unwrap_err();
        let WorkflowUpdateError::Failed(failure) = &error else {
            panic!("expected a refusal, found {error:?}");
        };
        let expected = format!("concurrency: expected 1 to 64, found {bad}");
        assert!(failure.message.contains(&expected), "{}", failure.message);
    }
    assert_eq!(update(3).await.unwrap(), 1);
    until(
        "three lanes are at work, the first still in its day",
        async || lab.journal(Kind::Ok, StepName::Load).len() >= 2,
    )
    .await;
    assert_eq!(
        query(&handle, BackfillWorkflow::progress).await.concurrency,
        3
    );
    drop(waiting);
    let outcome = ended(&handle).await.unwrap();
    assert_eq!((outcome.succeeded, outcome.failed.len()), (7, 0));
    // What was refused is not in the history.
    let history = lab.client.history("backfill-update", None).await.unwrap();
    let accepted = history
        .iter()
        .filter(|e| e.event_type == "WorkflowExecutionUpdateAccepted");
    assert_eq!(accepted.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_partitions_continue_as_new_and_nothing_is_forgotten() {
    let lab = Lab::new(|_| ()).await;
    let input = BackfillInput {
        empty_partitions: Some(2_600),
        ..input(20)
    };
    let handle = lab
        .begin(BackfillWorkflow::run, input.into(), "backfill-long")
        .await;
    let first_run = handle.info().run_id.clone().unwrap();
    let outcome = ended(&handle).await.unwrap();
    assert_eq!((outcome.partitions, outcome.succeeded), (2_600, 2_600));
    assert_eq!((outcome.failed.len(), outcome.continuations), (0, 5));
    let first = lab
        .client
        .history("backfill-long", Some(&first_run))
        .await
        .unwrap();
    let last = first.last().map(|event| event.event_type.as_str());
    assert_eq!(last, Some("WorkflowExecutionContinuedAsNew"));
    assert!(
        first.len() < 10_240,
        "the server warns from there on: {}",
        first.len()
    );
    assert_eq!(
        lab.journal(Kind::Invoke, StepName::ExtractPlanes).len(),
        1,
        "carried over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn real_partitions_are_carried_over_too_and_an_abandoned_day_comes_to_its_end() {
    let (lab, meeting) = held_up(StepName::Check, CrashPoint::BeforeEffect, |_| ()).await;
    let short = BackfillInput {
        partitions_per_run: 3,
        ..input(2)
    };
    let handle = lab
        .begin(
            BackfillWorkflow::run,
            short.clone().into(),
            "backfill-abandon",
        )
        .await;
    let waiting = meeting.met().await;
    handle
        .terminate(WorkflowTerminateOptions::default())
        .await
        .unwrap();
    drop(waiting);
    let day = waiting_day(&lab).await;
    until("the day that was under way is loaded", async || {
        lab.journal(Kind::Ok, StepName::Load)
            .iter()
            .any(|load| load.partition == Some(day))
    })
    .await;

    let handle = lab
        .begin(BackfillWorkflow::run, short.into(), "backfill-abandon")
        .await;
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(
        (outcome.partitions, outcome.succeeded, outcome.continuations),
        (7, 7, 2)
    );
    // Counted over the continuations, and nothing to warn of.
    assert_eq!(
        (outcome.extracted, outcome.quarantined),
        (outcome.accepted, 0)
    );
    assert_eq!(outcome.loaded, outcome.accepted);
    assert!(outcome.extracted > 0);
    assert_eq!(outcome.warnings, [""; 0]);
    assert_eq!(
        lab.etl.warehouse().rows("my-source").unwrap().len() as u64,
        outcome.loaded
    );
}

async fn waiting_day(lab: &Lab) -> orchbench_etl::Day {
    let crashes = lab.journal(Kind::Crash, StepName::Check);
    crashes[0].partition.unwrap()
}
