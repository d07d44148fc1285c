//! A graph with the keys that partitions have now.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{AssetGraph, GraphError, build};
use crate::partition::{Now, Partitions};

impl AssetGraph {
    /// The names of the sets of partitions that come and go; some may come several times.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &Arc<str>> {
        self.partitions_that_change().flat_map(Partitions::sets)
    }

    /// The same graph with the keys that there are now; `None` when it has them.
    pub(crate) fn with_keys(&self, keys: &Now<'_>) -> Result<Option<Self>, GraphError> {
        // What shares its keys goes on sharing them.
        let mut now: HashMap<*const (), Option<Partitions>> = HashMap::new();
        for partitions in self.partitions_that_change() {
            if let Entry::Vacant(new) = now.entry(partitions.place()) {
                new.insert(partitions.with_keys(keys)?);
            }
        }
        if now.values().all(Option::is_none) {
            return Ok(None);
        }
        let mut assets = self.assets.clone();
        for index in &self.dynamic {
            let partitions = &mut assets[*index as usize].partitions;
            if let Some(Some(keys)) = now.get(&partitions.place()) {
                *partitions = keys.clone();
            }
        }
        let graph = build::build(assets)?;
        let parts = self.parts.clone();
        Ok(Some(Self { parts, ..graph }))
    }

    fn partitions_that_change(&self) -> impl Iterator<Item = &Partitions> {
        let assets = self.dynamic.iter().map(|index| self.asset(*index));
        assets.map(|asset| &asset.partitions)
    }
}
