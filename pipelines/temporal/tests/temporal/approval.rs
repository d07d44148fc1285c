//! Approval: the first verdict counts, whenever it comes; nobody's verdict is one too.

use orchbench_etl::StepName;
use orchbench_etl::catalogue::Post;
use orchbench_etl::journal::Kind;
use orchbench_temporal::workflows::report::{Decision, Stage};
use orchbench_temporal::{
    ApprovalInput, ApprovalWorkflow, Argument, ClientError, PipelineInput, Verdict,
};
use serde_json::json;
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{UntypedSignal, WorkflowCancelOptions, WorkflowSignalOptions};
use temporalio_common::data_converters::{PayloadConverter, RawValue};

use crate::lab::{Lab, ended, query, until};

fn input() -> ApprovalInput {
    ApprovalInput::new(PipelineInput::new("one-day"))
}

fn verdict(who: &str) -> Argument<Verdict> {
    Argument::from(Verdict {
        who: who.to_owned(),
        why: "looks right".to_owned(),
    })
}

fn options() -> WorkflowSignalOptions {
    WorkflowSignalOptions::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_verdict_counts_and_the_lineage_is_there() {
    let lab = Lab::new(|_| ()).await;
    let handle = lab
        .begin(ApprovalWorkflow::run, input().into(), "approved")
        .await;
    until("it waits", async || {
        query(&handle, ApprovalWorkflow::progress).await.stage == Stage::Waiting
    })
    .await;
    assert_eq!(lab.journal(Kind::Invoke, StepName::Publish), []);
    // A signal that cannot be read must not harm.
    let odd = RawValue::from_value(&json!({"whom": 1}), &PayloadConverter::default());
    let raw = lab
        .client
        .sdk()
        .get_workflow_handle::<temporalio_client::UntypedWorkflow>("approved");
    raw.signal(UntypedSignal::new("approve"), odd, options())
        .await
        .unwrap();
    handle
        .signal(ApprovalWorkflow::approve, verdict("Ada"), options())
        .await
        .unwrap();
    // Twice, and the opposite: neither changes anything.
    let _ = handle
        .signal(ApprovalWorkflow::approve, verdict("Bob"), options())
        .await;
    let _ = handle
        .signal(ApprovalWorkflow::reject, verdict("Bob"), options())
        .await;
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(outcome.decision, Decision::Approved);
    assert_eq!(outcome.verdict.unwrap().who, "Ada");
    let direct = lab.direct("one-day").await;
    assert_eq!(outcome.summary.unwrap().digest, direct.digest);

    let progress = query(&handle, ApprovalWorkflow::progress).await;
    assert_eq!((progress.stage, progress.escalated), (Stage::Done, false));
    assert!(progress.ignored >= 1, "{progress:?}");
    let lineage = query(&handle, ApprovalWorkflow::lineage).await;
    assert_eq!(lineage.len(), 1);
    assert_eq!(lineage[0].transformed, lineage[0].loaded);

    // After the close.
    let late = handle
        .signal(ApprovalWorkflow::reject, verdict("Eve"), options())
        .await;
    assert!(
        matches!(late, Err(WorkflowInteractionError::NotFound(_))),
        "{late:?}"
    );
    assert_eq!(lab.journal(Kind::Ok, StepName::Publish).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_before_the_start_is_kept() {
    let lab = Lab::new(|_| ()).await;
    let handle = lab
        .client
        .sdk()
        .signal_with_start_workflow(
            ApprovalWorkflow::run,
            input().into(),
            ApprovalWorkflow::reject,
            verdict("Ada"),
            lab.options("rejected"),
        )
        .await
        .unwrap();
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(
        (outcome.decision, outcome.summary),
        (Decision::Rejected, None)
    );
    assert_eq!(lab.journal(Kind::Ok, StepName::Load).len(), 1);
    assert_eq!(lab.etl.warehouse().published("one-day").unwrap(), None);
    assert_eq!(lab.catalogue.deliveries(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_verdict_someone_is_told_and_then_it_expires() {
    let lab = Lab::new(|_| ()).await;
    let input = ApprovalInput {
        escalate_after_ms: 200,
        expire_after_ms: 400,
        ..input()
    };
    let handle = lab
        .begin(ApprovalWorkflow::run, input.into(), "expired")
        .await;
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(
        (outcome.decision, outcome.verdict),
        (Decision::Expired, None)
    );
    assert!(query(&handle, ApprovalWorkflow::progress).await.escalated);
    let posts: Vec<Post> = lab
        .catalogue
        .deliveries()
        .into_iter()
        .map(|d| d.post)
        .collect();
    assert!(
        matches!(&posts[..], [Post::Escalation(e)] if e.source == "one-day"),
        "{posts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_while_it_waits_it_is_cancelled() -> Result<(), ClientError> {
    let lab = Lab::new(|_| ()).await;
    let handle = lab
        .begin(ApprovalWorkflow::run, input().into(), "cancelled-approval")
        .await;
    until("it waits", async || {
        query(&handle, ApprovalWorkflow::progress).await.stage == Stage::Waiting
    })
    .await;
    handle
        .cancel(WorkflowCancelOptions::default())
        .await
        .unwrap();
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "Cancelled");
    // Nothing is left of its timer but an entry in the history.
    let history = lab.client.history("cancelled-approval", None).await?;
    let last = history.last().map(|event| event.event_type.as_str());
    assert_eq!(last, Some("WorkflowExecutionCanceled"));
    Ok(())
}
