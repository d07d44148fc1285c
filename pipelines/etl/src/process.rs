//! A step in a process of its own: what it is told and what it answers, whichever engine starts it.
//!
//! The process reads one [`Order`] from its standard input and writes one [`Answer`] to its standard
//! output, both as JSON; `orchbench step --json` does. It must not outlive the engine that started it:
//! at its start it asks for a parent-death signal and compares its parent with the one that is named
//! in [`PARENT_VARIABLE`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::EtlConfig;
use crate::error::StepError;
use crate::step::{StepCall, StepOutput};

/// Environment variable of a step's process: process id of the engine that started it.
pub const PARENT_VARIABLE: &str = "ORCHBENCH_STEP_PARENT";

/// What a step's process is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The step's surroundings.
    pub config: EtlConfig,
    /// The attempt to execute.
    pub call: StepCall,
}

/// What a step's process answers; a step's error is an answer too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// The step's output.
    Output(StepOutput),
    /// Why the attempt failed.
    Error(StepError),
}

impl From<Result<StepOutput, StepError>> for Answer {
    fn from(result: Result<StepOutput, StepError>) -> Self {
        match result {
            Ok(output) => Self::Output(output),
            Err(error) => Self::Error(error),
        }
    }
}

impl From<Answer> for Result<StepOutput, StepError> {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Output(output) => Ok(output),
            Answer::Error(error) => Err(error),
        }
    }
}

/// The program of a step's process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl StepCommand {
    /// This program itself, as `step --json`.
    ///
    /// # Errors
    /// The system does not say which file that is.
    pub fn own() -> std::io::Result<Self> {
        Ok(Self {
            program: std::env::current_exe()?,
            arguments: vec!["step".to_owned(), "--json".to_owned()],
        })
    }

    /// The same for a step without work: its process takes no order and answers `null`.
    #[must_use]
    pub fn noop(mut self) -> Self {
        self.arguments.push("--noop".to_owned());
        self
    }
}
