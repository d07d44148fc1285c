//! The saga: whatever step fails, however it ends, and whoever cancels, everything is as before.

use orchbench_etl::catalogue::Post;
use orchbench_etl::journal::Kind;
use orchbench_etl::{
    CrashPoint, Etl, EtlConfig, FailurePlan, RetrySpec, StepName, Undo, WarehouseRow,
};
use orchbench_temporal::client::HistoryEvent;
use orchbench_temporal::{PipelineInput, SagaWorkflow};
use tempfile::TempDir;
use temporalio_client::WorkflowCancelOptions;

use crate::lab::{Lab, cancel, ended, query, until};
use crate::rendezvous::Meeting;
use crate::reset::reset_before;

/// Everything that a saga may have touched.
#[derive(Debug, PartialEq)]
struct Outside {
    rows: Vec<WarehouseRow>,
    published: Option<String>,
    announced: Option<String>,
}

/// A lab in whose warehouse the source `shop` was published with the flights from one airport; the
/// worker's catalogue of sources has it with those from all three.
struct Shop {
    lab: Lab,
    before: Outside,
    _dir: TempDir,
}

impl Shop {
    async fn new(configure: impl FnOnce(&mut EtlConfig)) -> Self {
        let dir = TempDir::new().unwrap();
        let lab = Lab::new(|config| {
            let narrow = EtlConfig {
                sources_file: Some(sources(&dir, "narrow", "origins = [\"EWR\"]")),
                journal_dir: None,
                ..config.clone()
            };
            tokio::task::block_in_place(|| {
                Etl::open(narrow)
                    .unwrap()
                    .run_direct("before", "shop", 2)
                    .unwrap()
            });
            config.sources_file = Some(sources(&dir, "wide", ""));
            configure(config);
        })
        .await;
        let before = outside(&lab);
        assert!(before.published.is_some() && before.published == before.announced);
        Self {
            lab,
            before,
            _dir: dir,
        }
    }

    /// A shop in which the first attempt at a step waits at a point.
    async fn held_up(
        step: StepName,
        point: CrashPoint,
        configure: impl FnOnce(&mut EtlConfig),
    ) -> (Self, Meeting) {
        let mut meeting = None;
        let shop = Self::new(|config| {
            meeting = Some(Meeting::arrange(config, step, point));
            configure(config);
        })
        .await;
        (shop, meeting.unwrap())
    }
}

