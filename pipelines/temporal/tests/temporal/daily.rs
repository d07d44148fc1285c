//! The daily partition: a durable timer, the day that the date decides, a day out of range.

use std::time::{SystemTime, UNIX_EPOCH};

use orchbench_temporal::{DailyInput, DailyWorkflow, PipelineInput};

use crate::lab::{Lab, ended, until};
use crate::versioning::without_worker;

fn input() -> DailyInput {
    DailyInput::new(PipelineInput::new("my-source"))
}

/// Days since 1970, by the clock of now.
fn today() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() / (24 * 60 * 60)
}

/// How many events of a kind the history has.
async fn count(lab: &Lab, kind: &str) -> usize {
    let history = lab.client.history("daily", None).await.unwrap();
    history
        .iter()
        .filter(|event| event.event_type == kind)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_date_decides_and_late_rows_are_waited_for() {
    let mut lab = Lab::new(|_| ()).await;
    let settling = DailyInput {
        settle_ms: 300,
        ..input()
    };
    let before = today();
    let handle = lab
        .begin(DailyWorkflow::run, settling.into(), "daily")
        .await;
    // No worker is needed for the time to pass.
    until("the timer is set", async || {
        count(&lab, "TimerStarted").await == 1
    })
    .await;
    lab = without_worker(lab).await;
    until("the time has passed", async || {
        count(&lab, "TimerFired").await == 1
    })
    .await;
    lab.start();
    let done = ended(&handle).await.unwrap();
    let days = lab.etl.sources().get("my-source").unwrap().partitions();
    let in_turn = [before, today()].map(|day| days[(day % 7) as usize]);
    assert!(in_turn.contains(&done.day), "{done:?}");
    let rows = lab.etl.warehouse().rows("my-source").unwrap();
    assert_eq!(rows.len() as u64, done.loaded.rows);
    assert!(rows.iter().all(|row| row.day == done.day));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_named_must_be_one_of_the_source() {
    let lab = Lab::new(|_| ()).await;
    let named = |day: &str| DailyInput {
        day: Some(day.parse().unwrap()),
        ..input()
    };
    let handle = lab
        .begin(
            DailyWorkflow::run,
            named("2013-01-03").into(),
            "daily-named",
        )
        .await;
    assert_eq!(ended(&handle).await.unwrap().day.to_string(), "2013-01-03");
    let handle = lab
        .begin(DailyWorkflow::run, named("2013-01-08").into(), "daily-odd")
        .await;
    let failure = ended(&handle).await.unwrap_err();
    assert_eq!(
        (failure.error_type.as_str(), failure.non_retryable),
        ("BadInput", true)
    );
    assert_eq!(
        failure.message,
        "day: expected a day of my-source (2013-01-01 to 2013-01-07), found 2013-01-08"
    );
}
