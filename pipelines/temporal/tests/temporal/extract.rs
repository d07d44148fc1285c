//! The long activity: what is done is not done again, and it stops when it is told to.

use orchbench_etl::journal::Kind;
use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepCall, StepInputs, StepName};
use orchbench_temporal::{ExtractWorkflow, PipelineInput};
use temporalio_client::WorkflowCancelOptions;

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
        fail_first: 0,
        steps: vec![StepName::ExtractFlights],
        point: CrashPoint::AfterEffect,
        fatal: false,
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
