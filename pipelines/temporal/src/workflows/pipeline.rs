//! `DataPipelineWorkflow`: a whole run of a source, the entry point.
//!
//! Parallel activities for what is extracted once a run, one child workflow a day with bounded
//! concurrency, then publish and announce in sequence.
//!
//! **The run's id**, under which the ETL knows effects as its own, is the argument's `run`, else
//! `{workflow id}:{id of the first run in the chain}`. Attempts at an activity, a worker's death, a
//! reset and a continuation are all within one run; a workflow that is started again under the same
//! id, after it has closed, is a new run: it does its work anew and reports that nothing changed.
//!
//! **Child workflow ids** are `{workflow id}/{id of the first run}/{day}`. With the day alone, a child
//! that a terminated parent left behind would be in the way of the next run's.
//!
//! **When a day fails** for good, no further day is begun, the days in flight come to their end, and
//! the run fails with the first failure; nothing is published. If the parent is closed from outside
//! (terminated, timed out), the server terminates its children: a day without a run is of no use.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use orchbench_etl::{Day, DayResult, Loaded, Source, StepInputs, StepName, Summary};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join;
use temporalio_sdk::{ChildWorkflowOptions, ParentClosePolicy, WorkflowContext, WorkflowResult};

use super::lanes::in_lanes;
use super::partition::PartitionWorkflow;
use crate::activities::{EtlActivities, StepRequest};
use crate::failure::{bad_input, closing, unwrapped};
use crate::input::{Argument, Dimensions, PartitionInput, PipelineInput};
use crate::policy::Policy;

/// The workflow of a run.
#[workflow]
#[derive(Default)]
pub struct DataPipelineWorkflow;

#[workflow_methods]
impl DataPipelineWorkflow {
    /// Runs the pipeline for the source that the argument names.
    #[run(name = "DataPipelineWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<PipelineInput>,
    ) -> WorkflowResult<Summary> {
        let input = argument.0.map_err(bad_input)?;
        input.validate().map_err(bad_input)?;
        let pipeline = Pipeline {
            run: input.run.clone().unwrap_or_else(|| {
                format!(
                    "{}:{}",
                    ctx.workflow_id(),
                    ctx.info().first_execution_run_id()
                )
            }),
            policy: Policy::from(&input),
            ctx,
            input,
        };
        pipeline.summary().await.map_err(closing)
    }
}

/// What the parts of the workflow share.
struct Pipeline<'a> {
    ctx: &'a WorkflowContext<DataPipelineWorkflow>,
    input: PipelineInput,
    policy: Policy,
    run: String,
}

impl Pipeline<'_> {
    async fn summary(&self) -> WorkflowResult<Summary> {
        let source = self.source().await?;
        let dimensions = self.dimensions().await?;
        let days = in_lanes(source.partitions(), self.input.concurrency, |day| {
            self.day(day, &dimensions)
        })
        .await?;
        let loaded: Vec<Loaded> = days.iter().map(|day| day.loaded.clone()).collect();
        let published = self
            .ctx
            .execute_activity(
                EtlActivities::publish,
                self.request(StepInputs::Publish { loaded }),
                self.policy.step(StepName::Publish),
            )
            .await?;
        let announced = self
            .ctx
            .execute_activity(
                EtlActivities::announce,
                self.request(StepInputs::Announce {
                    published: published.clone(),
                }),
                self.policy.step(StepName::Announce),
            )
            .await?;
        Ok(Summary::of(
            &self.run, &source, &days, &published, &announced,
        ))
    }

    /// Which days the source has. The catalogue is the worker's, perhaps a file: the workflow may not
    /// read it itself, and the answer must be in the history, as it decides what comes next.
    async fn source(&self) -> WorkflowResult<Source> {
        self.ctx
            .execute_local_activity(
                EtlActivities::resolve_source,
                self.input.source.clone(),
                self.policy.lookup(),
            )
            .await
            .map_err(unwrapped)
    }

    async fn dimensions(&self) -> WorkflowResult<Dimensions> {
        let (airlines, airports, planes) = join!(
            self.ctx.execute_activity(
                EtlActivities::extract_airlines,
                self.request(StepInputs::ExtractAirlines),
                self.policy.step(StepName::ExtractAirlines),
            ),
            self.ctx.execute_activity(
                EtlActivities::extract_airports,
                self.request(StepInputs::ExtractAirports),
                self.policy.step(StepName::ExtractAirports),
            ),
            self.ctx.execute_activity(
                EtlActivities::extract_planes,
                self.request(StepInputs::ExtractPlanes),
                self.policy.step(StepName::ExtractPlanes),
            ),
        );
        Ok(Dimensions {
            airlines: airlines?.artifact,
            airports: airports?.artifact,
            planes: planes?.artifact,
        })
    }

    /// One day, as a child workflow: a history of its own, and a line of its own in the UI.
    async fn day(&self, day: Day, dimensions: &Dimensions) -> WorkflowResult<DayResult> {
        let id = format!(
            "{}/{}/{day}",
            self.ctx.workflow_id(),
            self.ctx.info().first_execution_run_id()
        );
        let input = PartitionInput {
            run: self.run.clone(),
            source: self.input.source.clone(),
            day,
            dimensions: dimensions.clone(),
            retry: self.input.retry.clone(),
            heartbeat_timeout_ms: self.input.heartbeat_timeout_ms,
            start_to_close_ms: self.input.start_to_close_ms,
        };
        let options = ChildWorkflowOptions::builder()
            .workflow_id(id)
            .parent_close_policy(ParentClosePolicy::Terminate)
            .build();
        let child = self
            .ctx
            .start_child_workflow(PartitionWorkflow::run, input, options)
            .await?;
        Ok(child.result().await?)
    }

    fn request(&self, inputs: StepInputs) -> StepRequest {
        StepRequest {
            run: self.run.clone(),
            source: self.input.source.clone(),
            partition: None,
            inputs,
        }
    }
}
