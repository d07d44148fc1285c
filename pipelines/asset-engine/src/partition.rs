//! Partitions: the slices of an asset that are materialized one by one, and how a slice of an
//! asset maps to the slices of what it depends on.
//!
//! A set of partition keys is shared by reference: assets that use the same set map to each other
//! by position, without any look-up.

mod dynamic;
mod error;
mod product;
mod time;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub(crate) use dynamic::{Now, check_key};
pub use error::PartitionError;
use product::Dimension;
pub(crate) use product::Stride;
pub(crate) use time::Windows;

/// How an asset is cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Partitions {
    /// One piece, materialized as a whole.
    #[default]
    Unpartitioned,
    /// One piece per key.
    Keys(PartitionKeys),
}

/// An ordered set of partition keys, cheap to clone.
#[derive(Debug, Clone)]
pub struct PartitionKeys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Vec<Arc<str>>,
    index: FxHashMap<Arc<str>, u32>,
    shape: Shape,
}

/// What is known of keys besides their names.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Nothing.
    Static,
    /// The windows of time that they stand for.
    Windows(Windows),
    /// The dimensions that they combine, by name.
    Product(Box<[Dimension]>),
    /// That they come and go, as a set of this name.
    Dynamic(Arc<str>),
}

impl Shape {
    /// Whether there may be no key.
    fn may_be_empty(&self) -> bool {
        match self {
            Self::Dynamic(_) => true,
            Self::Product(dimensions) => {
                dimensions.iter().any(|dimension| dimension.keys.len() == 0)
            }
            Self::Windows(windows) => windows.grows,
            Self::Static => false,
        }
    }
}

/// Which partitions of a dependency one partition of an asset reads.
///
/// The one piece of an unpartitioned dependency is read under every mapping, and an unpartitioned
/// asset reads every partition of a dependency, or those that [`Mapping::Last`] leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mapping {
    /// The partition of the same key. Between a product and one of its dimensions: those that agree
    /// in it. Between windows of time, such as days and weeks: those that overlap.
    #[default]
    Identity,
    /// Every partition.
    All,
    /// The last so many partitions.
    Last(u32),
    /// Partitions whose time overlaps with a window around that of the reading partition, cut where
    /// the dependency has no partitions. Offsets count partitions of the reading asset, so -1 and 0
    /// between daily assets are yesterday and today (Dagster's `TimeWindowPartitionMapping`). An asset
    /// may read its own partitions by a window that ends before: -1 and -1, yesterday's.
    TimeWindow {
        /// By how many partitions the window's start is moved; negative = back.
        start_offset: i32,
        /// By how many its end.
        end_offset: i32,
    },
    /// Those that are listed, by key of the reading asset, see [`Mapping::keys`].
    Keys(Arc<BTreeMap<Arc<str>, Vec<Arc<str>>>>),
}

impl Mapping {
    /// A mapping by key: with each key of the reading asset, the keys of the dependency that it reads
    /// (Dagster's `StaticPartitionMapping`, turned round); one that is not listed reads nothing. What a
    /// program makes the list of is a mapping of its own.
    pub fn keys<I, K, L>(list: I) -> Self
    where
        I: IntoIterator<Item = (K, L)>,
        K: Into<Arc<str>>,
        L: IntoIterator,
        L::Item: Into<Arc<str>>,
    {
        let read = |keys: L| keys.into_iter().map(Into::into).collect();
        let list = list.into_iter().map(|(key, keys)| (key.into(), read(keys)));
        Self::Keys(Arc::new(list.collect()))
    }
}

impl Partitions {
    /// One partition per given key, in the given order.
    ///
    /// # Errors
    /// No key at all, an empty one, or one twice.
    pub fn static_keys<I>(keys: I) -> Result<Self, PartitionError>
    where
        I: IntoIterator,
        I::Item: Into<Arc<str>>,
    {
        Self::of_keys(keys, Shape::Static)
    }

