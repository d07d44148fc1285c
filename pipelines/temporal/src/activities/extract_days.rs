//! `extract_days`: a long activity that resumes, and stops between two days when it is told to.
//!
//! How many attempts it has it decides itself: the server counts pauses, resets and a worker's shutdown
//! as attempts too, and would let a run fail of nothing but its own maintenance.

use orchbench_etl::{Day, Extracted, StepInputs, StepOutput};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::{EtlActivities, StepRequest};
use crate::failure::{attempts_exhausted, step_error};
use crate::interruption::{own_attempt, stopped};

/// What a workflow hands to `extract_days`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractDays {
    /// The run's id.
    pub run: String,
    /// The source's name.
    pub source: String,
    /// The days, in the order in which they are extracted.
    pub days: Vec<Day>,
    /// How many attempts there are, those that were interrupted left out; 0 means that the server
    /// counts them.
    #[serde(default)]
    pub max_attempts: u32,
}

/// What `extract_days` gives back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractedDays {
    /// One extract a day.
    pub days: Vec<Extracted>,
    /// Of these, how many the last attempt found done in the heartbeat details.
    pub resumed: u64,
}

/// What each heartbeat carries.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    /// The days that are done, from the first one on.
    done: Vec<Extracted>,
    /// How many attempts were told to stop.
    interrupted: u32,
}

impl EtlActivities {
    pub(super) async fn extract_each(
        &self,
        ctx: &ActivityContext,
        request: ExtractDays,
    ) -> Result<ExtractedDays, ActivityError> {
        // Details of another shape are those of another version of this code: worth nothing.
        let before = ctx.heartbeat_details().deserialize::<Progress>();
        let mut progress = before.ok().flatten().unwrap_or_default();
        let resumed = progress.done.len().min(request.days.len());
        progress.done.truncate(resumed);
        let attempt = own_attempt(ctx.info(), progress.interrupted);
        let left = match request.max_attempts {
            0 => u32::MAX,
            most => match most.checked_sub(attempt) {
                Some(left) => left,
                // Those before it were lost with their workers.
                None => return Err(attempts_exhausted(most)),
            },
        };
        while let Some(day) = request.days.get(progress.done.len()) {
            if ctx.is_cancelled() {
                progress.interrupted = ctx.info().attempt - attempt + 1;
                ctx.record_heartbeat(progress.clone()).await?;
                return Err(stopped(ctx, &progress).await);
            }
            let call = StepRequest {
                run: request.run.clone(),
                source: request.source.clone(),
                partition: Some(*day),
                inputs: StepInputs::ExtractFlights,
            }
            .call(ctx.info());
            let details = |_| progress.clone();
            let result = self.call(ctx, call, details, StepOutput::try_into_extracted);
            let Some(result) = result.await? else {
                // Its process was killed, as the attempt is to stop.
                continue;
            };
            let extracted = result.map_err(|error| step_error(&error, left == 0))?;
            progress.done.push(extracted);
            ctx.record_heartbeat(progress.clone()).await?;
        }
        Ok(ExtractedDays {
            days: progress.done,
            resumed: resumed as u64,
        })
    }
}
