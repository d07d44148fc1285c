//! A step of the ETL in a process of its own.

use asset_engine::{Materialized, Protocol, StepContext, StepFailure};
use orchbench_etl::{EtlConfig, StepError, StepName, StepOutput};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::step::{call, failure, materialized};

/// What is said to a step process: in `{config, call}`, out a step output or a step error.
pub(crate) struct EtlProtocol {
    pub config: EtlConfig,
    pub source: String,
    pub step: StepName,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Output(StepOutput),
    Error(StepError),
}

impl Protocol for EtlProtocol {
    fn request(&self, cx: &StepContext<'_>) -> Result<Value, StepFailure> {
        let call = call(&self.source, self.step, cx).map_err(failure)?;
        Ok(json!({ "config": self.config, "call": call }))
    }

    fn response(
        &self,
        _cx: &StepContext<'_>,
        output: &[u8],
    ) -> Option<Result<Materialized, StepFailure>> {
        match serde_json::from_slice(output) {
            Ok(Answer::Output(output)) => Some(materialized(&output)),
            Ok(Answer::Error(error)) => Some(Err(failure(error))),
            Err(_) => None,
        }
    }
}
