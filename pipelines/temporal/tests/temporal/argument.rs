//! Arguments that make no sense end the workflow by name, and nothing is written.

use orchbench_temporal::{Failure, PipelineInput};
use serde_json::{Value, json};
use temporalio_client::{
    UntypedWorkflow, WorkflowGetResultOptions, WorkflowStartOptions, errors::WorkflowGetResultError,
};
use temporalio_common::data_converters::{PayloadConverter, RawValue};

use crate::lab::Lab;

/// Starts a workflow as any SDK does: by name, with whatever payloads.
async fn failure_of(lab: &Lab, name: &str, argument: RawValue) -> Failure {
    let options = WorkflowStartOptions::new(lab.queue.as_str(), "odd-argument").build();
    let workflow = UntypedWorkflow::new(name);
    let handle = lab
        .client
        .sdk()
        .start_workflow(workflow, argument, options)
        .await
        .unwrap();
    match handle.get_result(WorkflowGetResultOptions::default()).await {
        Err(WorkflowGetResultError::Failed(error)) => Failure::from(&*error),
        other => panic!("expected a failed workflow, found {other:?}"),
    }
}

fn json_payload(value: &Value) -> RawValue {
    RawValue::from_value(value, &PayloadConverter::default())
}

/// The other workflows, each with a value that makes no sense to it.
fn every_other() -> [(&'static str, Value, &'static str); 5] {
    let pipeline = "one-day";
    [
        (
            "ParallelWorkflow",
            json!({"source": "one-day", "concurrency": 0}),
            "concurrency",
        ),
        (
            "ExtractWorkflow",
            json!({"source": "one-day", "heartbeat_timeout_ms": 0}),
            "heartbeat",
        ),
        (
            "ApprovalWorkflow",
            json!({"pipeline": pipeline, "escalate_after_ms": 9, "expire_after_ms": 9}),
            "expire_after_ms: expected more than escalate_after_ms (9), found 9",
        ),
        (
            "BackfillWorkflow",
            json!({"pipeline": pipeline, "first": "2013-01-02"}),
            "first: expected a day of one-day (2013-01-01 to 2013-01-01), found 2013-01-02",
        ),
        (
            "DailyWorkflow",
            json!({"pipeline": pipeline, "day": "2014-01-01"}),
            "day: expected a day of one-day",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_senseless_argument_fails_the_workflow_by_name() {
    let lab = Lab::new(|_| ()).await;
    let broken = {
        let mut raw = json_payload(&json!("my-source"));
        raw.payloads[0].data.pop();
        raw
    };
    let oversized = json!({"source": "one-day", "run": "x".repeat(1_100_000)});
    for (argument, error_type, part) in [
        (
            json_payload(&oversized),
            "BadInput",
            "expected at most 1048576 bytes",
        ),
        (
            json_payload(&json!("nowhere")),
            "UnknownSource",
            "my-source",
        ),
        (
            json_payload(&json!(7)),
            "BadInput",
            "a source's name or an object",
        ),
        (
            json_payload(&json!({"sauce": 1})),
            "BadInput",
            "unknown field `sauce`",
        ),
        (
            json_payload(&json!({"source": "one-day", "concurrency": 0})),
            "BadInput",
            "concurrency",
        ),
        (broken, "BadInput", "EOF"),
        (RawValue::new(vec![]), "BadInput", "expected one, found 0"),
    ] {
        for name in ["DataPipelineWorkflow", "SequentialWorkflow", "SagaWorkflow"] {
            let failure = failure_of(&lab, name, argument.clone()).await;
            assert_eq!(failure.error_type, error_type, "{name}: {failure}");
            assert!(
                failure.non_retryable && failure.message.contains(part),
                "{name}: {failure}"
            );
            assert_eq!(
                failure.chain.len(),
                1,
                "the name stands at the top: {failure:?}"
            );
        }
    }
    for (name, argument, part) in every_other() {
        for (argument, part) in [
            (argument, part),
            (json!(7), "a source's name or an object"),
            (json!({"sauce": 1}), "unknown field `sauce`"),
            (oversized.clone(), "expected at most 1048576 bytes"),
        ] {
            let failure = failure_of(&lab, name, json_payload(&argument)).await;
            assert_eq!(failure.error_type, "BadInput", "{name}: {failure}");
            assert!(
                failure.non_retryable && failure.message.contains(part),
                "{name}: {failure}"
            );
        }
        let failure = failure_of(&lab, name, json_payload(&json!("nowhere"))).await;
        assert_eq!(failure.error_type, "UnknownSource", "{name}: {failure}");
    }
    assert_eq!(lab.etl.warehouse().applied().unwrap(), []);
    assert_eq!(lab.catalogue.posts().len(), 0);
    let journal = orchbench_etl::journal::read_dir(&lab.dir.path().join("journal")).unwrap();
    assert!(journal.records.iter().all(|record| record.step.is_none()));

    // The client meets the same failure, and the worker goes on.
    let failure = lab
        .outcome("unknown", PipelineInput::new("nowhere"))
        .await
        .unwrap_err();
    assert_eq!(failure.error_type, "UnknownSource");
    lab.run("known", PipelineInput::new("one-day")).await;
}
