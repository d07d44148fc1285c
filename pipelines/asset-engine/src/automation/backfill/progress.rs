//! How far a backfill is, by the catalog.

use serde::Serialize;

use crate::catalog::{Catalog, CatalogError};
use crate::event::{BackfillInfo, RunStatus};

/// How far a backfill is, in partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BackfillProgress {
    /// How it stands.
    pub status: RunStatus,
    /// All of its partitions.
    pub total: usize,
    /// Those whose runs succeeded.
    pub succeeded: usize,
    /// Those of which a run failed.
    pub failed: usize,
    /// Those of which a run was cancelled, and none failed.
    pub canceled: usize,
    /// Those of runs under way.
    pub under_way: usize,
    /// Those with a run that is still to come.
    pub waiting: usize,
    /// Runs that make what has no partitions.
    pub unpartitioned: usize,
    /// Those of them that succeeded.
    pub unpartitioned_succeeded: usize,
}

impl BackfillProgress {
    /// How far a backfill is, by the catalog.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn of(catalog: &Catalog, info: &BackfillInfo) -> Result<Self, CatalogError> {
        let statuses = catalog.statuses_of(&info.record.id)?;
        let total = info.record.partitions.len();
        let mut progress = Self {
            status: info.status,
            total,
            succeeded: 0,
            failed: 0,
            canceled: 0,
            under_way: 0,
            waiting: 0,
            unpartitioned: 0,
            unpartitioned_succeeded: 0,
        };
        // A partition stands as the worst of its runs.
        let mut stand = vec![Stand::Succeeded; total];
        for run in info.record.runs() {
            let status = statuses.get(run.record.run.as_ref());
            match run.partitions {
                None => {
                    progress.unpartitioned += 1;
                    progress.unpartitioned_succeeded +=
                        usize::from(status == Some(&RunStatus::Success));
                }
                Some(partitions) => {
                    for stand in &mut stand[partitions] {
                        *stand = Stand::of(status.copied()).max(*stand);
                    }
                }
            }
        }
        for stand in stand {
            *match stand {
                Stand::Succeeded => &mut progress.succeeded,
                Stand::Waiting => &mut progress.waiting,
                Stand::UnderWay => &mut progress.under_way,
                Stand::Canceled => &mut progress.canceled,
                Stand::Failed => &mut progress.failed,
            } += 1;
        }
        Ok(progress)
    }
}

/// How a partition stands, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    Succeeded,
    Waiting,
    UnderWay,
    Canceled,
    Failed,
}

impl Stand {
    fn of(status: Option<RunStatus>) -> Self {
        match status {
            None => Self::Waiting,
            Some(RunStatus::Started) => Self::UnderWay,
            Some(RunStatus::Success) => Self::Succeeded,
            Some(RunStatus::Canceled) => Self::Canceled,
            Some(RunStatus::Failure) => Self::Failed,
        }
    }
}
