//! What automations leave in the log: their ticks, and backfills.

use std::num::NonZero;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Mode, RunRecord, RunStatus};
use crate::selection::Selection;

/// One evaluation of a schedule, a sensor or a rule that came to something. Its cursor and its
/// orders are one record: a crash keeps both or neither, and a run that was ordered but not yet
/// submitted is submitted later, once, under the id that stands here.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Name of the automation.
    pub automation: Arc<str>,
    /// The time it was evaluated for: milliseconds since the Unix epoch.
    pub for_ms: i64,
    /// Where its next evaluation goes on; `None` = from the beginning.
    pub cursor: Option<String>,
    /// The runs that it asks for.
    pub orders: Vec<Arc<RunRecord>>,
    /// Why it asks for none, or what went wrong.
    pub note: Option<String>,
}

/// A range of partitions to be materialized, in runs of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackfillRecord {
    /// Id of the backfill; its runs are `<id>/<first partition>`.
    pub id: String,
    /// What to materialize, in each of the partitions.
    pub selection: Selection,
    /// The partitions, in the order in which they are taken up.
    pub partitions: Vec<String>,
    /// Partitions that one run takes.
    pub per_run: NonZero<usize>,
    /// Runs under way at once.
    pub at_once: NonZero<usize>,
    /// All of it, or what is stale.
    pub mode: Mode,
    /// The runs' configuration.
    pub config: Value,
}

/// How a backfill stands, by the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct BackfillInfo {
    /// What was asked for.
    pub record: Arc<BackfillRecord>,
    /// How it stands.
    pub status: RunStatus,
}

impl BackfillRecord {
    /// Its runs, in order.
    pub fn runs(&self) -> impl Iterator<Item = RunRecord> {
        self.partitions
            .chunks(self.per_run.get())
            .map(|partitions| RunRecord {
                run: Arc::from(format!("{}/{}", self.id, partitions[0])),
                selection: self.selection.clone().with_partitions(partitions),
                mode: self.mode,
                config: Arc::new(self.config.clone()),
            })
    }
}
