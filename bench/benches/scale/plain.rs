//! What a piece is compared with: a workflow with a child a lane and an activity a step, as one would write them who
//! needs no staleness. Each activity puts an object and commits what it made, fenced by its attempt.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use asset_engine::{Durability, Fence, InputVersion, Materialization, Recorder};
use orchbench_temporal::worker::{Registered, host_blocking};
use orchbench_temporal::{WorkerOptions, WorkerSettings};
use serde::{Deserialize, Serialize};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::workflows::join_all;
use temporalio_sdk::{ActivityOptions, ChildWorkflowOptions, WorkflowContext, WorkflowResult};

use super::graph::{Chain, asset, partition, put};
use super::worker::Config;

/// How many lanes, how many steps in each, and how many lanes in work at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlainInput {
    lanes: u32,
    steps: u32,
    at_once: u32,
}

/// A lane of so many steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaneInput {
    lane: u32,
    steps: u32,
}

/// A step of a lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepInput {
    run: String,
    lane: u32,
    step: u32,
}

#[workflow]
#[derive(Default)]
pub struct PlainWorkflow;

#[workflow_methods]
impl PlainWorkflow {
    #[run(name = "PlainWorkflow")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: PlainInput) -> WorkflowResult<()> {
        let hands = join_all((0..input.at_once).map(|hand| lanes(ctx, &input, hand)));
        hands.await.into_iter().collect()
    }
}

/// Every so manieth lane, one after the other.
async fn lanes(
    ctx: &WorkflowContext<PlainWorkflow>,
    input: &PlainInput,
    hand: u32,
) -> WorkflowResult<()> {
    for lane in (hand..input.lanes).step_by(input.at_once as usize) {
        let options = ChildWorkflowOptions::builder()
            .workflow_id(format!("{}/{lane}", ctx.workflow_id()))
            .build();
        let steps = input.steps;
        let child = ctx.start_child_workflow(PlainLane::run, LaneInput { lane, steps }, options);
        child.await?.result().await?;
    }
    Ok(())
}

#[workflow]
#[derive(Default)]
pub struct PlainLane;

#[workflow_methods]
impl PlainLane {
    #[run(name = "PlainLane")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: LaneInput) -> WorkflowResult<()> {
        for step in 0..input.steps {
            let asked = StepInput {
                run: ctx.workflow_id().to_owned(),
                lane: input.lane,
                step,
            };
            let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(60));
            ctx.execute_activity(PlainActivities::plain_step, asked, options)
                .await?;
        }
        Ok(())
    }
}

pub struct PlainActivities {
    recorder: Arc<Mutex<Recorder>>,
    chain: Chain,
}

#[activities]
impl PlainActivities {
    #[activity(name = "plain_step")]
    pub async fn plain_step(
        self: Arc<Self>,
        ctx: ActivityContext,
        asked: StepInput,
    ) -> Result<(), ActivityError> {
        let attempt = ctx.info().attempt;
        // Neither a disk nor the catalog's client waits without its thread.
        let made = tokio::task::spawn_blocking(move || self.step(&asked, attempt));
        Ok(made.await.map_err(anyhow::Error::from).flatten()?)
    }
}

impl PlainActivities {
    fn step(&self, asked: &StepInput, attempt: u32) -> Result<()> {
        let (asset_key, partition) = (asset(asked.step)?, partition(asked.lane));
        if let Some(store) = &self.chain.store {
            put(store, &format!("{asset_key}-{partition}"))?;
        }
        let read = match asked.step.checked_sub(1) {
            Some(before) => vec![InputVersion::new(
                asset(before)?,
                Some(&partition),
                asked.run.as_str(),
            )],
            None => Vec::new(),
        };
        let made = Materialization::reported(asset_key, Some(&partition), asked.run.as_str(), "1");
        let what = format!("{} {} {partition}", asked.run, asked.step);
        let fence = Fence {
            what: &what,
            attempt,
        };
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(recorder.record_fenced(&fence, [made.inputs(read)])?)
    }
}

/// Polls until it is told to stop.
pub fn serve(
    options: WorkerOptions,
    config: &Config,
    on_ready: impl FnOnce(&WorkerSettings),
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    // Its connections are closed here, not inside the runtime.
    let recorder =
        Recorder::postgres_at(&config.catalog, Durability::PowerLoss, "bench").map(Mutex::new);
    let recorder = Arc::new(recorder?);
    let activities = PlainActivities {
        recorder: Arc::clone(&recorder),
        chain: config.chain.clone(),
    };
    let workflows = Registered::new(options.task_queue.as_str())
        .register_workflow::<PlainWorkflow>()
        .and_then(|worker| worker.register_workflow::<PlainLane>());
    let registered = workflows.map(|worker| worker.register_activities(activities).build());
    let registered = registered.map_err(|error| options.not_created(error.to_string()));
    host_blocking(options, registered?, on_ready, shutdown).context("the plain worker")
}
