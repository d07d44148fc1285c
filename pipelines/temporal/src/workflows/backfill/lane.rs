//! One of the lanes of a backfill: a partition after the other.

use orchbench_etl::{DayResult, Source};
use temporalio_sdk::{ParentClosePolicy, WorkflowResult, WorkflowTermination};

use super::super::pipeline::{child, partition};
use super::super::steps::Steps;
use super::state::Partition;
use super::{BackfillWorkflow, Context};
use crate::activities::EtlActivities;
use crate::failure::reason;
use crate::input::{BackfillInput, Dimensions};

/// What the lanes share.
pub(super) struct Work<'a> {
    pub(super) ctx: &'a Context,
    pub(super) steps: Steps<BackfillWorkflow>,
    pub(super) input: &'a BackfillInput,
    pub(super) source: Source,
    pub(super) dimensions: Dimensions,
}

impl Work<'_> {
    /// Takes one partition after the other, as long as there are any and the lane is among those that
    /// may.
    pub(super) async fn lane(&self, number: usize) -> Result<(), WorkflowTermination> {
        let ctx = self.ctx;
        loop {
            ctx.wait_condition(|workflow| workflow.state.may_go_on(number))
                .await?;
            if ctx.continue_as_new_suggested() {
                ctx.state_mut(|workflow| workflow.state.begin_no_more());
            }
            let Some(next) = ctx.state_mut(|workflow| workflow.state.take()) else {
                return Ok(());
            };
            let ended = self.partition(&next).await;
            if ctx.cancellation_token().is_cancelled() {
                return Err(WorkflowTermination::cancelled());
            }
            let ended = ended.map_err(|error| reason(&error));
            ctx.state_mut(|workflow| workflow.state.ended(&next, &self.source, ended));
        }
    }

    /// One partition; `None` for one without work.
    async fn partition(&self, next: &Partition) -> WorkflowResult<Option<DayResult>> {
        match next {
            Partition::Day(day) => {
                let input = partition(&self.steps, &self.input.pipeline, *day, &self.dimensions);
                let done = child(self.ctx, input, ParentClosePolicy::Abandon).await?;
                Ok(Some(done))
            }
            Partition::Empty(number) => {
                let options = self.steps.policy().lookup();
                self.ctx
                    .execute_local_activity(EtlActivities::noop, *number, options)
                    .await?;
                Ok(None)
            }
        }
    }
}
