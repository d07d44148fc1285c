//! Arguments that make no sense end the workflow by name, and nothing is written.

use orchbench_temporal::input::check;
use orchbench_temporal::policy::Policy;
use orchbench_temporal::{Failure, PipelineInput};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use temporalio_client::{
    UntypedWorkflow, WorkflowGetResultOptions, WorkflowStartOptions, errors::WorkflowGetResultError,
};
use temporalio_common::data_converters::{PayloadConverter, RawValue};

use crate::lab::{Lab, PATIENCE};

mod arbitrary;

/// Starts a workflow as any SDK does: by name, with whatever payloads.
async fn failure_of(lab: &Lab, name: &str, argument: RawValue) -> Failure {
    let id = format!("odd-argument-{}", lab.queue);
    let options = WorkflowStartOptions::new(lab.queue.as_str(), id).build();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Nothing panics, and in what is accepted no number is large enough to hurt.
    #[test]
    fn what_is_accepted_is_bounded((workflow, argument) in arbitrary::started()) {
        if check(workflow, std::slice::from_ref(&argument)).is_ok() {
            prop_assert!(arbitrary::largest(&argument) <= 1e11, "{workflow}: {argument}");
            if let Ok(input) = serde_json::from_value::<PipelineInput>(argument) {
                let options = Policy::from(&input).step(orchbench_etl::StepName::Load);
                prop_assert!(options.retry_policy.is_some());
            }
        }
    }
}

/// The same on a server: each of them ends, by name, and the worker is none the worse.
#[tokio::test(flavor = "multi_thread")]
async fn no_argument_hangs_a_workflow_or_ends_its_worker() {
    const CASES: usize = 200;
    let lab = Lab::new(|_| ()).await;
    let mut runner = TestRunner::deterministic();
    let mut begun = Vec::new();
    for case in 0..CASES {
        let (workflow, argument) = arbitrary::started()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let id = format!("arbitrary-{case}");
        let started = lab
            .client
            .start_named(workflow, &id, std::slice::from_ref(&argument))
            .await;
        begun.push((workflow, argument, id, started.unwrap().run_id));
    }
    let mut refused = 0;
    for (workflow, argument, id, run_id) in begun {
        let ended = tokio::time::timeout(PATIENCE, lab.client.result(&id, Some(&run_id))).await;
        let ended = ended.unwrap_or_else(|_| panic!("{workflow} {argument}: still running"));
        let Err(failure) = ended.unwrap() else {
            continue;
        };
        let named = ["BadInput", "UnknownSource"].contains(&failure.error_type.as_str());
        assert!(
            named && failure.non_retryable,
            "{workflow} {argument}: {failure}"
        );
        let known = check(workflow, std::slice::from_ref(&argument));
        assert_eq!(
            failure.error_type == "BadInput",
            known.is_err(),
            "{workflow} {argument}"
        );
        refused += usize::from(known.is_err());
    }
    assert!(refused > CASES / 4 && refused < CASES, "{refused}");
    lab.run("after-all-of-them", PipelineInput::new("one-day"))
        .await;
}

/// What aborted every worker that polled: a count that is allocated, for each workflow that counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_bounded_before_anything_is_made_of_it() {
    let lab = Lab::new(|_| ()).await;
    for count in [100_001, u64::from(u32::MAX), u64::MAX] {
        let argument = json!({"pipeline": "my-source", "empty_partitions": count});
        let failure = failure_of(&lab, "BackfillWorkflow", json_payload(&argument)).await;
        let expected = format!("empty_partitions: expected 0 to 100000, found {count}");
        assert_eq!(failure.message, expected);
        assert!(
            failure.non_retryable && failure.error_type == "BadInput",
            "{failure}"
        );
    }
    let further = json!({"ended": 8, "loaded": 0, "changed": 0, "failed": [],
        "continuations": 0, "concurrency": 1, "dimensions": null});
    let argument = json!({"pipeline": "my-source", "carried": further});
    let failure = failure_of(&lab, "BackfillWorkflow", json_payload(&argument)).await;
    assert_eq!(failure.message, "carried.ended: expected 0 to 7, found 8");
}

/// A catalogue file is the worker's, and its days are counted too.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_too_many_days_is_refused_by_name() {
    let lab = Lab::new(|config| {
        let file = config.work_dir.with_extension("toml");
        let text =
            "[sources.decade]\ntitle = \"\"\nfirst = \"2010-01-01\"\nlast = \"2019-12-31\"\n";
        std::fs::write(&file, text).unwrap();
        config.sources_file = Some(file);
    })
    .await;
    for workflow in [
        "DataPipelineWorkflow",
        "ParallelWorkflow",
        "SequentialWorkflow",
        "SagaWorkflow",
        "ExtractWorkflow",
        "ApprovalWorkflow",
    ] {
        let argument = if workflow == "ApprovalWorkflow" {
            json!({"pipeline": "decade"})
        } else {
            json!("decade")
        };
        let failure = failure_of(&lab, workflow, json_payload(&argument)).await;
        assert_eq!(
            failure.message,
            "source decade: expected at most 1000 days, found 2010-01-01 to 2019-12-31",
            "{workflow}"
        );
    }
}

/// The run's own id is made of the workflow's, which anyone may choose.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_no_header_takes_is_refused_before_anything_is_done() {
    let lab = Lab::new(|_| ()).await;
    for id in ["t\u{e4}glich", "two\nlines", &"x".repeat(300)] {
        let arguments = [json!("one-day")];
        let started = lab
            .client
            .start_named("DataPipelineWorkflow", id, &arguments)
            .await;
        let run_id = started.unwrap().run_id;
        let ended = lab.client.result(id, Some(&run_id)).await.unwrap();
        let failure = ended.unwrap_err();
        assert_eq!(failure.error_type, "BadInput", "{failure}");
        assert!(failure.message.starts_with("run \""), "{failure}");
    }
    assert_eq!(lab.etl.warehouse().applied().unwrap(), []);
}
