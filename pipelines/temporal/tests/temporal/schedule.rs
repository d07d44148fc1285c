//! A schedule, made by anybody's client: the server starts the day by the clock.

use std::time::Duration;

use orchbench_temporal::{Argument, DailyInput, DailyWorkflow, PipelineInput};
use temporalio_client::RpcOptions;
use temporalio_client::schedules::{
    CreateScheduleOptions, DeleteScheduleOptions, ScheduleAction, ScheduleSpec,
};

use crate::lab::{Lab, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_starts_the_day_by_the_clock() {
    let lab = Lab::new(|_| ()).await;
    let argument = Argument::from(DailyInput::new(PipelineInput::new("one-day")));
    let action = ScheduleAction::start_workflow(
        DailyWorkflow::run,
        argument,
        lab.queue.as_str(),
        "scheduled",
    );
    let options = CreateScheduleOptions::builder()
        .action(action)
        .spec(ScheduleSpec::from_interval(Duration::from_secs(1)))
        .build();
    let schedule = lab.client.sdk().create_schedule("daily", options).await;
    let schedule = schedule.unwrap();
    let mut started = Vec::new();
    until("it has started two workflows", async || {
        let described = schedule.describe(RpcOptions::default()).await.unwrap();
        started = described.recent_actions();
        started.len() >= 2
    })
    .await;
    let run = &started[0];
    let result = lab.client.result(&run.workflow_id, Some(&run.run_id)).await;
    assert_eq!(result.unwrap().unwrap()["day"], "2013-01-01");
    assert_ne!(started[0].workflow_id, started[1].workflow_id);
    let options = DeleteScheduleOptions::default();
    schedule.delete(options).await.unwrap();
}
