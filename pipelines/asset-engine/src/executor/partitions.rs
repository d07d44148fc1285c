//! Partitions that come at run time: with the time, or as the catalog has their keys.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;

use super::{EngineError, Executor};
use crate::catalog::Catalog;
use crate::event::{Event, PartitionChange};
use crate::graph::AssetGraph;
use crate::partition::Now;

impl AssetGraph {
    /// The same graph with the keys of now: those that a catalog has for partitions that come and go at
    /// run time ([`crate::Partitions::dynamic`]), and the time for those without an end
    /// ([`crate::Partitions::daily_since`]); itself where it has them. [`Executor::submit`] and a daemon
    /// see to that by themselves; who lays out a plan, asks what is stale or requests a backfill does
    /// so first.
    ///
    /// # Errors
    /// The catalog cannot be read, or with the keys of now these are no graph: one that reads another's
    /// partitions of the same key has one that the other has not.
    pub fn current(self: &Arc<Self>, catalog: &Catalog) -> Result<Arc<Self>, EngineError> {
        self.current_at(catalog, Timestamp::now())
    }

    /// The same at a time.
    pub(crate) fn current_at(
        self: &Arc<Self>,
        catalog: &Catalog,
        at: Timestamp,
    ) -> Result<Arc<Self>, EngineError> {
        let mut keys: HashMap<&str, Vec<Arc<str>>> = HashMap::new();
        for set in self.sets() {
            if let Entry::Vacant(new) = keys.entry(set) {
                new.insert(catalog.partitions(set)?);
            }
        }
        let now = Now {
            keys_of: &|set| keys.get(set).cloned(),
            at,
        };
        let graph = self.with_keys(&now)?;
        Ok(graph.map_or_else(|| Arc::clone(self), Arc::new))
    }
}

impl Executor {
    /// Has partitions come and go ([`crate::Partitions::dynamic`]), in one commit, durable when this
    /// returns; gives how many changes made a difference.
    ///
    /// # Errors
    /// A name that a set or a key cannot have; else the catalog failed.
    pub fn change_partitions(
        &self,
        changes: impl IntoIterator<Item = PartitionChange>,
    ) -> Result<usize, EngineError> {
        let changes = self.catalog.effective(changes)?;
        let count = changes.len();
        if count > 0 {
            self.append(changes.into_iter().map(Event::PartitionChanged).collect())?;
        }
        Ok(count)
    }
}
