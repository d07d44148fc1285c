//! Partitions whose keys come at run time: with the time, or as the catalog records them.

use std::sync::Arc;

use jiff::Timestamp;

use super::product::{Dimension, SEPARATOR, split};
use super::time::is_time;
use super::{PartitionError, PartitionKeys, Partitions, Shape};

/// What keys there are now.
pub(crate) struct Now<'a> {
    /// Of a set that comes and goes, by its name; `None` = as they are.
    pub keys_of: &'a dyn Fn(&str) -> Option<Vec<Arc<str>>>,
    /// The time.
    pub at: Timestamp,
}

impl Partitions {
    /// Partitions whose keys come and go at run time (Dagster's `DynamicPartitionsDefinition`), in the
    /// order in which they came. The catalog keeps the keys, under the name of the set: none are here
    /// until [`crate::AssetGraph::current`] has asked it. Keys are changed by
    /// [`crate::Executor::change_partitions`], by a [`crate::Recorder`] and by sensors
    /// ([`crate::Evaluation::change_partitions`]).
    ///
    /// # Errors
    /// The name is empty, or has a space in it.
    pub fn dynamic(set: &str) -> Result<Self, PartitionError> {
        check_set(set)?;
        Self::of_keys(Vec::<Arc<str>>::new(), Shape::Dynamic(Arc::from(set)))
    }

    /// The names of the sets of which its keys are made that come and go.
    pub(crate) fn sets(&self) -> Vec<&Arc<str>> {
        let Self::Keys(keys) = self else {
            return Vec::new();
        };
        match keys.shape() {
            Shape::Dynamic(set) => vec![set],
            Shape::Product(dimensions) => {
                let sets = dimensions
                    .iter()
                    .filter_map(|dimension| dimension.keys.set());
                sets.collect()
            }
            Shape::Static | Shape::Windows(_) => Vec::new(),
        }
    }

    /// Whether there may be other keys later.
    pub(crate) fn changes(&self) -> bool {
        let Self::Keys(keys) = self else {
            return false;
        };
        match keys.shape() {
            Shape::Dynamic(_) => true,
            Shape::Windows(windows) => windows.grows,
            Shape::Product(dimensions) => dimensions
                .iter()
                .any(|dimension| Self::Keys(dimension.keys.clone()).changes()),
            Shape::Static => false,
        }
    }

    /// What stays of partitions whose keys do not: the names of their sets, and of those that come with
    /// the time where they begin and how long each is.
    pub(crate) fn lasting(&self) -> String {
        let Self::Keys(keys) = self else {
            return String::new();
        };
        match keys.shape() {
            Shape::Windows(windows) if windows.grows => format!("since {windows:?}\0"),
            Shape::Product(dimensions) => dimensions
                .iter()
                .map(|dimension| Self::Keys(dimension.keys.clone()).lasting())
                .collect(),
            Shape::Dynamic(set) => format!("dynamic {set}\0"),
            Shape::Windows(_) | Shape::Static => String::new(),
        }
    }

    /// The same with the keys that there are now; `None` when it has them.
    pub(crate) fn with_keys(&self, now: &Now<'_>) -> Result<Option<Self>, PartitionError> {
        let Self::Keys(keys) = self else {
            return Ok(None);
        };
        match keys.shape() {
            Shape::Dynamic(set) => {
                let now = (now.keys_of)(set);
                let now = now.filter(|now| !keys.iter().eq(now));
                let of_set = |now| Self::of_keys(now, Shape::Dynamic(Arc::clone(set)));
                now.map(of_set).transpose()
            }
            Shape::Product(dimensions) => {
                let mut changed = false;
                let mut of_now = Vec::with_capacity(dimensions.len());
                for dimension in dimensions {
                    let keys = Self::Keys(dimension.keys.clone());
                    let now = keys.with_keys(now)?;
                    changed |= now.is_some();
                    of_now.push((dimension.name.as_str(), now.unwrap_or(keys)));
                }
                changed.then(|| Self::product(of_now)).transpose()
            }
            Shape::Windows(windows) => {
                let there = i64::try_from(keys.len()).unwrap_or(i64::MAX);
                let grown = windows.grows && windows.over(now.at) != there;
                grown
                    .then(|| Self::since(windows.clone(), now.at))
                    .transpose()
            }
            Shape::Static => Ok(None),
        }
    }
}

impl Partitions {
    /// The newest of the events by which the keys came of which that of a piece is made, where they come and
    /// go; `event` gives that of a key of a set.
    pub(crate) fn arrival(
        &self,
        position: u32,
        event: impl Fn(&str, &str) -> Option<u64>,
    ) -> Option<u64> {
        let Self::Keys(keys) = self else {
            return None;
        };
        let of = |keys: &PartitionKeys, at: u32| event(keys.set()?, keys.key(at)?);
        match keys.shape() {
            Shape::Product(dimensions) => split(dimensions, position)
                .filter_map(|(dimension, at)| of(&dimension.keys, at))
                .max(),
            _ => of(keys, position),
        }
    }

    /// Whether a key that is not there may be one day, or may have been there.
    pub(crate) fn may_have(&self, key: &str) -> bool {
        let Self::Keys(keys) = self else {
            return false;
        };
        match keys.shape() {
            Shape::Dynamic(_) => !key.is_empty(),
            Shape::Windows(windows) => windows.grows && is_time(key),
            Shape::Product(dimensions) => {
                let parts: Vec<&str> = key.split(SEPARATOR).collect();
                let has = |(dimension, part): (&Dimension, &&str)| {
                    let keys = Self::Keys(dimension.keys.clone());
                    keys.position(Some(part)).is_some() || keys.may_have(part)
                };
                parts.len() == dimensions.len() && dimensions.iter().zip(&parts).all(has)
            }
            Shape::Static => false,
        }
    }
}

impl PartitionKeys {
    /// The name of the set that they are, if they come and go.
    pub(super) fn set(&self) -> Option<&Arc<str>> {
        match self.shape() {
            Shape::Dynamic(set) => Some(set),
            Shape::Static | Shape::Windows(_) | Shape::Product(_) => None,
        }
    }
}

/// Checks a key that comes to a set or goes.
pub(crate) fn check_key(set: &str, key: &str) -> Result<(), PartitionError> {
    check_set(set)?;
    if key.is_empty() {
        return Err(PartitionError::EmptyKey { position: 1 });
    }
    Ok(())
}

fn check_set(set: &str) -> Result<(), PartitionError> {
    if set.is_empty() || set.contains(char::is_whitespace) {
        return Err(PartitionError::Set {
            found: set.to_owned(),
        });
    }
    Ok(())
}
