//! A worker that is told to stop finishes what it has begun; another one goes on from there.

use orchbench_etl::StepName;
use orchbench_etl::journal::Kind;
use orchbench_temporal::PipelineInput;

use crate::lab::{Lab, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_worker_loses_no_activity() {
    let mut lab = Lab::new(|config| config.step_delay_ms = 500).await;
    let started = lab
        .client
        .start_pipeline("drained", PipelineInput::new("one-day"))
        .await
        .unwrap();
    until("transform has begun", async || {
        !lab.journal(Kind::Invoke, StepName::Transform).is_empty()
    })
    .await;
    let lab = tokio::task::spawn_blocking(move || {
        lab.stop().unwrap();
        assert_eq!(lab.journal(Kind::Ok, StepName::Transform).len(), 1);
        assert_eq!(lab.journal(Kind::Ok, StepName::Announce).len(), 0);
        lab.start();
        lab
    })
    .await
    .unwrap();
    let result = lab
        .client
        .pipeline_result("drained", Some(&started.run_id))
        .await;
    assert_eq!(result.unwrap().unwrap().partitions, 1);
    for step in StepName::ALL {
        assert_eq!(lab.journal(Kind::Invoke, step).len(), 1, "{step}");
    }
}
