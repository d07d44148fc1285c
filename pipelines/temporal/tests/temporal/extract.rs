//! The long activity: what is done is not done again, and it stops when it is told to.

use orchbench_etl::journal::Kind;
use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepCall, StepInputs, StepName};
use orchbench_temporal::client::PendingActivity;
use orchbench_temporal::{ExtractWorkflow, PipelineInput};
use temporalio_client::tonic::IntoRequest as _;
use temporalio_client::{NamespacedClient as _, WorkflowCancelOptions};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    PauseActivityRequest, ResetActivityRequest, UnpauseActivityRequest, pause_activity_request,
    reset_activity_request, unpause_activity_request,
};

use crate::lab::{Lab, ended, until};
use crate::rendezvous::held_up;

fn input() -> PipelineInput {
    PipelineInput {
        // Short, as the SDK sends a heartbeat at most once in 0.8 of it.
        heartbeat_timeout_ms: 500,
        retry: RetrySpec {
            delay_ms: 20,
            ..RetrySpec::default()
        },
        ..PipelineInput::new("my-source")
    }
}

/// A plan by which the first attempt fails on the sixth day and no later one does. Attempts fail by a
/// draw, so a seed is looked for.
fn failing_once_on_the_sixth_day() -> FailurePlan {
    let plan = |seed| FailurePlan {
        seed,
        rate: 0.2,
        steps: vec![StepName::ExtractFlights],
        point: CrashPoint::AfterEffect,
        ..FailurePlan::default()
    };
    let fails = |plan: &FailurePlan, day: u32, attempt| {
        plan.fails(&StepCall {
            run: String::new(),
            source: "my-source".to_owned(),
            partition: Some(format!("2013-01-0{day}").parse().unwrap()),
            attempt,
            token: 1,
            inputs: StepInputs::ExtractFlights,
        })
    };
    (0..)
        .map(plan)
        .find(|plan| {
            (1..=5).all(|day| !fails(plan, day, 1))
                && fails(plan, 6, 1)
                && (1..=7).all(|day| !fails(plan, day, 2))
        })
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_attempt_begins_where_the_heartbeats_say() {
    let lab = Lab::new(|config| {
        config.failure = Some(failing_once_on_the_sixth_day());
        // Longer than the time between two heartbeats that are sent.
        config.step_delay_ms = 200;
    })
    .await;
    let handle = lab
        .begin(ExtractWorkflow::run, input().into(), "extract-resumed")
        .await;
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(outcome.days, 7);
    assert!(outcome.resumed > 0, "{outcome:?}");
    let direct = lab.direct("my-source").await;
    assert_eq!(
        (outcome.extracted, outcome.quarantined),
        (direct.extracted, direct.quarantined)
    );
    let last = lab
        .journal(Kind::Invoke, StepName::ExtractFlights)
        .pop()
        .unwrap();
    let attempts = lab.journal(Kind::Invoke, StepName::ExtractFlights);
    let of_last = attempts
        .iter()
        .filter(|record| record.attempt == last.attempt);
    assert_eq!(of_last.count() as u64, 7 - outcome.resumed);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_cancel_it_stops_before_the_next_day() {
    let point = CrashPoint::AfterEffect;
    let (lab, meeting) = held_up(StepName::ExtractFlights, point, |config| {
        // The order comes with the answer to a heartbeat; the days must not be over before.
        config.step_delay_ms = 200;
    })
    .await;
    let handle = lab
        .begin(ExtractWorkflow::run, input().into(), "extract-cancelled")
        .await;
    let waiting = meeting.met().await;
    handle
        .cancel(WorkflowCancelOptions::default())
        .await
        .unwrap();
    // The order reaches the activity with the answer to a heartbeat; it goes on until then.
    until("the server has told the worker", async || {
        let pending = lab
            .client
            .pending_activities("extract-cancelled")
            .await
            .unwrap();
        pending
            .iter()
            .any(|activity| activity.state == "CancelRequested")
    })
    .await;
    drop(waiting);
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "Cancelled", "{failure:?}");
    let begun = lab.journal(Kind::Invoke, StepName::ExtractFlights).len();
    assert!(
        begun < 7,
        "expected an end before the last day, found {begun} days"
    );
    let ended = lab.journal(Kind::Ok, StepName::ExtractFlights).len();
    assert_eq!(begun, ended, "no day is cut in two");
}

/// A lab whose source has a month of days, so that it is not over before all has been tried.
async fn month() -> Lab {
    Lab::new(|config| {
        let file = config.work_dir.with_extension("toml");
        let days = "first = \"2013-01-01\"\nlast = \"2013-01-31\"";
        let text = format!("[sources.month]\ntitle = \"January\"\norigins = [\"EWR\"]\n{days}\n");
        std::fs::write(&file, text).unwrap();
        config.sources_file = Some(file);
        config.step_delay_ms = 200;
    })
    .await
}

/// One attempt: what counts as another one ends the run.
fn once() -> PipelineInput {
    PipelineInput {
        source: "month".to_owned(),
        retry: RetrySpec {
            max_attempts: 1,
            ..RetrySpec::default()
        },
        ..input()
    }
}

/// The one activity, when it is in this state.
async fn in_state(lab: &Lab, id: &str, state: &str) -> PendingActivity {
    let mut found = None;
    until(&format!("the activity is {state}"), async || {
        let pending = lab.client.pending_activities(id).await.unwrap();
        found = pending.into_iter().find(|activity| activity.state == state);
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// What `temporal activity pause`, `unpause` and `reset` send.
struct ByHand<'a> {
    lab: &'a Lab,
    execution: WorkflowExecution,
}

impl<'a> ByHand<'a> {
    fn new(lab: &'a Lab, id: &str) -> Self {
        let execution = WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: String::new(),
        };
        Self { lab, execution }
    }

    async fn pause(&self, activity: &PendingActivity) {
        let request = PauseActivityRequest {
            namespace: self.lab.client.sdk().namespace(),
            execution: Some(self.execution.clone()),
            activity: Some(pause_activity_request::Activity::Id(activity.id.clone())),
            ..PauseActivityRequest::default()
        };
        let mut service = self.lab.client.sdk().connection().workflow_service();
        service
            .pause_activity(request.into_request())
            .await
            .unwrap();
    }

    async fn unpause(&self, activity: &PendingActivity) {
        let request = UnpauseActivityRequest {
            namespace: self.lab.client.sdk().namespace(),
            execution: Some(self.execution.clone()),
            activity: Some(unpause_activity_request::Activity::Id(activity.id.clone())),
            ..UnpauseActivityRequest::default()
        };
        let mut service = self.lab.client.sdk().connection().workflow_service();
        service
            .unpause_activity(request.into_request())
            .await
            .unwrap();
    }

    async fn reset(&self, activity: &PendingActivity) {
        let request = ResetActivityRequest {
            namespace: self.lab.client.sdk().namespace(),
            execution: Some(self.execution.clone()),
            activity: Some(reset_activity_request::Activity::Id(activity.id.clone())),
            ..ResetActivityRequest::default()
        };
        let mut service = self.lab.client.sdk().connection().workflow_service();
        service
            .reset_activity(request.into_request())
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_are_shown_and_cost_no_attempt() {
    let lab = month().await;
    let id = "extract-paused";
    let handle = lab.begin(ExtractWorkflow::run, once().into(), id).await;
    let by_hand = ByHand::new(&lab, id);
    for _ in 0..5 {
        let activity = in_state(&lab, id, "Started").await;
        by_hand.pause(&activity).await;
        let paused = in_state(&lab, id, "Paused").await;
        let failure = paused.last_failure.as_deref().unwrap_or_default();
        assert!(failure.starts_with("Paused: "), "{paused:?}");
        by_hand.unpause(&activity).await;
    }
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(outcome.days, 31);
    assert!(outcome.resumed >= 5, "{outcome:?}");
    let begun = lab.journal(Kind::Invoke, StepName::ExtractFlights).len();
    assert_eq!(begun, 31, "each pause takes up where it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_cost_no_attempt() {
    let lab = month().await;
    let id = "extract-reset";
    let handle = lab.begin(ExtractWorkflow::run, once().into(), id).await;
    let by_hand = ByHand::new(&lab, id);
    for _ in 0..3 {
        let activity = in_state(&lab, id, "Started").await;
        by_hand.reset(&activity).await;
        until("the attempt that was reset has ended", async || {
            let pending = lab.client.pending_activities(id).await.unwrap();
            pending[0].last_started_ns > activity.last_started_ns
        })
        .await;
    }
    assert_eq!(ended(&handle).await.unwrap().days, 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_activity_is_cancelled_with_its_workflow() {
    let lab = month().await;
    let id = "extract-paused-cancelled";
    let handle = lab.begin(ExtractWorkflow::run, once().into(), id).await;
    let activity = in_state(&lab, id, "Started").await;
    ByHand::new(&lab, id).pause(&activity).await;
    in_state(&lab, id, "Paused").await;
    handle
        .cancel(WorkflowCancelOptions::default())
        .await
        .unwrap();
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "Cancelled", "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_by_itself_has_its_attempts_and_no_more() {
    let plan = FailurePlan {
        seed: 1,
        fail_first: 9,
        steps: vec![StepName::ExtractFlights],
        point: CrashPoint::AfterEffect,
        ..FailurePlan::default()
    };
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let input = PipelineInput {
        retry: RetrySpec {
            max_attempts: 3,
            delay_ms: 20,
            ..RetrySpec::default()
        },
        ..input()
    };
    let handle = lab
        .begin(ExtractWorkflow::run, input.into(), "extract-exhausted")
        .await;
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "Injected", "{failure:?}");
    assert_eq!(lab.journal(Kind::Invoke, StepName::ExtractFlights).len(), 3);
}
