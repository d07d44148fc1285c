//! An asset's step as a call of the ETL.

use std::sync::Arc;

use asset_engine::{Materialization, Materialized, Step, StepContext, StepFailure};
use orchbench_etl::{
    ArtifactRef, ErrorType, Etl, Extracted, Loaded, Published, REMINDER, StepCall, StepError,
    StepInputs, StepName, StepOutput, Transformed,
};

use crate::continuation::continued_by;
use crate::graph::step_making;
use crate::undo::undone_by;

/// Calls one step of the ETL in the engine's process.
pub(crate) struct EtlStep {
    pub etl: Arc<Etl>,
    pub source: String,
    pub step: StepName,
}

impl Step for EtlStep {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        let call = call(&self.source, self.step, cx).map_err(failure)?;
        let output = self.etl.call(&call).map_err(failure)?;
        materialized(&output)
    }
}

/// The call that a step makes, from what its asset reads. The inputs come in the order of the
/// asset's dependencies, see [`crate::graph()`].
pub(crate) fn call(
    source: &str,
    step: StepName,
    cx: &StepContext<'_>,
) -> Result<StepCall, StepError> {
    let partition = cx
        .partition
        .map(|key| {
            key.parse()
                .map_err(|error| bad_input(format!("partition {key:?}: {error}")))
        })
        .transpose()?;
    Ok(StepCall {
        run: run_of(step, cx)?,
        source: source.to_owned(),
        partition,
        attempt: cx.attempt,
        token: cx.token,
        inputs: match told(step, cx) {
            Some(reason) => StepInputs::Escalate { reason },
            None => inputs(step, cx.inputs)?,
        },
    })
}

/// What somebody is told when a time has passed: of a reminder that it has, of a run that goes on with one which found
/// no word that there was none. `None` of any other call for somebody, and of any other step.
fn told(step: StepName, cx: &StepContext<'_>) -> Option<String> {
    let about = cx.inputs.first().filter(|_| step == StepName::Escalate)?;
    match step_making(about.asset.as_str()) {
        Some(StepName::ExtractAirlines) => Some(REMINDER.to_owned()),
        _ => continued_by(cx.config).map(|run| format!("run {run}: no word came in time")),
    }
}

/// The run that a step is one of: its own or the one that this goes on with, and of a compensation the
/// one that it undoes.
fn run_of(step: StepName, cx: &StepContext<'_>) -> Result<String, StepError> {
    if step.undoes().is_none() {
        return Ok(continued_by(cx.config).unwrap_or(cx.run).to_owned());
    }
    let undone = undone_by(cx.config).map(str::to_owned);
    undone.ok_or_else(|| {
        bad_input(format!(
            "step {step}: configuration: expected {{\"undoes\": RUN}}, found {}",
            cx.config
        ))
    })
}

