//! Records the histories that are missing, each by running the workflow on the real server.

mod jobs;

use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, Shape, StepName};
use orchbench_temporal::workflows::noop::STEPS_PER_RUN;
use orchbench_temporal::workflows::report::Stage;
use orchbench_temporal::{
    ApprovalInput, ApprovalWorkflow, Argument, BackfillInput, BackfillWorkflow, DailyInput,
    DailyWorkflow, ExtractWorkflow, NoopInput, NoopWorkflow, ParallelWorkflow, PipelineInput,
    SagaWorkflow, SequentialWorkflow, Verdict,
};
use temporalio_client::{
    WorkflowCancelOptions, WorkflowExecuteUpdateOptions, WorkflowSignalOptions,
};

use super::file;
use crate::lab::{Handle, Lab, ended, query, until};
use crate::rendezvous::{Meeting, held_up};
use crate::versioning::{OldWorker, without_worker};

pub async fn missing() {
    pipeline("success", 0).await;
    pipeline("retry", 1).await;
    orders().await;
    sagas().await;
    approvals().await;
    approval_before_the_patch().await;
    backfill().await;
    extracts().await;
    daily().await;
    noop().await;
    jobs::missing().await;
}

/// Keeps a history, unless there is one of this name.
async fn keep(lab: &Lab, name: &str, id: &str, run_id: Option<&str>) {
    let path = file(name);
    if path.exists() {
        return;
    }
    let json = lab.client.history_json(id, run_id).await.unwrap();
    std::fs::write(path, json).unwrap();
}

/// The latest execution under the lab's id, named as its history.
async fn keep_latest(lab: &Lab, name: &str) {
    keep(lab, name, name, None).await;
}

fn input(source: &str) -> PipelineInput {
    PipelineInput {
        run: Some("recorded".to_owned()),
        retry: RetrySpec {
            delay_ms: 10,
            ..RetrySpec::default()
        },
        ..PipelineInput::new(source)
    }
}

fn failing(step: &[StepName], fail_first: u32, fatal: bool) -> FailurePlan {
    FailurePlan {
        seed: 1,
        fail_first,
        steps: step.to_vec(),
        point: CrashPoint::BeforeEffect,
        fatal,
        ..FailurePlan::default()
    }
}

/// Runs the pipeline for one day, with so many failures in each step, and keeps both histories.
async fn pipeline(name: &str, fail_first: u32) {
    let plan = failing(&[], fail_first, false);
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    lab.run("recorded", input("one-day")).await;
    let events = lab.client.history("recorded", None).await.unwrap();
    let child = events.iter().find_map(|event| event.child.clone()).unwrap();
    for (workflow, id) in [("pipeline", "recorded"), ("partition", &child)] {
        keep(&lab, &format!("{workflow}-{name}"), id, None).await;
    }
}

async fn orders() {
    let lab = Lab::new(|_| ()).await;
    let one = input("one-day").into();
    let handle = lab
        .begin(SequentialWorkflow::run, one, "sequential-success")
        .await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, "sequential-success").await;
    let some = input("my-source").into();
    let handle = lab
        .begin(ParallelWorkflow::run, some, "parallel-success")
        .await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, "parallel-success").await;
}

async fn sagas() {
    let lab = Lab::new(|_| ()).await;
    let handle = lab
        .begin(SagaWorkflow::run, input("one-day").into(), "saga-success")
        .await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, "saga-success").await;

    let plan = failing(&[StepName::Announce], 1, true);
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let handle = lab
        .begin(
            SagaWorkflow::run,
            input("one-day").into(),
            "saga-compensated",
        )
        .await;
    ended(&handle).await.unwrap_err();
    keep_latest(&lab, "saga-compensated").await;

    let (lab, meeting) = held_up(StepName::Publish, CrashPoint::AfterEffect, |_| ()).await;
    let handle = lab
        .begin(SagaWorkflow::run, input("one-day").into(), "saga-cancelled")
        .await;
    cancel(&handle, meeting).await;
    keep_latest(&lab, "saga-cancelled").await;
}

async fn cancel<W>(handle: &Handle<W>, meeting: Meeting)
where
    W: temporalio_common::HasWorkflowDefinition,
    W::Output: std::fmt::Debug + 'static,
{
    let waiting = meeting.met().await;
    handle
        .cancel(WorkflowCancelOptions::default())
        .await
        .unwrap();
    drop(waiting);
    assert_eq!(ended(handle).await.unwrap_err().error_type, "Cancelled");
}

