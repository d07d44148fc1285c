//! Step processes: answers, deaths and what they leave behind. How an attempt that is told to stop
//! takes its process along is tried on a real server (`harness/tests/workflow/subprocess.rs`).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

fn shell(script: &str) -> StepCommand {
    StepCommand {
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
    }
}

async fn answer(script: &str) -> Result<Value, StepError> {
    let command = shell(script);
    let mut group = Group::start(&command).expect("a shell");
    let ended = group.talk(b"{\"order\": 1}").await.expect("its end");
    ended.answer(&command)
}

#[tokio::test]
async fn an_order_goes_in_and_an_answer_comes_out() {
    let said = answer(&format!(
        r#"read -r order || test -n "$order"
           echo "{{\"order\": $order, \"parent\": \"${PARENT_VARIABLE}\"}}""#
    ))
    .await;
    let parent = std::process::id().to_string();
    assert_eq!(said, Ok(json!({"order": {"order": 1}, "parent": parent})));
}

#[tokio::test]
async fn a_killed_process_is_a_retryable_failure_whatever_it_has_said() {
    let error = answer("echo null; kill -KILL $$")
        .await
        .expect_err("no answer");
    assert_eq!(error.error_type, ErrorType::ProcessKilled);
    assert!(error.retryable());
    assert_eq!(error.message, "/bin/sh: killed by signal 9");
}

#[tokio::test]
async fn a_process_without_an_answer_says_why_on_its_standard_error() {
    let error = answer("echo why >&2; exit 7").await.expect_err("no answer");
    assert_eq!(error.error_type, ErrorType::ProcessFailed);
    assert!(error.retryable());
    let expected = "/bin/sh: gave no answer: exit status: 7, stderr: why";
    assert_eq!(error.message, expected);
}

#[tokio::test]
async fn what_a_process_leaves_behind_dies_with_it() {
    // The child of the shell would hold its standard output open for a minute.
    let begun = Instant::now();
    assert_eq!(answer("sleep 60 & echo null").await, Ok(Value::Null));
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_group_that_is_ended_is_gone_with_all_its_processes() {
    let dir = tempfile::tempdir().expect("a folder");
    let alive = dir.path().join("alive");
    // The child's standard output ends when the last of the group is gone.
    let script = format!("sleep 60 & touch {}; wait", alive.display());
    let mut group = Group::start(&shell(&script)).expect("a shell");
    let mut stdout = group.leader.stdout.take().expect("a pipe");
    while !alive.exists() {
        tokio::task::yield_now().await;
    }
    group.end().await;
    let mut said = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(30), stdout.read_to_end(&mut said)).await;
    assert!(matches!(end, Ok(Ok(0))), "{end:?}");
}
