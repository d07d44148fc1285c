//! Partitions that come and go at run time: which changes to their keys make a difference.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{CatalogError, Store};
use crate::event::PartitionChange;
use crate::partition::check_key;

/// The changes among some that make a difference, given the keys that there are.
pub(crate) fn effective(
    store: &dyn Store,
    changes: impl IntoIterator<Item = PartitionChange>,
) -> Result<Vec<PartitionChange>, CatalogError> {
    let mut sets: HashMap<Arc<str>, HashSet<Arc<str>>> = HashMap::new();
    let mut effective = Vec::new();
    for change in changes {
        check_key(&change.set, &change.key)?;
        if !sets.contains_key(&change.set) {
            let there = store.partitions(&change.set)?.into_iter();
            let there = there.map(|(key, _)| key).collect();
            sets.insert(Arc::clone(&change.set), there);
        }
        let Some(keys) = sets.get_mut(&change.set) else {
            continue;
        };
        let differs = if change.added {
            keys.insert(Arc::clone(&change.key))
        } else {
            keys.remove(&change.key)
        };
        if differs {
            effective.push(change);
        }
    }
    Ok(effective)
}
