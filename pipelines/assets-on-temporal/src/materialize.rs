//! `MaterializeWorkflow`: a run of assets, from its plan to its end.
//!
//! - **Stages**: lanes that have nothing to do with each other are in work side by side, as many as `at_once` says; the next
//!   stage begins when all of one have ended. Its lanes are judged then: what has turned out fresh is in none.
//! - **Bounded**: lanes are asked for a page at a time, and the history begins anew after `lanes_per_execution` of them, or
//!   when the server suggests it.
//! - **Changed while it runs**: the update `set_at_once` changes how many lanes are in work, `pause` and `resume` whether any
//!   begins; the query `progress` tells how far it is. A cancelled run finishes and keeps what is in work.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

mod state;

use asset_engine::{Lane, RunStatus};
use orchbench_journal::hex;
use orchbench_temporal::Argument;
use orchbench_temporal::failure::{bad_input, closing};
use sha2::{Digest as _, Sha256};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join_all;
use temporalio_sdk::{
    ChildWorkflowOptions, ContinueAsNewOptions, ParentClosePolicy, SyncWorkflowContext,
    WorkflowCancellationToken, WorkflowContext, WorkflowContextView, WorkflowIdReusePolicy,
    WorkflowResult, WorkflowTermination,
};

use self::state::{Next, State};
use crate::activities::{AssetActivities, EndRequest, LanesRequest, planning};
use crate::input::{
    AT_ONCE_MAX, Counts, MaterializeInput, MaterializeOutcome, MaterializeProgress, PiecesInput,
    check_at_once,
};
use crate::pieces::PiecesWorkflow;

/// Lanes that are asked for at a time.
const PAGE: u32 = 100;

/// Most bytes of a lane's name in the id of its workflow, and in a summary.
pub(crate) const NAME_MAX: usize = 200;

/// The workflow of a run.
#[workflow]
pub struct MaterializeWorkflow {
    argument: Argument<MaterializeInput>,
    state: State,
}

#[workflow_methods]
impl MaterializeWorkflow {
    /// The state is there before the first message is handled, which may come before `run` begins.
    #[init]
    pub fn new(_ctx: &WorkflowContextView, argument: Argument<MaterializeInput>) -> Self {
        let state = argument.0.as_ref().map(State::of).unwrap_or_default();
        Self { argument, state }
    }