    fn of_keys<I>(keys: I, shape: Shape) -> Result<Self, PartitionError>
    where
        I: IntoIterator,
        I::Item: Into<Arc<str>>,
    {
        let keys: Vec<Arc<str>> = keys.into_iter().map(Into::into).collect();
        if keys.is_empty() && !shape.may_be_empty() {
            return Err(PartitionError::NoKeys);
        }
        let count = fits(keys.len())?;
        let mut index = FxHashMap::with_capacity_and_hasher(keys.len(), rustc_hash::FxBuildHasher);
        for (position, key) in (0..count).zip(&keys) {
            if key.is_empty() {
                return Err(PartitionError::EmptyKey {
                    position: position as usize + 1,
                });
            }
            if index.insert(Arc::clone(key), position).is_some() {
                return Err(PartitionError::Duplicate(key.to_string()));
            }
        }
        Ok(Self::Keys(PartitionKeys(Arc::new(Inner {
            keys,
            index,
            shape,
        }))))
    }

    /// How many pieces: the number of keys, or 1.
    #[must_use]
    pub fn count(&self) -> u32 {
        match self {
            Self::Unpartitioned => 1,
            // The constructor refuses sets that do not fit.
            Self::Keys(keys) => u32::try_from(keys.0.keys.len()).unwrap_or(u32::MAX),
        }
    }

    /// The key at a position; `None` for the one piece of an unpartitioned asset, or past the end.
    #[must_use]
    pub fn key(&self, position: u32) -> Option<&Arc<str>> {
        match self {
            Self::Unpartitioned => None,
            Self::Keys(keys) => keys.key(position),
        }
    }

    /// The position of a key (`None` = the one piece of an unpartitioned asset).
    #[must_use]
    pub fn position(&self, key: Option<&str>) -> Option<u32> {
        match (self, key) {
            (Self::Unpartitioned, None) => Some(0),
            (Self::Keys(keys), Some(key)) => keys.0.index.get(key).copied(),
            _ => None,
        }
    }

    /// Where its keys lie: those that share them have one place.
    pub(crate) fn place(&self) -> *const () {
        match self {
            Self::Unpartitioned => std::ptr::null(),
            Self::Keys(keys) => Arc::as_ptr(&keys.0).cast(),
        }
    }

    /// Whether this is a set of keys.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        matches!(self, Self::Keys(_))
    }
}

impl PartitionKeys {
    /// The keys in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys.iter()
    }

    /// Whether both share one allocation, so that positions are equal without comparing keys.
    #[must_use]
    pub fn is_same_set(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.keys == other.0.keys && self.set() == other.set())
    }

    fn key(&self, position: u32) -> Option<&Arc<str>> {
        self.0.keys.get(position as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.keys.len()
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.0.shape
    }
}

impl PartialEq for PartitionKeys {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_set(other)
    }
}

impl Eq for PartitionKeys {}

/// A number of keys, if a step index can count it.
fn fits(found: usize) -> Result<u32, PartitionError> {
    u32::try_from(found)
        .ok()
        .filter(|count| *count < u32::MAX)
        .ok_or(PartitionError::TooMany {
            found,
            max: u32::MAX - 1,
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn errors_name_what_was_given() {
        assert!(
            Partitions::daily("2013-13-01", "2013-01-02")
                .unwrap_err()
                .to_string()
                .contains("2013-13-01")
        );
        assert_eq!(
            Partitions::daily("2013-01-02", "2013-01-01")
                .unwrap_err()
                .to_string(),
            "partition range 2013-01-02 to 2013-01-01: the last day is before the first"
        );
        assert_eq!(
            Partitions::static_keys(["a", "a"]).unwrap_err(),
            PartitionError::Duplicate("a".to_owned())
        );
        assert_eq!(
            Partitions::static_keys(Vec::<String>::new()).unwrap_err(),
            PartitionError::NoKeys
        );
    }
}
