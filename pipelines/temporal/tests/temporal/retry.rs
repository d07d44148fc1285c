//! Retries: as many attempts as the policy says, no more; what no retry cures ends at once.

use orchbench_etl::journal::Kind;
use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepName};
use orchbench_temporal::PipelineInput;

use crate::lab::{Lab, until};

fn failure(step: StepName, fail_first: u32, fatal: bool) -> FailurePlan {
    FailurePlan {
        seed: 1,
        fail_first,
        steps: vec![step],
        point: CrashPoint::AfterEffect,
        fatal,
        ..FailurePlan::default()
    }
}

fn input() -> PipelineInput {
    PipelineInput {
        retry: RetrySpec {
            max_attempts: 3,
            delay_ms: 20,
            ..RetrySpec::default()
        },
        ..PipelineInput::new("one-day")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_the_effect_is_retried_and_changes_nothing_twice() {
    let lab = Lab::new(|config| config.failure = Some(failure(StepName::Load, 2, false))).await;
    let summary = lab.run("retried", input()).await;
    assert_eq!(summary.digest, lab.direct("one-day").await.digest);

    let attempts = lab.journal(Kind::Invoke, StepName::Load);
    let numbers: Vec<_> = attempts.iter().map(|record| record.attempt).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    assert!(attempts.is_sorted_by(|a, b| a.token < b.token));
    assert!(attempts.iter().all(|record| record.key == attempts[0].key));
    for (before, after) in attempts.iter().zip(&attempts[1..]) {
        assert!(after.t_ns - before.t_ns >= 20_000_000);
    }
    let applied = lab.etl.warehouse().applied().unwrap();
    let loads: Vec<_> = applied
        .iter()
        .filter(|entry| entry.step == StepName::Load)
        .map(|entry| (entry.attempt, entry.rows_changed > 0))
        .collect();
    assert_eq!(loads, [(1, true), (2, false), (3, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_attempt_is_the_last() {
    let lab =
        Lab::new(|config| config.failure = Some(failure(StepName::Transform, 9, false))).await;
    let failure = lab.outcome("exhausted", input()).await.unwrap_err();
    assert_eq!(
        (failure.error_type.as_str(), failure.non_retryable),
        ("Injected", false)
    );
    assert_eq!(lab.journal(Kind::Invoke, StepName::Transform).len(), 3);
    assert_eq!(lab.journal(Kind::Invoke, StepName::Publish).len(), 0);
    assert_eq!(lab.etl.warehouse().rows("one-day").unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_retry_cures_ends_the_run_at_once() {
    let lab = Lab::new(|config| config.failure = Some(failure(StepName::Check, 9, true))).await;
    let failure = lab.outcome("fatal", input()).await.unwrap_err();
    assert_eq!(failure.error_type, "InjectedFatal");
    assert!(failure.non_retryable);
    assert_eq!(lab.journal(Kind::Invoke, StepName::Check).len(), 1);
    assert_eq!(lab.etl.warehouse().rows("one-day").unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_longer_than_the_heartbeat_timeout_is_not_taken_for_lost() {
    // The SDK sends a heartbeat each four fifths of the timeout: the last fifth is what a busy machine may take.
    let lab = Lab::new(|config| config.step_delay_ms = 4_000).await;
    let input = PipelineInput {
        heartbeat_timeout_ms: 2_000,
        ..input()
    };
    let started = lab
        .client
        .start_pipeline("long-steps", input)
        .await
        .unwrap();
    until("a heartbeat of extract_airlines", async || {
        let pending = lab.client.pending_activities("long-steps").await.unwrap();
        pending.iter().any(|activity| {
            activity.activity == "extract_airlines"
                && (activity.state.as_str(), activity.attempt) == ("Started", 1)
                && activity.last_heartbeat_ns > activity.last_started_ns
        })
    })
    .await;
    let result = lab
        .client
        .pipeline_result("long-steps", Some(&started.run_id))
        .await;
    result.unwrap().unwrap();
    for step in StepName::ALL {
        assert_eq!(lab.journal(Kind::Invoke, step).len(), 1, "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_says_when_to_come_again() {
    let lab = Lab::new(|_| ()).await;
    // The policy would come again after 20 ms; the catalogue says two seconds.
    lab.catalogue.throttle_next(1, 2);
    lab.run("throttled", input()).await;
    let attempts = lab.journal(Kind::Invoke, StepName::Announce);
    assert_eq!(attempts.len(), 2);
    let error = &lab.journal(Kind::Error, StepName::Announce)[0];
    assert!(
        error.error.as_deref().unwrap().starts_with("Throttled"),
        "{error:?}"
    );
    let gap = attempts[1].t_ns - error.t_ns;
    assert!(
        gap >= 2_000_000_000,
        "expected at least 2 s, found {gap} ns"
    );
}
