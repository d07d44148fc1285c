//! Steps in processes of their own.

use asset_engine::{Materialized, Protocol, StepContext, StepFailure, Subprocess};
use orchbench_etl::process::{Answer, Order};
use orchbench_etl::{EtlConfig, StepCommand, StepName};
use serde_json::{Value, json};

use crate::step::{call, failure, materialized};
use crate::{AssetsError, GraphOptions};

/// The process of a step: the one that the options name, else this program's own.
pub(crate) fn command(options: &GraphOptions) -> Result<StepCommand, AssetsError> {
    let command = options.command.clone();
    command
        .map_or_else(StepCommand::own, Ok)
        .map_err(AssetsError::Command)
}

/// A step that runs a command.
pub(crate) fn subprocess(command: StepCommand) -> Subprocess {
    Subprocess::new(command.program, command.arguments)
}

/// What is said to the process of an ETL step: in an order, out an answer.
pub(crate) struct EtlProtocol {
    pub config: EtlConfig,
    pub source: String,
    pub step: StepName,
}

impl Protocol for EtlProtocol {
    fn request(&self, cx: &StepContext<'_>) -> Result<Value, StepFailure> {
        let call = call(&self.source, self.step, cx).map_err(failure)?;
        let order = Order {
            config: self.config.clone(),
            call,
        };
        Ok(json!(order))
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
