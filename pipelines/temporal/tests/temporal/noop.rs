//! `NoopWorkflow`: both shapes, local activities, and a history that begins anew.

use orchbench_etl::{RetrySpec, Shape, Synthetic};
use orchbench_temporal::{Client, NoopInput, NoopOutcome};

use crate::lab::Lab;

async fn run(client: &Client, id: &str, input: NoopInput) -> NoopOutcome {
    client.start_noop(id, input).await.unwrap();
    client.noop_result(id, None).await.unwrap().unwrap()
}

fn input(shape: Shape, steps: u32, local: bool) -> NoopInput {
    NoopInput {
        local,
        ..NoopInput::new(shape, steps)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_shapes_execute_their_steps() {
    let lab = Lab::new(|_| ()).await;
    for (id, input) in [
        ("chain", input(Shape::Chain, 5, false)),
        ("chain-local", input(Shape::Chain, 50, true)),
        ("fan-out", input(Shape::FanOut, 250, false)),
        ("nothing", input(Shape::Chain, 0, false)),
    ] {
        let steps = input.steps;
        let outcome = run(&lab.client, id, input).await;
        assert_eq!(outcome.steps, steps, "{id}");
    }
    let history = lab.client.history("fan-out", None).await.unwrap();
    let done = |kind: &str| {
        history
            .iter()
            .filter(|event| event.event_type == kind)
            .count()
    };
    assert_eq!(done("ActivityTaskCompleted"), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_pretend_to_work_fail_as_planned() {
    let lab = Lab::new(|_| ()).await;
    let pretending = |failures: Vec<u32>| NoopInput {
        synthetic: Some(Synthetic {
            step_ms: 20,
            failures,
            retry: RetrySpec {
                max_attempts: 3,
                delay_ms: 10,
                ..RetrySpec::default()
            },
        }),
        ..NoopInput::new(Shape::Chain, 3)
    };
    let outcome = run(&lab.client, "two", pretending(vec![0, 2])).await;
    assert_eq!(outcome.steps, 3);
    let started = lab.client.start_noop("three", pretending(vec![3])).await;
    started.unwrap();
    let failed = lab.client.noop_result("three", None).await.unwrap();
    assert_eq!(failed.unwrap_err().error_type, "Injected");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_steps_than_a_run_may_have_continue_as_new() {
    let lab = Lab::new(|_| ()).await;
    let steps = orchbench_temporal::workflows::noop::STEPS_PER_RUN + 100;
    let started = lab
        .client
        .start_noop("long", input(Shape::FanOut, steps, true))
        .await
        .unwrap();
    let outcome = lab.client.noop_result("long", Some(&started.run_id)).await;
    assert_eq!(outcome.unwrap().unwrap().steps, steps);
    let first = lab
        .client
        .history("long", Some(&started.run_id))
        .await
        .unwrap();
    let end = first.last().map(|event| event.event_type.as_str());
    assert_eq!(end, Some("WorkflowExecutionContinuedAsNew"));
}
