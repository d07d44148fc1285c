//! The refresh: what fails keeps nothing else from being made, and is all that is made again.

use std::collections::BTreeMap;

use orchbench_etl::journal::Kind;
use orchbench_etl::{CrashPoint, Day, FailurePlan, StepName};
use orchbench_temporal::{Argument, Memory, PipelineInput, RefreshInput, RefreshWorkflow};

use crate::lab::{Lab, cancel, ended};
use crate::rendezvous::held_up;

fn input(concurrency: usize, memory: Memory) -> Argument<RefreshInput> {
    let pipeline = PipelineInput {
        concurrency,
        ..PipelineInput::new("my-source")
    };
    Argument::from(RefreshInput {
        pipeline,
        code_versions: BTreeMap::new(),
        memory,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_fails_keeps_no_other_from_being_made_and_is_made_alone_once_mended() {
    let day: Day = "2013-01-03".parse().unwrap();
    let mut cause = None;
    let lab = Lab::new(|config| {
        let unmended = config.work_dir.parent().unwrap().join("unmended");
        std::fs::write(&unmended, "").unwrap();
        config.failure = Some(FailurePlan {
            fail_first: u32::MAX,
            steps: vec![StepName::Transform],
            partitions: vec![day],
            cause: Some(unmended.clone()),
            fatal: true,
            ..FailurePlan::default()
        });
        cause = Some(unmended);
    })
    .await;
    let done = |step| lab.journal(Kind::Ok, step).len();
    let first = input(2, Memory::default());
    let first = lab
        .begin(RefreshWorkflow::run, first, "refresh-failed")
        .await;
    let failure = ended(&first).await.unwrap_err();
    assert_eq!(failure.error_type, "InjectedFatal", "{failure:?}");
    assert_eq!([done(StepName::Load), done(StepName::Publish)], [6, 0]);
    std::fs::remove_file(cause.unwrap()).unwrap();
    let memory = lab.client.refresh_memory("refresh-failed").await.unwrap();
    let again = input(2, memory);
    let again = lab
        .begin(RefreshWorkflow::run, again, "refresh-again")
        .await;
    ended(&again).await.unwrap();
    let counts = [
        StepName::ExtractPlanes,
        StepName::ExtractFlights,
        StepName::Transform,
        StepName::Load,
        StepName::Publish,
    ];
    assert_eq!(counts.map(done), [1, 7, 7, 7, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_in_a_day_it_begins_no_other() {
    let (lab, meeting) = held_up(StepName::Transform, CrashPoint::BeforeEffect, |_| ()).await;
    let id = "refresh-cancelled";
    let handle = lab
        .begin(RefreshWorkflow::run, input(1, Memory::default()), id)
        .await;
    let waiting = meeting.met().await;
    cancel(&lab.client, &handle, id).await;
    drop(waiting);
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "Cancelled", "{failure:?}");
    assert_eq!(lab.journal(Kind::Invoke, StepName::ExtractFlights).len(), 1);
}
