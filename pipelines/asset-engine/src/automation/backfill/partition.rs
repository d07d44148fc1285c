//! What became of each partition of a backfill.

use std::collections::HashMap;

use serde::Serialize;

use super::course::Course;
use crate::catalog::{Catalog, CatalogError};
use crate::event::{BackfillInfo, Event, EventRecord, RunStatus, SkipReason};
use crate::step::StepFailure;

/// How a partition of a backfill stands, from the best to the worst. It stands as the worst of its
/// pieces, in whichever run of the backfill they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartitionStatus {
    /// All of it is made.
    Succeeded,
    /// A run of it is still to come.
    Waiting,
    /// A run of it is under way.
    UnderWay,
    /// A piece of it was cancelled.
    Canceled,
    /// A piece of it failed, failed a blocking check, or was held back by one that did.
    Failed,
}

impl PartitionStatus {
    /// How the partitions of a backfill stand, in its order.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn of_backfill(catalog: &Catalog, info: &BackfillInfo) -> Result<Vec<Self>, CatalogError> {
        Ok(Course::read(catalog, &info.record)?.partitions().collect())
    }

    /// How many ways there are.
    pub(super) const COUNT: usize = 5;

    pub(super) fn of(status: Option<RunStatus>) -> Self {
        match status {
            None => Self::Waiting,
            Some(RunStatus::Started) => Self::UnderWay,
            Some(RunStatus::Success) => Self::Succeeded,
            Some(RunStatus::Canceled) => Self::Canceled,
            Some(RunStatus::Failure) => Self::Failed,
        }
    }
}

/// What became of the pieces of a run that did not succeed, by partition.
pub(super) struct Pieces {
    /// Partitions of which a piece was not made; what has none concerns all.
    unmade: HashMap<Option<String>, PartitionStatus>,
    /// How the others stand.
    others: PartitionStatus,
}

impl Pieces {
    pub fn of(ended: RunStatus, events: &[EventRecord]) -> Self {
        let whole = PartitionStatus::of(Some(ended));
        let mut unmade: HashMap<Option<String>, PartitionStatus> = HashMap::new();
        let mut was_ended = false;
        // A run that is cancelled tells so of each step that it leaves out; one that was closed after
        // its executor had died tells of none.
        let mut told = ended == RunStatus::Failure;
        for record in events {
            let (partition, status) = match &record.event {
                Event::RunEnded { .. } => {
                    was_ended = true;
                    continue;
                }
                // How it had ended before counts no longer.
                Event::RunResumed { .. } if was_ended => {
                    unmade.clear();
                    told = ended == RunStatus::Failure;
                    continue;
                }
                Event::AttemptFailed {
                    attempt,
                    failure,
                    retry_delay_ns: None,
                    ..
                } if failure.error_type == StepFailure::ABORTED => {
                    told = true;
                    (&attempt.partition, PartitionStatus::Canceled)
                }
                Event::AttemptFailed {
                    attempt,
                    retry_delay_ns: None,
                    ..
                } => (&attempt.partition, PartitionStatus::Failed),
                Event::Checked(check) if check.blocks() => {
                    (&check.partition, PartitionStatus::Failed)
                }
                Event::Skipped {
                    partition,
                    reason: SkipReason::Upstream { .. },
                    ..
                } => (partition, whole),
                Event::Skipped {
                    partition,
                    reason: SkipReason::Canceled,
                    ..
                } => {
                    told = true;
                    (partition, PartitionStatus::Canceled)
                }
                _ => continue,
            };
            let partition = partition.as_deref().map(str::to_owned);
            let known = unmade.entry(partition).or_insert(status);
            *known = status.max(*known);
        }
        let others = if told && !unmade.is_empty() {
            PartitionStatus::Succeeded
        } else {
            whole
        };
        Self { unmade, others }
    }

    pub fn status(&self, key: &str) -> PartitionStatus {
        let own = self.unmade.get(&Some(key.to_owned()));
        let all = self.unmade.get(&None);
        let worst = own.into_iter().chain(all).max();
        worst.map_or(self.others, |worst| self.others.max(*worst))
    }
}
