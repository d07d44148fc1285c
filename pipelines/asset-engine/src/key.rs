//! Asset keys: the name of a data asset, a path of segments such as `my-source/flights`.
//!
//! A key is validated once, when it is made, and is cheap to clone afterwards.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The name of an asset: one or more segments of `[A-Za-z0-9_.-]`, joined by `/`.
#[derive(Clone)]
pub struct AssetKey {
    text: Arc<str>,
    /// Worked out once, as graphs look up each key many times.
    hash: u64,
}

/// Why a text is not an asset key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text, or one segment between two slashes, is empty.
    #[error("asset key {key:?}: segment {segment} is empty")]
    EmptySegment {
        /// The text as given.
        key: String,
        /// Position of the segment, from 1.
        segment: usize,
    },
    /// A character outside `[A-Za-z0-9_.-]`.
    #[error(
        "asset key {key:?}: character {found:?} at column {column}, expected a letter, a digit, '_', '.' or '-'"
    )]
    Character {
        /// The text as given.
        key: String,
        /// The offending character.
        found: char,
        /// Its column, in characters from 1.
        column: usize,
    },
}

impl AssetKey {
    /// Validates `key` and makes an asset key of it.
    ///
    /// # Errors
    /// [`KeyError`] names the segment or the character that is not allowed.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        for (position, segment) in key.split('/').enumerate() {
            if segment.is_empty() {
                return Err(KeyError::EmptySegment {
                    key: key.to_owned(),
                    segment: position + 1,
                });
            }
        }
        for (position, found) in key.chars().enumerate() {
            if !(found.is_ascii_alphanumeric() || matches!(found, '_' | '.' | '-' | '/')) {
                return Err(KeyError::Character {
                    key: key.to_owned(),
                    found,
                    column: position + 1,
                });
            }
        }
        Ok(Self {
            text: Arc::from(key),
            hash: rustc_hash::FxBuildHasher.hash_one(key),
        })
    }

    /// Its hash, for tables that keep no keys of their own.
    pub(crate) fn hash_code(&self) -> u64 {
        self.hash
    }

    /// The key as text, segments joined by `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Joins segments into a key, `["my-source", "flights"]` into `my-source/flights`.
    ///
    /// # Errors
    /// As of [`AssetKey::new`]; no segment at all is an empty one.
    pub fn of_segments<'a>(segments: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyError> {
        let segments: Vec<&str> = segments.into_iter().collect();
        Self::new(&segments.join("/"))
    }

    /// The segments, from the outermost.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text.split('/')
    }

    /// The last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or(&self.text)
    }
}

impl PartialEq for AssetKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (Arc::ptr_eq(&self.text, &other.text) || self.text == other.text)
    }
}

impl Eq for AssetKey {}

impl Hash for AssetKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialOrd for AssetKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AssetKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Display for AssetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for AssetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssetKey({})", self.text)
    }
}

impl std::str::FromStr for AssetKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl TryFrom<&str> for AssetKey {
    type Error = KeyError;

    fn try_from(text: &str) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl Serialize for AssetKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for AssetKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn keeps_segments_and_refuses_the_rest() {
        let key = AssetKey::new("my-source/flights_1.0").unwrap();
        assert_eq!(key.to_string(), "my-source/flights_1.0");
        assert_eq!(key.name(), "flights_1.0");
        assert_eq!(AssetKey::of_segments(key.segments()).unwrap(), key);
        assert!(AssetKey::of_segments([]).is_err());
        assert_eq!(
            AssetKey::new("a//b").unwrap_err().to_string(),
            "asset key \"a//b\": segment 2 is empty"
        );
        assert_eq!(
            AssetKey::new("a b").unwrap_err().to_string(),
            "asset key \"a b\": character ' ' at column 2, expected a letter, a digit, '_', '.' or '-'"
        );
        assert!(AssetKey::new("").is_err());
    }
}