fn verdict() -> Argument<Verdict> {
    Argument::from(Verdict {
        who: "Ada".to_owned(),
        why: "looks right".to_owned(),
    })
}

async fn approvals() {
    let lab = Lab::new(|_| ()).await;
    let approval = ApprovalInput::new(input("one-day"));
    let handle = lab
        .begin(
            ApprovalWorkflow::run,
            approval.clone().into(),
            "approval-approved",
        )
        .await;
    let options = WorkflowSignalOptions::default();
    handle
        .signal(ApprovalWorkflow::approve, verdict(), options)
        .await
        .unwrap();
    ended(&handle).await.unwrap();
    keep_latest(&lab, "approval-approved").await;

    let short = ApprovalInput {
        escalate_after_ms: 50,
        expire_after_ms: 100,
        ..approval
    };
    let name = "approval-escalated-and-expired";
    let handle = lab.begin(ApprovalWorkflow::run, short.into(), name).await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, name).await;
}

/// All of it by a worker with the code of before.
async fn approval_before_the_patch() {
    let lab = without_worker(Lab::new(|_| ()).await).await;
    let old = OldWorker::start(&lab.queue, &lab.etl);
    let name = "approval-before-the-patch";
    let approval = ApprovalInput::new(input("one-day"));
    let handle = lab
        .begin(ApprovalWorkflow::run, approval.into(), name)
        .await;
    until("it waits", async || {
        query(&handle, ApprovalWorkflow::progress).await.stage == Stage::Waiting
    })
    .await;
    let options = WorkflowSignalOptions::default();
    handle
        .signal(ApprovalWorkflow::approve, verdict(), options)
        .await
        .unwrap();
    ended(&handle).await.unwrap();
    keep_latest(&lab, name).await;
    old.stop().await;
}

/// Two executions: one with an update that continues as new, and the last one.
async fn backfill() {
    let (lab, meeting) = held_up(StepName::Check, CrashPoint::AfterEffect, |_| ()).await;
    let backfill = BackfillInput {
        partitions_per_run: 4,
        ..BackfillInput::new(PipelineInput {
            concurrency: 1,
            ..input("my-source")
        })
    };
    let handle = lab
        .begin(BackfillWorkflow::run, backfill.into(), "backfill")
        .await;
    let waiting = meeting.met().await;
    let options = WorkflowExecuteUpdateOptions::default();
    let update = BackfillWorkflow::set_concurrency;
    handle
        .execute_update(update, Argument::from(2), options)
        .await
        .unwrap();
    drop(waiting);
    assert_eq!(ended(&handle).await.unwrap().continuations, 1);
    let first = handle.info().run_id.clone();
    keep(
        &lab,
        "backfill-continued-as-new",
        "backfill",
        first.as_deref(),
    )
    .await;
    keep(&lab, "backfill-last-run", "backfill", None).await;
}

async fn extracts() {
    let plan = failing(&[StepName::ExtractFlights], 1, false);
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let handle = lab
        .begin(
            ExtractWorkflow::run,
            input("one-day").into(),
            "extract-retried",
        )
        .await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, "extract-retried").await;

    let point = CrashPoint::AfterEffect;
    let (lab, meeting) = held_up(StepName::ExtractFlights, point, |config| {
        config.step_delay_ms = 200
    })
    .await;
    let short = PipelineInput {
        heartbeat_timeout_ms: 500,
        ..input("my-source")
    };
    let handle = lab
        .begin(ExtractWorkflow::run, short.into(), "extract-cancelled")
        .await;
    cancel(&handle, meeting).await;
    keep_latest(&lab, "extract-cancelled").await;
}

async fn daily() {
    let lab = Lab::new(|_| ()).await;
    let daily = DailyInput {
        settle_ms: 50,
        ..DailyInput::new(input("one-day"))
    };
    let handle = lab
        .begin(DailyWorkflow::run, daily.into(), "daily-with-timer")
        .await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, "daily-with-timer").await;
}

async fn noop() {
    let lab = Lab::new(|_| ()).await;
    let noop = NoopInput::new(Shape::FanOut, STEPS_PER_RUN + 10);
    // The last of its runs is enough: the first one has a history of megabytes.
    let handle = lab
        .begin(NoopWorkflow::run, noop.into(), "noop-continued-as-new")
        .await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, "noop-continued-as-new").await;
}