// user code: pipeline
fn inputs(step: StepName, inputs: &[Arc<Materialization>]) -> Result<StepInputs, StepError> {
    match step {
        StepName::ExtractAirlines => Ok(StepInputs::ExtractAirlines),
        StepName::ExtractAirports => Ok(StepInputs::ExtractAirports),
        StepName::ExtractPlanes => Ok(StepInputs::ExtractPlanes),
        StepName::ExtractFlights => Ok(StepInputs::ExtractFlights),
        StepName::ExtractWeather => Ok(StepInputs::ExtractWeather),
        StepName::Transform => {
            let [flights, weather, planes, airports, airlines] = array(step, inputs)?;
            let artifact = |made| extracted(made).map(|extracted| extracted.artifact);
            Ok(StepInputs::Transform {
                flights: artifact(flights)?,
                weather: artifact(weather)?,
                planes: artifact(planes)?,
                airports: artifact(airports)?,
                airlines: artifact(airlines)?,
            })
        }
        StepName::Check => {
            let [flights, joined] = array(step, inputs)?;
            Ok(StepInputs::Check {
                flights: extracted(flights)?,
                transformed: transformed(joined)?,
            })
        }
        StepName::Load => {
            let [joined, checked] = array(step, inputs)?;
            Ok(StepInputs::Load {
                transformed: transformed(joined)?,
                checked: output(checked)?.try_into_checked()?,
            })
        }
        StepName::Publish => Ok(StepInputs::Publish {
            loaded: inputs.iter().map(loaded).collect::<Result<_, _>>()?,
        }),
        StepName::Announce => {
            let [marts] = array(step, inputs)?;
            Ok(StepInputs::Announce {
                published: published(marts)?,
            })
        }
        StepName::UndoAnnounce => Ok(StepInputs::UndoAnnounce),
        StepName::UndoPublish => Ok(StepInputs::UndoPublish),
        StepName::UndoLoad => Ok(StepInputs::UndoLoad),
        StepName::Reserve => Ok(StepInputs::Reserve),
        StepName::Charge => Ok(StepInputs::Charge),
        StepName::Book => Ok(StepInputs::Book),
        StepName::UndoBook => Ok(StepInputs::UndoBook),
        StepName::UndoCharge => Ok(StepInputs::UndoCharge),
        StepName::UndoReserve => Ok(StepInputs::UndoReserve),
        // user code: deploy
        StepName::Escalate => {
            let [marts] = array(step, inputs)?;
            let version = published(marts)?.version;
            Ok(StepInputs::Escalate {
                reason: format!("version {version} is to be approved"),
            })
        }
        // user code: pipeline
        StepName::BuildModel => Err(bad_input(format!(
            "step {step}: expected a step that makes an asset"
        ))),
    }
}
// end of user code

fn array<const N: usize>(
    step: StepName,
    inputs: &[Arc<Materialization>],
) -> Result<&[Arc<Materialization>; N], StepError> {
    inputs.try_into().map_err(|_| {
        bad_input(format!(
            "step {step}: expected {N} inputs, found {}",
            inputs.len()
        ))
    })
}

/// The output that a materialization carries.
pub(crate) fn output(made: &Arc<Materialization>) -> Result<StepOutput, StepError> {
    serde::Deserialize::deserialize(&made.metadata).map_err(|error| {
        bad_input(format!(
            "asset {}: metadata is no step output: {error}",
            made.asset
        ))
    })
}

pub(crate) fn extracted(made: &Arc<Materialization>) -> Result<Extracted, StepError> {
    output(made)?.try_into_extracted()
}

/// The artifacts that a materialization has made.
pub(crate) fn artifacts(made: &Materialization) -> impl Iterator<Item = ArtifactRef> {
    let output = serde::Deserialize::deserialize(&made.metadata);
    let artifacts = match output {
        Ok(StepOutput::Extracted(extracted)) => [Some(extracted.artifact), extracted.quarantine],
        Ok(StepOutput::Transformed(transformed)) => [Some(transformed.artifact), None],
        _ => [None, None],
    };
    artifacts.into_iter().flatten()
}

pub(crate) fn transformed(made: &Arc<Materialization>) -> Result<Transformed, StepError> {
    output(made)?.try_into_transformed()
}

pub(crate) fn loaded(made: &Arc<Materialization>) -> Result<Loaded, StepError> {
    output(made)?.try_into_loaded()
}

pub(crate) fn published(made: &Arc<Materialization>) -> Result<Published, StepError> {
    output(made)?.try_into_published()
}

/// A step's output as a materialization: its digest is the data version.
pub(crate) fn materialized(output: &StepOutput) -> Result<Materialized, StepFailure> {
    let metadata = serde_json::to_value(output)
        .map_err(|error| failure(bad_input(format!("output of a step: {error}"))))?;
    Ok(Materialized::new(output.digest()).metadata(metadata))
}

/// A step's error as a failure of its attempt.
pub(crate) fn failure(error: StepError) -> StepFailure {
    let (error_type, after_ms) = (error.error_type.as_str(), error.retry_after_ms);
    let failure = if error.retryable() {
        StepFailure::retryable(error_type, error.message)
    } else {
        StepFailure::fatal(error_type, error.message)
    };
    failure.retry_after_ms(after_ms)
}

fn bad_input(message: String) -> StepError {
    StepError::new(ErrorType::BadInput, message)
}
