//! Automation: runs that nobody asks for by hand.
//!
//! A [`Schedule`] asks for runs at the times of a [`Cron`] line, a [`Sensor`] when something outside
//! has changed, a [`Rule`] when a [`Condition`] on the pieces of assets holds; a [`Backfill`] goes
//! through a range of partitions. A [`Daemon`] evaluates all of them for a time that it is given.
//!
//! What an evaluation asks for and its cursor are one record of the catalog (an order and its
//! outbox): a crash keeps both or neither. Orders become runs afterwards, each under an id that
//! follows from the automation's name and the order's key, so that none is lost and none is made
//! twice, whatever the instant of the crash.

mod backfill;
mod condition;
mod daemon;
mod in_progress;
mod memory;
mod rule;
mod schedule;
mod sensor;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::catalog::{Catalog, CatalogError};
use crate::event::{Mode, PartitionChange};
use crate::graph::AssetGraph;
use crate::selection::{Selection, SelectionError};

pub use backfill::{Backfill, BackfillProgress, PartitionStatus};
pub use condition::Condition;
pub use daemon::{Beat, Daemon, FailedOrder};
pub use rule::Rule;
pub use schedule::{Schedule, ScheduledTick};
pub use sensor::Sensor;

/// Something that asks for runs.
pub trait Automation: Send {
    /// Its name, unique in a catalog; runs are called `<name>/<key of the order>`.
    fn name(&self) -> &str;

    /// How long it is left alone after an evaluation.
    fn min_interval(&self) -> Duration {
        Duration::ZERO
    }

    /// Says what to run, as things stand.
    ///
    /// # Errors
    /// It could not be evaluated. That is noted, its cursor stays, and the next tick tries again.
    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AutomationError>;
}

/// What an automation looks at.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EvaluationContext<'a> {
    /// The time of the evaluation.
    pub now: Timestamp,
    /// What its last recorded evaluation left; `None` = this is the first.
    pub cursor: Option<&'a str>,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The assets.
    pub graph: &'a Arc<AssetGraph>,
}

impl<'a> EvaluationContext<'a> {
    /// What a first evaluation looks at, such as one in a test.
    #[must_use]
    pub fn new(catalog: &'a Catalog, graph: &'a Arc<AssetGraph>, now: Timestamp) -> Self {
        Self {
            now,
            cursor: None,
            catalog,
            graph,
        }
    }

    /// The same where the evaluation before left a cursor.
    #[must_use]
    pub fn cursor(mut self, cursor: Option<&'a str>) -> Self {
        self.cursor = cursor;
        self
    }
}

/// What an evaluation comes to. It is recorded when it has orders, moves the cursor, or has another
/// note than the one before.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The runs that it asks for.
    pub orders: Vec<Order>,
    /// Where the next evaluation goes on; `None` = where this one did.
    pub cursor: Option<String>,
    /// Why it asks for none, for whoever reads the catalog.
    pub note: Option<String>,
    /// Partitions that come and go, before the runs are submitted.
    pub partitions: Vec<PartitionChange>,
}

/// A run that an automation asks for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Order {
    /// Names the run among those of its automation. A key that was ordered before is not again.
    pub key: String,
    /// What to materialize.
    pub selection: Selection,
    /// All of it, or what is stale.
    pub mode: Mode,
    /// The run's configuration.
    pub config: Value,
    /// Free labels of the run.
    pub tags: BTreeMap<String, String>,
}

/// Why an automation could not be evaluated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AutomationError {
    /// It says so itself.
    #[error("{0}")]
    Failed(String),
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Its selection does not fit the graph.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// Its cursor in the catalog is not one of its own.
    #[error("cursor {found:?}: {reason}")]
    Cursor {
        /// The cursor.
        found: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Evaluation {
    /// One that asks for some runs, and leaves cursor and note.
    #[must_use]
    pub fn new(orders: impl IntoIterator<Item = Order>) -> Self {
        Self {
            orders: orders.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Moves the cursor.
    #[must_use]
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Has partitions come and go ([`crate::Partitions::dynamic`]), before the runs are submitted.
    #[must_use]
    pub fn change_partitions(mut self, changes: impl IntoIterator<Item = PartitionChange>) -> Self {
        self.partitions.extend(changes);
        self
    }

    /// Says why it asks for what it does.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl Order {
    /// All of a selection, without configuration.
    pub fn new(key: impl Into<String>, selection: Selection) -> Self {
        Self {
            key: key.into(),
            selection,
            mode: Mode::All,
            config: Value::Null,
            tags: BTreeMap::new(),
        }
    }

    /// Sets whether all of it runs, or what is stale.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the run's configuration.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Adds a tag to the run.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }
}

#[cfg(test)]
mod tests;
