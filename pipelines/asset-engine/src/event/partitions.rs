//! Partitions that come and go at run time.

use std::sync::Arc;

/// A key that comes to a set of partitions, or goes, see [`crate::Partitions::dynamic`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionChange {
    /// Name of the set.
    pub set: Arc<str>,
    /// The key.
    pub key: Arc<str>,
    /// Whether it comes, behind all that are there; else it goes. What was made of it stays in the
    /// catalog, and counts again when the key comes again.
    pub added: bool,
}

impl PartitionChange {
    /// A key comes to a set. Nothing happens to one that is there.
    #[must_use]
    pub fn added(set: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Self {
        Self {
            set: set.into(),
            key: key.into(),
            added: true,
        }
    }

    /// A key goes from a set. Nothing happens where there is none.
    #[must_use]
    pub fn removed(set: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Self {
        Self {
            added: false,
            ..Self::added(set, key)
        }
    }
}
