//! What an engine is asked to do: the same words for every engine.

use orchbench_etl::{ModelProject, RetrySpec, Shape, StepName, Summary, Synthetic};
use serde::{Deserialize, Serialize};

use orchbench_evidence::record::RunFailure;

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Id of the run, unique in its trial; the workflow id on Temporal.
    pub run: String,
    /// What it consists of.
    pub job: Job,
}

impl Work {
    /// The source of an ETL run that is to bring in all of it.
    pub fn source(&self) -> Option<&str> {
        match &self.job {
            Job::Enough { .. } | Job::Expiring(_) | Job::Reminder(_) => None,
            job => job.pipeline().map(|pipeline| pipeline.source.as_str()),
        }
    }

    /// The policy of its steps.
    pub fn retry(&self) -> RetrySpec {
        match &self.job {
            // A statement that is wrong is so at every attempt.
            Job::Models(_) => RetrySpec {
                max_attempts: 1,
                ..RetrySpec::default()
            },
            Job::Order(order) => order.retry.clone(),
            Job::Synthetic { work, .. } => work.retry.clone(),
            job => {
                let pipeline = job.pipeline();
                pipeline.map_or_else(RetrySpec::default, |pipeline| pipeline.retry.clone())
            }
        }
    }
}

/// What a run consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// The ETL over a source.
    Pipeline(Pipeline),
    /// The same with a way back: when it fails, its load, publication and announcement are undone, as
    /// far as the engine can.
    Saga(Pipeline),
    /// The same, which waits for a person's word before it announces, as far as the engine can.
    Approval(Pipeline),
    /// The same, which waits no longer than the wait of an embargo; then somebody is told, and it is over.
    Expiring(Embargo),
    /// The same as an approval, by a step that does not end before the word, on an engine whose users would.
    Blocking(Pipeline),
    /// The days of a source, one after the other up to the warehouse, until there are enough rows; a call
    /// for somebody where there never are.
    Enough {
        /// The source, and how its steps are made.
        #[serde(flatten)]
        pipeline: Pipeline,
        /// How many rows are enough.
        rows: u64,
    },
    /// What of the ETL over a source is missing or out of date, as far as the engine can tell; else all
    /// of it. It has no summary, as it need not make everything.
    Refresh(Refresh),
    /// The same, which waits for a time to pass before it announces, as far as the engine can.
    Embargo(Embargo),
    /// Hardly any work, the wait of an embargo, and a call for somebody, as far as the engine can.
    Reminder(Embargo),
    /// The models of a dbt project.
    Models(Models),
    /// An order at three services: all of it, or in net effect nothing, as far as the engine can.
    Order(Order),
    /// Steps that do nothing.
    Noop {
        /// How they depend on one another.
        shape: Shape,
        /// How many.
        steps: u32,
    },
    /// Steps one after the other that pretend to work.
    Synthetic {
        /// How many.
        steps: u32,
        /// What each of them does.
        work: Synthetic,
    },
    /// So much of one thing that an engine may have a limit for.
    Probe(Probe),
}

impl Job {
    /// The ETL that it is about; `None` of steps that do nothing.
    pub fn pipeline(&self) -> Option<&Pipeline> {
        match self {
            Self::Pipeline(pipeline)
            | Self::Saga(pipeline)
            | Self::Approval(pipeline)
            | Self::Blocking(pipeline)
            | Self::Embargo(Embargo { pipeline, .. })
            | Self::Expiring(Embargo { pipeline, .. })
            | Self::Reminder(Embargo { pipeline, .. })
            | Self::Enough { pipeline, .. }
            | Self::Refresh(Refresh { pipeline, .. }) => Some(pipeline),
            Self::Models(_)
            | Self::Noop { .. }
            | Self::Order(_)
            | Self::Probe(_)
            | Self::Synthetic { .. } => None,
        }
    }
}

/// The ETL over a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Name of the source.
    pub source: String,
    /// Partitions in work at a time.
    pub concurrency: usize,
    /// The policy of every step.
    pub retry: RetrySpec,
    /// Silence after which a long step's worker counts as dead, milliseconds (Temporal).
    pub heartbeat_timeout_ms: u64,
    /// Longest time of one attempt, milliseconds (Temporal).
    pub start_to_close_ms: u64,
}

/// What of the ETL over a source is missing or out of date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refresh {
    /// The ETL.
    #[serde(flatten)]
    pub pipeline: Pipeline,
    /// The step whose code is of another version than before.
    pub changed_code: Option<StepName>,
    /// The run before it; `None` of the first one.
    pub after: Option<String>,
}

impl Refresh {
    /// The version of the code that has changed.
    pub const CHANGED: &str = "2";
}

/// How an engine knew what to make in a [`Job::Refresh`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refreshed {
    /// The idempotency keys of the steps whose outcome the engine's own records called missing or stale
    /// before it had them made; empty where it keeps no such records.
    pub called_stale: Vec<String>,
    /// Lines of user code that it took beside the definitions of the pipeline.
    pub user_code_lines: u32,
}

/// The ETL over a source, or a reminder of it, which waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embargo {
    /// The ETL.
    #[serde(flatten)]
    pub pipeline: Pipeline,
    /// How long after what comes before the wait comes what comes after it, milliseconds.
    pub embargo_ms: u64,
}

/// The models of a dbt project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// The project.
    pub project: ModelProject,
    /// The run that failed and from which this one is to go on, as far as the engine can: what was
    /// built is not to be built again.
    pub after: Option<String>,
}

/// An order at three services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The policy of every call.
    pub retry: RetrySpec,
    /// Silence after which a call's worker counts as dead, milliseconds (Temporal).
    pub heartbeat_timeout_ms: u64,
    /// Longest time of one attempt, milliseconds (Temporal).
    pub start_to_close_ms: u64,
}

/// A run of which one thing is large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What is.
    pub of: Limit,
    /// How large.
    pub size: u32,
}

impl Probe {
    /// The steps of its run: how they depend on one another, and how many there are.
    pub fn steps(self) -> (Shape, u32) {
        match self.of {
            Limit::Name => (Shape::Chain, 1),
            Limit::Payload => (Shape::Chain, 2),
            Limit::Steps => (Shape::Chain, self.size),
            Limit::StepsAtOnce => (Shape::FanOut, self.size),
        }
    }
}

/// What an engine may have a limit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Characters of a run's name.
    Name,
    /// Bytes that a step hands to the next one by the engine's own means.
    Payload,
    /// Steps of one execution, one after the other.
    Steps,
    /// Steps of a run that are asked for at once.
    StepsAtOnce,
}

impl Limit {
    /// Its word in profiles and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Payload => "payload",
            Self::Steps => "steps",
            Self::StepsAtOnce => "steps-at-once",
        }
    }
}

/// How a run ended, in the engine's own account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum Ended {
    /// It succeeded; an ETL run has a summary.
    Succeeded {
        /// The summary of an ETL run.
        summary: Option<Box<Summary>>,
    },
    /// It failed for good.
    Failed(RunFailure),
    /// It did not end within the deadline that the harness gave it.
    Stuck,
}

impl Pipeline {
    /// The ETL over a source under a policy, everything else as users get it.
    pub fn new(source: &str, retry: RetrySpec) -> Self {
        Self {
            source: source.to_owned(),
            concurrency: 8,
            retry,
            heartbeat_timeout_ms: 2_000,
            start_to_close_ms: 60_000,
        }
    }
}
