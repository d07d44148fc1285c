//! What can go wrong between a source and its summary.

use asset_engine::{
    CatalogError, CronError, EngineError, FailedStep, GraphError, KeyError, PartitionError,
    RunStatus, SelectionError,
};
use orchbench_etl::{SourceError, StepError};
use thiserror::Error;

/// Why a run of the ETL on the asset engine gave no summary.
#[derive(Debug, Error)]
pub enum AssetsError {
    /// The source is unknown.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The source's name cannot be part of an asset key.
    #[error("source {source_name:?}: {error}")]
    Name {
        /// Name of the source.
        source_name: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// The source's days are no partitions.
    #[error(transparent)]
    Partitions(#[from] PartitionError),
    /// The assets are no graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The engine has no backoff like the one asked for.
    #[error(
        "retry backoff coefficient {found}: the asset engine has 1 (constant) and 2 (exponential)"
    )]
    Backoff {
        /// The coefficient.
        found: f64,
    },
    /// A schedule of this crate cannot be read.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// A selection of this crate cannot be read.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// There is nothing yet that a person could have a word on.
    #[error("asset {asset}: expected a materialization to approve or reject, found none")]
    NothingToApprove {
        /// The asset.
        asset: String,
    },
    /// The program of a subprocess step cannot be found.
    #[error("command of a subprocess step: {0}")]
    Command(std::io::Error),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run ended, but not well.
    #[error("run {run}: ended with {}: {}", status.as_str(), describe(failures))]
    RunFailed {
        /// Id of the run.
        run: String,
        /// How it ended.
        status: RunStatus,
        /// The steps that failed for good.
        failures: Vec<FailedStep>,
    },
    /// The run has no materialization where there should be one.
    #[error("run {run}: asset {asset} was not materialized in it")]
    NotMaterialized {
        /// Id of the run.
        run: String,
        /// The asset.
        asset: String,
    },
    /// A materialization does not carry the output that its step has.
    #[error("asset {asset}: {reason}")]
    Output {
        /// The asset.
        asset: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<CatalogError> for AssetsError {
    fn from(error: CatalogError) -> Self {
        Self::Engine(error.into())
    }
}

impl AssetsError {
    pub(crate) fn output(asset: impl Into<String>, error: &StepError) -> Self {
        Self::Output {
            asset: asset.into(),
            reason: error.message.clone(),
        }
    }
}

fn describe(failures: &[FailedStep]) -> String {
    let Some(first) = failures.first() else {
        return "no step failed".to_owned();
    };
    let partition = first
        .partition
        .as_ref()
        .map_or(String::new(), |key| format!(" {key}"));
    let more = match failures.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    format!(
        "asset {}{partition}, attempt {}: {}{more}",
        first.asset, first.attempt, first.failure
    )
}
