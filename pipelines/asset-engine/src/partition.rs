//! Partitions: the slices of an asset that are materialized one by one, and how a slice of an
//! asset maps to the slices of what it depends on.
//!
//! A set of partition keys is shared by reference: assets that use the same set map to each other
//! by position, without any look-up.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use thiserror::Error;

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
    index: HashMap<Arc<str>, u32>,
}

/// Which partitions of a dependency one partition of an asset reads.
///
/// The one piece of an unpartitioned dependency is read under either mapping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mapping {
    /// The partition of the same key.
    #[default]
    Identity,
    /// Every partition.
    All,
}

/// Why a set of partitions could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PartitionError {
    /// Not an ISO date.
    #[error("partition date {found:?}: expected YYYY-MM-DD ({reason})")]
    Date {
        /// The text as given.
        found: String,
        /// What the date parser said.
        reason: String,
    },
    /// The range of days has no day.
    #[error("partition range {first} to {last}: the last day is before the first")]
    EmptyRange {
        /// First day asked for.
        first: String,
        /// Last day asked for.
        last: String,
    },
    /// A set without keys, which could never be materialized.
    #[error("partition set without keys")]
    NoKeys,
    /// A key without characters.
    #[error("partition key {position} is empty")]
    EmptyKey {
        /// Position of the key, from 1.
        position: usize,
    },
    /// The same key twice.
    #[error("partition key {0:?} occurs twice")]
    Duplicate(String),
    /// More keys than a step index can count.
    #[error("partition set of {found} keys, expected at most {max}")]
    TooMany {
        /// Keys given.
        found: usize,
        /// The limit.
        max: u32,
    },
}

impl Partitions {
    /// One partition a day, from `first` to `last`, both included, both `YYYY-MM-DD`.
    ///
    /// # Errors
    /// A text that is no date, or a last day before the first.
    pub fn daily(first: &str, last: &str) -> Result<Self, PartitionError> {
        let parse = |text: &str| {
            text.parse::<Date>().map_err(|error| PartitionError::Date {
                found: text.to_owned(),
                reason: error.to_string(),
            })
        };
        let (start, end) = (parse(first)?, parse(last)?);
        if end < start {
            return Err(PartitionError::EmptyRange {
                first: first.to_owned(),
                last: last.to_owned(),
            });
        }
        let mut days = Vec::new();
        let mut day = start;
        loop {
            days.push(day.to_string());
            if day >= end {
                break;
            }
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_end_of_calendar) => break,
            }
        }
        Self::static_keys(days)
    }

    /// One partition per given key, in the given order.
    ///
    /// # Errors
    /// No key at all, an empty one, or one twice.
    pub fn static_keys<I>(keys: I) -> Result<Self, PartitionError>
    where
        I: IntoIterator,
        I::Item: Into<Arc<str>>,
    {
        let keys: Vec<Arc<str>> = keys.into_iter().map(Into::into).collect();
        if keys.is_empty() {
            return Err(PartitionError::NoKeys);
        }
        let mut index = HashMap::with_capacity(keys.len());
        for (position, key) in keys.iter().enumerate() {
            if key.is_empty() {
                return Err(PartitionError::EmptyKey {
                    position: position + 1,
                });
            }
            let position = u32::try_from(position)
                .ok()
                .filter(|position| *position < u32::MAX)
                .ok_or(PartitionError::TooMany {
                    found: keys.len(),
                    max: u32::MAX,
                })?;
            if index.insert(Arc::clone(key), position).is_some() {
                return Err(PartitionError::Duplicate(key.to_string()));
            }
        }
        Ok(Self::Keys(PartitionKeys(Arc::new(Inner { keys, index }))))
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
            Self::Keys(keys) => keys.0.keys.get(position as usize),
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
        Arc::ptr_eq(&self.0, &other.0) || self.0.keys == other.0.keys
    }
}

impl PartialEq for PartitionKeys {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_set(other)
    }
}

impl Eq for PartitionKeys {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn daily_counts_both_ends_and_leap_days() {
        let days = Partitions::daily("2012-02-27", "2012-03-01").unwrap();
        assert_eq!(days.count(), 4);
        assert_eq!(days.key(2).unwrap().as_ref(), "2012-02-29");
        assert_eq!(days.position(Some("2012-03-01")), Some(3));
        assert_eq!(days.position(None), None);
    }

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
