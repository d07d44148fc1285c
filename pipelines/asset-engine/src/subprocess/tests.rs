//! Step processes: answers, deaths and what they leave behind.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use super::*;
use crate::{
    Asset, AssetGraph, AssetKey, Execution, Executor, ExecutorOptions, RetryPolicy, RunOutcome,
    RunRequest,
};

/// Runs a shell script as the step of one asset.
fn run(script: &str, max_retries: u32) -> RunOutcome {
    let step = Subprocess::new("/bin/sh", ["-c", script]);
    let asset = Asset::new(AssetKey::new("a").unwrap(), step)
        .execution(Execution::Subprocess)
        .retry(RetryPolicy::constant(max_retries, 0));
    let graph = Arc::new(AssetGraph::new(vec![asset]).unwrap());
    Executor::memory(ExecutorOptions::default())
        .run(RunRequest::new("run", graph))
        .unwrap()
}

const OK: &str = r#"echo '{"ok": {"data_version": "v1"}}'"#;

#[test]
fn reads_the_request_and_gives_an_answer() {
    let outcome = run(
        r#"read -r request || test -n "$request"
           case "$request" in
             *'"asset":"a"'*'"attempt":1'*)
               echo "{\"ok\": {\"data_version\": \"v1\", \"metadata\": \"$ASSET_ENGINE_PARENT_PID\"}}";;
             *) echo "$request" >&2; exit 1;;
           esac"#,
        0,
    );
    assert_eq!(outcome.failures, []);
    let made = &outcome.materializations[0];
    assert_eq!(made.data_version, "v1");
    assert_eq!(made.metadata, std::process::id().to_string());
}

#[test]
fn b3_a_killed_process_is_noticed_and_retried() {
    let script = format!(
        r#"read -r request || test -n "$request"
           case "$request" in *'"attempt":1'*) kill -KILL $$;; esac
           {OK}"#
    );
    let outcome = run(&script, 1);
    assert_eq!(outcome.failures, []);
    assert_eq!(outcome.materializations[0].attempt, 2);

    let outcome = run(&format!("{OK}; kill -KILL $$"), 0);
    let failure = &outcome.failures[0].failure;
    assert_eq!(failure.error_type, StepFailure::PROCESS_KILLED);
    assert_eq!(failure.message, "/bin/sh: killed by signal 9");
}

#[test]
fn failures_and_silence_are_told_apart() {
    let outcome = run(
        r#"echo '{"error": {"error_type": "BadInput", "message": "no", "retryable": false}}'; exit 1"#,
        3,
    );
    assert_eq!(outcome.failures[0].attempt, 1);
    assert_eq!(
        outcome.failures[0].failure,
        StepFailure::fatal("BadInput", "no")
    );
    let outcome = run("echo why >&2; exit 7", 1);
    assert_eq!(outcome.failures[0].attempt, 2);
    assert_eq!(
        outcome.failures[0].failure.message,
        "/bin/sh: gave no answer: exit status: 7, stderr: why"
    );
    let step = Subprocess::new("/nowhere/to/be/found", [] as [String; 0]);
    let asset = Asset::new(AssetKey::new("a").unwrap(), step);
    let graph = Arc::new(AssetGraph::new(vec![asset]).unwrap());
    let outcome = Executor::memory(ExecutorOptions::default())
        .run(RunRequest::new("run", graph))
        .unwrap();
    assert!(
        outcome.failures[0]
            .failure
            .message
            .starts_with("/nowhere/to/be/found: start: "),
        "{}",
        outcome.failures[0].failure
    );
}

#[test]
fn what_a_process_leaves_behind_dies_with_it() {
    // The child of the shell would hold its standard output open for a minute.
    let begun = std::time::Instant::now();
    let outcome = run(&format!("sleep 60 & {OK}"), 0);
    assert_eq!(outcome.failures, []);
    assert!(begun.elapsed() < std::time::Duration::from_secs(30));
}
