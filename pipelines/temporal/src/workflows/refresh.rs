//! `RefreshWorkflow`: what of a run is missing or out of date.
//!
//! Temporal keeps what workflows did, and has no notion of data that is made of other data: which steps
//! are to be executed again after something has changed is for the user to find out. This is what one
//! writes: the workflow is given what the one before it remembered, for each step the digest of what it
//! was made of and its output. A step that would be made of the same is not executed, and its output is
//! the old one; what is extracted is made of the input's version. The query `memory` tells all of it to
//! the next one, after a failure too: a day that fails keeps no other from being made.

#![expect(
    missing_docs,
    reason = "the SDK's macro writes constants without documentation"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use orchbench_etl::journal::hex;
use orchbench_etl::{Day, DayResult, StepInputs, StepName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    LocalActivityOptions, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

use super::lanes::in_lanes;
use super::steps::{StepOrder, Steps};
use crate::activities::{EtlActivities, StepRequest};
use crate::failure::{bad_input, closing};
use crate::input::{Argument, Memory, RefreshInput, Remembered};

/// How long a look at the inputs may take: they are unpacked on the way.
const LOOK: Duration = Duration::from_secs(60);

/// The workflow that refreshes.
#[workflow]
#[derive(Default)]
pub struct RefreshWorkflow {
    memory: Memory,
}

#[workflow_methods]
impl RefreshWorkflow {
    /// Makes what is not as it would be made now.
    #[run(name = "RefreshWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<RefreshInput>,
    ) -> WorkflowResult<()> {
        let input = argument.valid().map_err(bad_input)?;
        refresh(ctx, input).await.map_err(closing)
    }

    // user code: refresh
    /// What the next one has to know: all that is as it would be made now, so far.
    #[query(name = "memory")]
    pub fn memory(&self, _ctx: &WorkflowContextView) -> Memory {
        self.memory.clone()
    }
    // end of user code
}

type Context = WorkflowContext<RefreshWorkflow>;

// user code: refresh
/// The steps of a run, of which those are executed that are made of something else than before.
struct Remembering<'a> {
    ctx: &'a Context,
    steps: Steps<RefreshWorkflow>,
    code_versions: BTreeMap<StepName, String>,
    input_versions: BTreeMap<String, String>,
    before: Memory,
}

async fn refresh(ctx: &Context, input: RefreshInput) -> WorkflowResult<()> {
    let steps = Steps::new(ctx, &input.pipeline);
    let source = steps.source().await?;
    let days = steps.days(&source)?;
    let options = LocalActivityOptions::builder()
        .start_to_close_timeout(LOOK)
        .build();
    let name = source.name.clone();
    let input_versions = ctx
        .execute_local_activity(EtlActivities::input_versions, name, options)
        .await?;
    let run = Remembering {
        ctx,
        steps,
        code_versions: input.code_versions,
        input_versions,
        before: input.memory,
    };
    let dimensions = run.dimensions().await?;
    let lanes = input.pipeline.concurrency;
    let days = in_lanes(days, lanes, async |day| {
        let made = run.day(day, &dimensions).await;
        match ctx.cancellation_token().is_cancelled() {
            true => Err(WorkflowTermination::cancelled()),
            false => Ok(made),
        }
    });
    let made: Result<Vec<DayResult>, _> = days.await?.into_iter().collect();
    let loaded = made?.into_iter().map(|day| day.loaded).collect();
    let publish = StepInputs::Publish { loaded };
    let published = run.step(EtlActivities::publish, None, publish).await?;
    let announce = StepInputs::Announce { published };
    run.step(EtlActivities::announce, None, announce).await?;
    Ok(())
}

impl Remembering<'_> {
    /// A digest of all that decides what a step makes: its code, its inputs, and of an extract the
    /// version of the file.
    fn made_of(&self, day: Option<Day>, inputs: &StepInputs) -> WorkflowResult<String> {
        let step = inputs.step();
        let input = step.as_str().strip_prefix("extract_");
        let input = input.and_then(|dataset| self.input_versions.get(&place(dataset, day)));
        let all = (self.code_versions.get(&step), input, inputs);
        let all = serde_json::to_vec(&all).map_err(unreadable)?;
        Ok(hex(&Sha256::digest(all)))
    }
}

impl StepOrder for Remembering<'_> {
    /// The output of a step that would be made of the same as before, else of its execution.
    async fn step<A>(
        &self,
        activity: A,
        day: Option<Day>,
        inputs: StepInputs,
    ) -> WorkflowResult<A::Output>
    where
        A: ActivityDefinition<Input = StepRequest>,
        A::Output: TemporalDeserializable + Serialize + DeserializeOwned,
    {
        let made_of = self.made_of(day, &inputs)?;
        let place = place(inputs.step().as_str(), day);
        let known = self.before.0.get(&place);
        let (output, remembered) = match known.filter(|known| known.made_of == made_of) {
            Some(known) => {
                let output = serde_json::from_value(known.output.clone()).map_err(unreadable)?;
                (output, known.clone())
            }
            None => {
                let output = self.steps.call(activity, day, inputs).await?;
                let kept = serde_json::to_value(&output).map_err(unreadable)?;
                let remembered = Remembered {
                    made_of,
                    output: kept,
                };
                (output, remembered)
            }
        };
        self.ctx
            .state_mut(|workflow| workflow.memory.0.insert(place, remembered));
        Ok(output)
    }
}

/// What a memory calls a step of a day, and the input's versions a dataset of one.
fn place(name: &str, day: Option<Day>) -> String {
    day.map_or_else(|| name.to_owned(), |day| format!("{name}/{day}"))
}
// end of user code

fn unreadable(error: serde_json::Error) -> WorkflowTermination {
    bad_input(format!("memory: {error}"))
}