fn sources(dir: &TempDir, name: &str, filter: &str) -> std::path::PathBuf {
    let path = dir.path().join(format!("{name}.toml"));
    let text = format!(
        "[sources.shop]\ntitle = \"two days\"\n{filter}\nfirst = \"2013-01-01\"\nlast = \"2013-01-02\"\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn input() -> PipelineInput {
    PipelineInput {
        retry: RetrySpec {
            max_attempts: 1,
            delay_ms: 20,
            ..RetrySpec::default()
        },
        ..PipelineInput::new("shop")
    }
}

fn outside(lab: &Lab) -> Outside {
    let warehouse = lab.etl.warehouse();
    Outside {
        rows: warehouse.rows("shop").unwrap(),
        published: warehouse.published("shop").unwrap(),
        announced: lab
            .catalogue
            .current("shop")
            .map(|announced| announced.version),
    }
}

fn fatal(steps: &[StepName], point: CrashPoint) -> FailurePlan {
    FailurePlan {
        seed: 1,
        fail_first: 2,
        steps: steps.to_vec(),
        point,
        fatal: true,
        ..FailurePlan::default()
    }
}

/// The steps that were undone, in the order in which it was done.
fn undone(lab: &Lab) -> Vec<StepName> {
    let mut ends: Vec<_> = [
        StepName::UndoAnnounce,
        StepName::UndoPublish,
        StepName::UndoLoad,
    ]
    .into_iter()
    .flat_map(|step| lab.journal(Kind::Ok, step))
    .map(|record| (record.t_ns, record.step.unwrap()))
    .collect();
    ends.sort();
    ends.into_iter().map(|(_, step)| step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_that_comes_to_its_end_undoes_nothing() {
    let shop = Shop::new(|_| ()).await;
    let handle = shop
        .lab
        .begin(SagaWorkflow::run, input().into(), "saga-good")
        .await;
    let summary = ended(&handle).await.unwrap();
    assert_ne!(outside(&shop.lab), shop.before);
    assert_eq!(outside(&shop.lab).announced, Some(summary.version));
    let progress = query(&handle, SagaWorkflow::progress).await;
    assert_eq!((progress.begun.len(), progress.undone.len()), (4, 0));
    assert_eq!(undone(&shop.lab), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_step_fails_everything_is_as_before() {
    use StepName::{Announce, Load, Publish, UndoAnnounce, UndoLoad, UndoPublish};
    let expected: [(StepName, &[StepName]); 3] = [
        (Load, &[UndoLoad]),
        (Publish, &[UndoPublish, UndoLoad, UndoLoad]),
        (Announce, &[UndoAnnounce, UndoPublish, UndoLoad, UndoLoad]),
    ];
    for point in [CrashPoint::BeforeEffect, CrashPoint::AfterEffect] {
        for (step, in_reverse) in expected {
            let shop = Shop::new(|config| config.failure = Some(fatal(&[step], point))).await;
            let id = format!("saga-{step}-{point}");
            let handle = shop.lab.begin(SagaWorkflow::run, input().into(), &id).await;
            let failure = ended(&handle).await.unwrap_err();
            assert_eq!(failure.error_type, "InjectedFatal", "{id}: {failure:?}");
            assert_eq!(outside(&shop.lab), shop.before, "{id}");
            assert_eq!(undone(&shop.lab), in_reverse, "{id}");
            let progress = query(&handle, SagaWorkflow::progress).await;
            let happened = progress.undone[0].undo == Undo::Restored;
            assert_eq!(
                happened,
                point == CrashPoint::AfterEffect,
                "{id}: {progress:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_timed_out_is_undone_and_cannot_happen_later() {
    for point in [CrashPoint::BeforeEffect, CrashPoint::AfterEffect] {
        let (shop, meeting) = Shop::held_up(StepName::Publish, point, |_| ()).await;
        let input = PipelineInput {
            start_to_close_ms: 1_000,
            ..input()
        };
        let id = format!("saga-timeout-{point}");
        let handle = shop.lab.begin(SagaWorkflow::run, input.into(), &id).await;
        let zombie = meeting.met().await;
        let failure = ended(&handle).await.unwrap_err();
        assert_eq!(failure.error_type, "TimeoutStartToClose", "{failure:?}");
        assert_eq!(outside(&shop.lab), shop.before, "{id}");

        // The attempt that everybody has given up wakes.
        drop(zombie);
        until("the zombie has ended", async || {
            let ended = |kind| shop.lab.journal(kind, StepName::Publish).len();
            ended(Kind::Ok) + ended(Kind::Error) == 1
        })
        .await;
        let refused = shop.lab.journal(Kind::Error, StepName::Publish);
        let expected = usize::from(point == CrashPoint::BeforeEffect);
        assert_eq!(refused.len(), expected, "{id}: a late act is refused");
        assert!(refused.iter().all(|record| {
            record
                .error
                .as_deref()
                .is_some_and(|error| error.starts_with("Fenced"))
        }));
        assert_eq!(outside(&shop.lab), shop.before, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_during_an_act_it_undoes_that_too() {
    for point in [CrashPoint::BeforeEffect, CrashPoint::AfterEffect] {
        let (shop, meeting) = Shop::held_up(StepName::Publish, point, |_| ()).await;
        let id = format!("saga-cancel-{point}");
        let handle = shop.lab.begin(SagaWorkflow::run, input().into(), &id).await;
        let waiting = meeting.met().await;
        cancel(&shop.lab.client, &handle, &id).await;
        assert_eq!(undone(&shop.lab), [], "not before the act has ended");
        drop(waiting);
        let failure = ended(&handle).await.unwrap_err();
        assert_eq!(failure.error_type, "Cancelled", "{failure:?}");
        assert_eq!(outside(&shop.lab), shop.before, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_cancellation_nor_failures_stop_the_way_back() {
    let point = CrashPoint::BeforeEffect;
    let (shop, meeting) = Shop::held_up(StepName::UndoAnnounce, point, |config| {
        // The first two attempts at undoing the publication fail with what no retry cures.
        let steps = [StepName::Announce, StepName::UndoPublish];
        config.failure = Some(fatal(&steps, CrashPoint::AfterEffect));
    })
    .await;
    let handle = shop
        .lab
        .begin(SagaWorkflow::run, input().into(), "saga-way-back")
        .await;
    let waiting = meeting.met().await;
    assert_eq!(waiting.met.step, StepName::UndoAnnounce);
    handle
        .cancel(WorkflowCancelOptions::default())
        .await
        .unwrap();
    drop(waiting);
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "InjectedFatal", "{failure:?}");
    assert_eq!(outside(&shop.lab), shop.before);
    assert_eq!(
        shop.lab.journal(Kind::Invoke, StepName::UndoPublish).len(),
        3
    );
    // Executed three times, in net effect once.
    let applied = shop.lab.etl.warehouse().applied().unwrap();
    let changes = applied
        .iter()
        .filter(|entry| entry.step == StepName::UndoPublish && entry.rows_changed > 0);
    assert_eq!(changes.count(), 1);
    let retractions = shop.lab.catalogue.deliveries();
    let retractions = retractions
        .iter()
        .filter(|delivery| matches!(delivery.post, Post::Retraction(_)));
    assert_eq!(retractions.count(), 1);
}

/// A saga that was undone stays undone: what it did before the reset is not there any more, so a
/// reset goes on on sand, whatever point it leads to.
#[tokio::test(flavor = "multi_thread")]
async fn reset_after_it_was_undone_it_ends_by_name_and_leaves_everything_as_it_is() {
    let steps = [StepName::Announce];
    let failing = fatal(&steps, CrashPoint::AfterEffect);
    let shop = Shop::new(|config| config.failure = Some(failing)).await;
    let lab = &shop.lab;
    let id = "saga-reset";
    let handle = lab.begin(SagaWorkflow::run, input().into(), id).await;
    let undone_run = handle.info().run_id.clone().unwrap();
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(failure.error_type, "InjectedFatal", "{failure:?}");
    for (begins, refused) in [
        ("extract_airlines", "load"),
        ("publish", "publish"),
        ("announce", "announce"),
    ] {
        let scheduled = |event: &HistoryEvent| event.activity.as_deref() == Some(begins);
        let again = reset_before(lab, id, &undone_run, scheduled).await;
        let outcome = lab.client.result(id, Some(&again)).await.unwrap();
        let failure = outcome.unwrap_err();
        let found = (failure.error_type.as_str(), failure.non_retryable);
        assert_eq!(found, ("Fenced", true), "{begins}: {failure:?}");
        assert!(
            failure.message.contains(&format!("/{refused}/")),
            "{begins}: {failure:?}"
        );
        assert!(
            failure.message.contains("start another run"),
            "{begins}: {failure:?}"
        );
        assert_eq!(outside(lab), shop.before, "{begins}");
    }
}

/// The compensation of a run that was reset away is still under way somewhere: what the run after the
/// reset does is not undone by it, nor half of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_from_before_the_reset_undoes_nothing_of_what_came_after() {
    let point = CrashPoint::BeforeEffect;
    let mut undoing = None;
    let (shop, loading) = Shop::held_up(StepName::Load, point, |config| {
        undoing = Some(Meeting::arrange(config, StepName::UndoLoad, point));
    })
    .await;
    let lab = &shop.lab;
    let id = "saga-reset-late";
    let input = PipelineInput {
        start_to_close_ms: 4_000,
        ..input()
    };
    let handle = lab.begin(SagaWorkflow::run, input.into(), id).await;
    let first = handle.info().run_id.clone().unwrap();
    let late_load = loading.met().await;
    let late_undo = undoing.unwrap().met().await;
    let again = reset_before(lab, id, &first, |_| true).await;
    let summary = lab.client.result(id, Some(&again)).await.unwrap().unwrap();
    let whole = outside(lab);
    assert_eq!(summary["loaded"], whole.rows.len() as u64, "{summary}");
    // What waited for the old run wakes.
    drop((late_load, late_undo));
    until("both have ended", async || {
        let refused =
            [StepName::Load, StepName::UndoLoad].map(|step| lab.journal(Kind::Error, step).len());
        refused == [1, 1]
    })
    .await;
    let refused = lab.journal(Kind::Error, StepName::UndoLoad);
    let error = refused[0].error.as_deref().unwrap();
    assert!(error.starts_with("Fenced"), "{error}");
    assert_eq!(outside(lab), whole);
}
