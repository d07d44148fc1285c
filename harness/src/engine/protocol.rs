//! The line protocol between the harness and the workers of embedded engines: a JSON
//! message a line, requests on the worker's standard input, replies on its standard
//! output. A worker says `ready` once, when it may take work.

use serde::{Deserialize, Serialize};

use super::{Ended, Work};
use orchbench_evidence::record::RunFailure;

/// From the harness to a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the harness; the reply carries it.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub op: Op,
}

/// What a worker can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Start a run; answered when the engine has taken it over (durably, where it can).
    Start(Work),
    /// Wait for a run's end.
    Wait {
        /// The run.
        run: String,
    },
}

/// From a worker to the harness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// The worker may take work.
    Ready {
        /// Its process.
        pid: u32,
        /// Whether it keeps a journal of its own; where its steps are processes, those do.
        journal: bool,
    },
    /// A start was taken over.
    Started {
        /// The request's id.
        id: u64,
    },
    /// A start was refused.
    Refused {
        /// The request's id.
        id: u64,
        /// Why.
        failure: RunFailure,
    },
    /// A run ended.
    Ended {
        /// The request's id.
        id: u64,
        /// How.
        #[serde(flatten)]
        ended: Ended,
    },
}

impl Reply {
    /// The request that this answers.
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Ready { .. } => None,
            Self::Started { id } | Self::Refused { id, .. } | Self::Ended { id, .. } => Some(*id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orchbench_etl::Shape;

    use crate::engine::Job;

    #[test]
    fn messages_survive_the_line() -> anyhow::Result<()> {
        let request = Request {
            id: 7,
            op: Op::Start(Work {
                run: "r1".into(),
                job: Job::Noop {
                    shape: Shape::FanOut,
                    steps: 3,
                },
            }),
        };
        let line = serde_json::to_string(&request)?;
        assert_eq!(serde_json::from_str::<Request>(&line)?, request);
        let reply = Reply::Ended {
            id: 7,
            ended: Ended::Failed(RunFailure {
                error_type: "Injected".into(),
                message: "m".into(),
            }),
        };
        let line = serde_json::to_string(&reply)?;
        assert_eq!(serde_json::from_str::<Reply>(&line)?, reply);
        Ok(())
    }
}