    /// Materializes what the argument says, or continues as new.
    #[run(name = "MaterializeWorkflow")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<MaterializeOutcome> {
        let argument = ctx.state(|workflow| workflow.argument.clone());
        let input = argument.valid().map_err(bad_input)?;
        materialize(ctx, input).await.map_err(closing)
    }

    /// How far it is.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> MaterializeProgress {
        self.state.progress()
    }

    /// Refuses what `set_at_once` may not be given.
    #[update_validator(set_at_once)]
    fn validate_at_once(
        &self,
        _ctx: &WorkflowContextView,
        value: &Argument<usize>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(check_at_once(value.0.clone()?)?)
    }

    /// Sets how many lanes are in work at a time; answers with the number before.
    #[update(name = "set_at_once")]
    pub fn set_at_once(
        &mut self,
        _ctx: &mut SyncWorkflowContext<Self>,
        value: Argument<usize>,
    ) -> usize {
        let before = self.state.done.at_once;
        self.state.done.at_once = value.0.unwrap_or(before);
        before
    }

    /// Begins no further lane; what is in work comes to its end.
    #[update(name = "pause")]
    pub fn pause(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> bool {
        std::mem::replace(&mut self.state.done.paused, true)
    }

    /// Goes on; answers whether it was paused.
    #[update(name = "resume")]
    pub fn resume(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> bool {
        std::mem::replace(&mut self.state.done.paused, false)
    }
}

type Context = WorkflowContext<MaterializeWorkflow>;

async fn materialize(ctx: &Context, input: MaterializeInput) -> WorkflowResult<MaterializeOutcome> {
    if input.carried.is_none() {
        let planned = ctx.execute_activity(AssetActivities::plan_assets, input.clone(), planning());
        let planned = match planned.await {
            // It may have been taken in nevertheless.
            Err(_) if ctx.cancellation_token().is_cancelled() => {
                end(ctx, &input, Some(RunStatus::Canceled)).await?;
                return Err(WorkflowTermination::cancelled());
            }
            planned => planned?,
        };
        ctx.state_mut(|workflow| workflow.state.plan(&planned));
        if let Some(status) = planned.ended {
            let outcome = ctx.state(|workflow| workflow.state.outcome(&input.run, status));
            return Ok(MaterializeOutcome {
                ended_before: true,
                ..outcome
            });
        }
    }
    let ended = stages(ctx, &input).await;
    if let Ok(false) = ended {
        let handlers = ctx.clone();
        ctx.wait_condition(move |_| handlers.all_handlers_finished())
            .await?;
        let rest = MaterializeInput {
            carried: Some(ctx.state(|workflow| workflow.state.carried())),
            ..input
        };
        match ctx.continue_as_new(rest.into(), ContinueAsNewOptions::default())? {}
    }
    let canceled = ctx.cancellation_token().is_cancelled();
    let status = match &ended {
        _ if canceled => Some(RunStatus::Canceled),
        Err(_) => Some(RunStatus::Failure),
        Ok(_) => None,
    };
    let status = end(ctx, &input, status).await?;
    if canceled {
        return Err(WorkflowTermination::cancelled());
    }
    ended?;
    Ok(ctx.state(|workflow| workflow.state.outcome(&input.run, status)))
}

/// Ends the run in the catalog, though the workflow be cancelled.
async fn end(
    ctx: &Context,
    input: &MaterializeInput,
    status: Option<RunStatus>,
) -> WorkflowResult<RunStatus> {
    let request = EndRequest {
        run: input.run.clone(),
        fresh: ctx.state(|workflow| workflow.state.done.counts.fresh),
        status,
    };
    let mut options = planning();
    options.cancellation_token = Some(WorkflowCancellationToken::new());
    let ended = ctx.execute_activity(AssetActivities::end_assets_run, request, options);
    Ok(ended.await?)
}

/// Goes through the stages; whether to the end, and not to where the workflow is to continue as new.
async fn stages(ctx: &Context, input: &MaterializeInput) -> WorkflowResult<bool> {
    while ctx.state_mut(|workflow| workflow.state.begin_stage()) {
        // As many as there may ever be; those above the number that is set wait.
        let hands = join_all((0..AT_ONCE_MAX).map(|number| hand(ctx, input, number)));
        hands.await.into_iter().collect::<WorkflowResult<()>>()?;
        if !ctx.state_mut(|workflow| workflow.state.end_stage()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes one lane of the stage after the other, and the next page of them where there is none.
async fn hand(ctx: &Context, input: &MaterializeInput, number: usize) -> WorkflowResult<()> {
    loop {
        ctx.wait_condition(|workflow| workflow.state.may_go_on(number))
            .await?;
        let enough = ctx.continue_as_new_suggested();
        let most = input.lanes_per_execution;
        let next = ctx.state_mut(|workflow| workflow.state.next(enough, most));
        let done = match next {
            Next::Nothing => return Ok(()),
            Next::Page { stage, after } => page(ctx, input, stage, after).await,
            Next::Lane { stage, lane } => lane_of(ctx, input, stage, lane).await,
        };
        if let Err(error) = done {
            ctx.state_mut(|workflow| workflow.state.give_up());
            return Err(error);
        }
        if ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
    }
}

async fn page(
    ctx: &Context,
    input: &MaterializeInput,
    stage: u32,
    after: u32,
) -> WorkflowResult<()> {
    let request = LanesRequest {
        run: input.run.clone(),
        stage,
        after,
        at_most: PAGE.min(input.lanes_per_execution),
    };
    let lanes = ctx.execute_activity(AssetActivities::list_lanes, request, planning());
    let lanes = lanes.await?;
    ctx.state_mut(|workflow| workflow.state.page(lanes));
    Ok(())
}

/// A lane, as a child workflow: a history of its own, and a line of its own in the UI.
async fn lane_of(
    ctx: &Context,
    input: &MaterializeInput,
    stage: u32,
    lane: Lane,
) -> WorkflowResult<()> {
    let name = short(&lane.to_string());
    let options = ChildWorkflowOptions::builder()
        .workflow_id(format!("{}/{stage}/{name}", ctx.workflow_id()))
        .static_summary(name)
        .parent_close_policy(ParentClosePolicy::Terminate)
        // What is left of a parent that was terminated.
        .id_reuse_policy(WorkflowIdReusePolicy::TerminateIfRunning)
        .build();
    let pieces = PiecesInput {
        run: input.run.clone(),
        lane,
        heartbeat_timeout_ms: input.heartbeat_timeout_ms,
        done: 0,
        counts: Counts::default(),
    };
    let child = ctx.start_child_workflow(PiecesWorkflow::run, Argument::from(pieces), options);
    let ended: WorkflowResult<Counts> = async { Ok(child.await?.result().await?) }.await;
    ctx.state_mut(|workflow| workflow.state.ended(ended.as_ref().ok().copied()));
    ended.map(drop)
}

/// A name that the server takes in an id and a summary; what is longer keeps its digest.
pub(crate) fn short(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let head: String = name.chars().take(NAME_MAX / 4).collect();
    let digest = hex(&Sha256::digest(name.as_bytes())[..16]);
    format!("{head}… {digest}")
}
