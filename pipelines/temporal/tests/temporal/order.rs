//! Sequential and parallel activities give what plain calls give; the first error wins.

use orchbench_etl::journal::Kind;
use orchbench_etl::{CrashPoint, FailurePlan, StepName, Summary};
use orchbench_temporal::{ParallelWorkflow, PipelineInput, SequentialWorkflow};

use crate::lab::{Lab, ended, query};

/// A summary without what differs from run to run.
fn comparable(summary: Summary) -> Summary {
    Summary {
        run: String::new(),
        receipt: String::new(),
        changed: 0,
        ..summary
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_after_the_other_and_side_by_side_are_the_same_data() {
    let lab = Lab::new(|_| ()).await;
    let direct = comparable(lab.direct("my-source").await);
    let input = || PipelineInput::new("my-source").into();
    let sequential = lab
        .begin(SequentialWorkflow::run, input(), "sequential")
        .await;
    assert_eq!(comparable(ended(&sequential).await.unwrap()), direct);
    assert_eq!(query(&sequential, SequentialWorkflow::progress).await, 7);
    // Never two steps at a time, apart from the two extracts of a day.
    let starts = lab.journal(Kind::Invoke, StepName::Transform);
    let ends = lab.journal(Kind::Ok, StepName::Load);
    for (end, next) in ends.iter().zip(&starts[1..]) {
        assert!(
            end.t_ns < next.t_ns,
            "a day begins when the one before is loaded"
        );
    }

    let parallel = lab.begin(ParallelWorkflow::run, input(), "parallel").await;
    assert_eq!(comparable(ended(&parallel).await.unwrap()), direct);
    assert_eq!(query(&parallel, ParallelWorkflow::progress).await, 7);
    let description = parallel.describe(Default::default()).await.unwrap();
    let memo = description.memo();
    let source: String = memo.get("source").unwrap().unwrap();
    let days: String = memo.get("partition").unwrap().unwrap();
    assert_eq!(
        (source.as_str(), days.as_str()),
        ("my-source", "2013-01-01 to 2013-01-07")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_error_no_day_is_begun_and_nothing_is_published() {
    let plan = FailurePlan {
        seed: 1,
        fail_first: 9,
        steps: vec![StepName::Transform],
        point: CrashPoint::BeforeEffect,
        fatal: true,
        ..FailurePlan::default()
    };
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let input = PipelineInput {
        concurrency: 2,
        ..PipelineInput::new("my-source")
    };
    let handle = lab
        .begin(ParallelWorkflow::run, input.into(), "first-error")
        .await;
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "InjectedFatal", "{failure:?}");
    let begun = lab.journal(Kind::Invoke, StepName::ExtractFlights).len();
    assert!(
        begun <= 4,
        "two lanes begin no third day each, found {begun} days"
    );
    assert_eq!(lab.journal(Kind::Invoke, StepName::Publish), []);
}
