//! Schedules: the server starts the day by the clock; a paused schedule starts nothing.

use std::time::Duration;

use orchbench_temporal::client::{Cadence, ClientError, NewSchedule, Overlap, Schedule};
use serde_json::{Value, json};

use crate::lab::{Lab, until};

/// Every second, which is the least that the server takes.
fn every_second(workflow: &str, argument: Value, paused: bool) -> NewSchedule {
    NewSchedule {
        workflow: workflow.to_owned(),
        workflow_id: format!("scheduled-{workflow}"),
        arguments: vec![argument],
        cadence: Cadence::Every(Duration::from_secs(1)),
        overlap: Overlap::Skip,
        paused,
        note: String::new(),
    }
}

async fn started(lab: &Lab, id: &str, at_least: i64) -> Schedule {
    let mut schedule = None;
    until(&format!("{id} starts {at_least}"), async || {
        let described = lab.client.schedule(id).await.unwrap();
        let enough = described.started >= Some(at_least);
        schedule = Some(described);
        enough
    })
    .await;
    schedule.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_starts_the_day_and_a_paused_one_does_not() {
    let lab = Lab::new(|_| ()).await;
    let client = &lab.client;
    let idle = json!({"shape": "chain", "steps": 1});
    let paused = every_second("NoopWorkflow", idle, true);
    client.create_schedule("paused", paused).await.unwrap();
    let daily = every_second("DataPipelineWorkflow", json!("one-day"), false);
    client
        .create_schedule("daily", daily.clone())
        .await
        .unwrap();

    // The one that runs is the clock of the one that does not.
    let daily_runs = started(&lab, "daily", 2).await.recent;
    let first = &daily_runs[0];
    let result = client
        .pipeline_result(&first.workflow_id, Some(&first.run_id))
        .await;
    assert_eq!(result.unwrap().unwrap().partitions, 1);
    let second = &daily_runs[1];
    assert_ne!(first.workflow_id, second.workflow_id);
    assert!(second.due_ns.unwrap() >= first.due_ns.unwrap() + 1_000_000_000);
    let still = client.schedule("paused").await.unwrap();
    assert_eq!((still.paused, still.started), (true, Some(0)));

    // And it was only the pause that kept it.
    client.unpause_schedule("paused", "go on").await.unwrap();
    let moved = started(&lab, "paused", 1).await;
    assert_eq!(
        (moved.paused, moved.note.as_deref()),
        (false, Some("go on"))
    );
    let run = &moved.recent[0];
    let result = client
        .noop_result(&run.workflow_id, Some(&run.run_id))
        .await;
    assert_eq!(result.unwrap().unwrap().steps, 1);

    let twice = client.create_schedule("daily", daily).await.unwrap_err();
    assert!(
        matches!(twice, ClientError::ScheduleExists { .. }),
        "{twice}"
    );
    for id in ["daily", "paused"] {
        client.delete_schedule(id).await.unwrap();
        let gone = client.schedule(id).await.unwrap_err();
        assert!(matches!(gone, ClientError::NoSchedule { .. }), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_schedule_keeps_the_time_of_its_zone() {
    let lab = Lab::new(|_| ()).await;
    let cron = NewSchedule {
        cadence: Cadence::Cron {
            expression: "30 6 * * *".to_owned(),
            time_zone: Some("Asia/Kolkata".to_owned()),
        },
        ..every_second("NoopWorkflow", json!({}), false)
    };
    lab.client.create_schedule("cron", cron).await.unwrap();
    let next = lab.client.schedule("cron").await.unwrap().next_ns;
    // 6:30 in Kolkata, which knows no summer time, is 1:00 in UTC.
    let hours: Vec<u64> = next.iter().map(|ns| ns / 1_000_000_000 % 86_400).collect();
    assert!(
        !hours.is_empty() && hours.iter().all(|s| *s == 3_600),
        "{hours:?}"
    );
    lab.client.delete_schedule("cron").await.unwrap();
}
