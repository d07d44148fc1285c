//! `DataPipelineWorkflow` from end to end.

use std::path::PathBuf;
use std::process::Command;

use orchbench_etl::Summary;
use orchbench_lab::server::command_line;
use orchbench_temporal::{ClientError, PipelineInput};

use crate::lab::Lab;
use crate::server;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_gives_what_plain_calls_give_and_a_second_one_changes_nothing() {
    let lab = Lab::new(|_| ()).await;
    let input = || PipelineInput::new("my-source");
    let started = lab.client.start_pipeline("pipeline-run-1", input()).await;
    let started = started.unwrap();
    let refused = lab.client.start_pipeline("pipeline-run-1", input()).await;
    let error = refused.unwrap_err();
    assert!(
        matches!(&error, ClientError::AlreadyRunning { run_id: Some(id), .. } if *id == started.run_id),
        "{error}"
    );

    let first = lab.client.pipeline_result("pipeline-run-1", None).await;
    let first = first.unwrap().unwrap();
    assert_eq!(first.run, format!("pipeline-run-1:{}", started.run_id));
    assert_eq!((first.partitions, first.changed), (7, first.loaded));
    let direct = lab.direct("my-source").await;
    let comparable = |summary: &Summary| Summary {
        run: String::new(),
        receipt: String::new(),
        ..summary.clone()
    };
    assert_eq!(comparable(&first), comparable(&direct));
    let key = format!("{}/announce/-", first.run);
    let announced = lab.catalogue.deliveries();
    let announced = announced
        .iter()
        .find(|delivery| delivery.key == key)
        .unwrap();
    assert_eq!(first.receipt, announced.receipt);

    // The id is free again, and another execution of it is another run.
    let second = lab.run("pipeline-run-1", input()).await;
    assert_ne!(second.run, first.run);
    assert_eq!((second.changed, second.loaded), (0, first.loaded));
    assert_eq!(second.digest, first.digest);
    let days = lab.etl.warehouse().rows("my-source").unwrap();
    assert_eq!(days.len() as u64, first.loaded);
    assert!(days.iter().all(|row| row.copies == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_may_name_the_run() {
    let lab = Lab::new(|_| ()).await;
    let input = PipelineInput {
        run: Some("run-7".to_owned()),
        ..PipelineInput::new("one-day")
    };
    let summary = lab.run("named-run", input.clone()).await;
    assert_eq!(summary.run, "run-7");
    // The same run again: the catalogue knows its key and gives the same receipt.
    let again = lab.run("named-run", input).await;
    assert_eq!((again.receipt, again.changed), (summary.receipt, 0));
    assert_eq!(lab.catalogue.posts()["run-7/announce/-"], 2);

    let history = lab.client.history("named-run", None).await.unwrap();
    let kinds: Vec<&str> = history
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(kinds[0], "WorkflowExecutionStarted");
    assert_eq!(kinds.last(), Some(&"WorkflowExecutionCompleted"));
    let activities: Vec<&str> = history
        .iter()
        .filter(|event| event.event_type == "ActivityTaskCompleted")
        .filter_map(|event| event.activity.as_deref())
        .collect();
    assert_eq!(&activities[3..], ["publish", "announce"]);
    let child = history
        .iter()
        .find_map(|event| event.child.clone())
        .unwrap();
    assert!(
        child.starts_with("named-run/") && child.ends_with("/2013-01-01"),
        "{child}"
    );
    let unknown = lab.client.history("no-such-run", None).await.unwrap_err();
    assert!(matches!(unknown, ClientError::NotFound { .. }), "{unknown}");
}

/// The `temporal` command line: named by the environment, on PATH, or in the harness's cache.
fn cli() -> PathBuf {
    command_line().unwrap_or_else(|lacking| panic!("{lacking}\nrun docker/install-temporal.sh"))
}

/// The way of everyone who has no Rust: by name, queue and one JSON argument.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_starts_it_by_name() {
    let lab = Lab::new(|_| ()).await;
    let mut command = Command::new(cli());
    command
        .args(["workflow", "execute", "--output", "json"])
        .args(["--address", server::address()])
        .args(["--task-queue", &lab.queue])
        .args(["--type", "DataPipelineWorkflow"])
        .args(["--workflow-id", "by-command-line"])
        .args(["--input", "\"one-day\""]);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["status"], "COMPLETED", "{text}");
    let summary: Summary = serde_json::from_value(answer["result"].clone()).unwrap();
    assert_eq!(summary.digest, lab.direct("one-day").await.digest);
    assert_eq!((summary.partitions, summary.changed), (1, summary.loaded));
}
