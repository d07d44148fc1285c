//! `NoopWorkflow`: both shapes, local activities, and a history that begins anew.

use orchbench_etl::Shape;
use orchbench_temporal::{Client, NoopInput, NoopOutcome};

use crate::lab::Lab;

async fn run(client: &Client, id: &str, input: NoopInput) -> NoopOutcome {
    client.start_noop(id, input).await.unwrap();
    client.noop_result(id, None).await.unwrap().unwrap()
}

fn input(shape: Shape, steps: u32, local: bool) -> NoopInput {
    NoopInput {
        shape,
        steps,
        local,
        done: 0,
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
        let outcome = run(&lab.client, id, input).await;
        assert_eq!(outcome.steps, input.steps, "{id}");
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
