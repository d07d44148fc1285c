//! What a look at every record says of a catalog.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a log goes: noted somewhere else, it tells later whether the catalog still has all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Head {
    /// The newest event; 0 = none.
    pub seq: u64,
    /// SHA-256 over it and all before it, in hexadecimal.
    pub digest: String,
}

impl Head {
    /// What was noted of a log.
    #[must_use]
    pub fn new(seq: u64, digest: impl Into<String>) -> Self {
        Self {
            seq,
            digest: digest.into(),
        }
    }
}

/// A catalog whose every record is as it was committed. A file that lost its end (a power cut, a
/// copy cut short) still holds a committed prefix of its log, which is what this names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How far it goes.
    pub head: Head,
    /// Events up to a noted head that the catalog no longer has; 0 when it has all of them, or when
    /// there was none to compare with.
    pub missing: u64,
    /// What is damaged beside the records, in words: commits in the write-ahead log that cannot be
    /// read, lines of the start log.
    pub damaged: Vec<String>,
}

impl Verified {
    /// Whether nothing is missing and nothing damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.missing == 0 && self.damaged.is_empty()
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { seq, digest } = &self.head;
        match seq {
            0 => f.write_str("a committed prefix without events")?,
            _ => write!(f, "a committed prefix, events 1 to {seq}, digest {digest}")?,
        }
        if self.missing > 0 {
            write!(
                f,
                "; {} events up to {} that were noted are missing",
                self.missing,
                seq + self.missing
            )?;
        }
        self.damaged
            .iter()
            .try_for_each(|what| write!(f, "; {what}"))
    }
}
