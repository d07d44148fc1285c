//! The chain of digests: each record's digest covers the record and the digest of the one before,
//! so that a change anywhere shows in its own record, and the newest digest stands for the whole
//! log.

use sha2::{Digest as _, Sha256};

/// SHA-256 of a record and of all before it.
pub(super) type Digest = [u8; 32];

/// What stands in the place of the digest before the first record.
pub(super) const START: Digest = [0; 32];

/// The columns of a record, as they are stored.
pub(super) struct Record<'a> {
    pub seq: i64,
    pub t_ns: i64,
    pub at_ms: i64,
    pub epoch: i64,
    pub kind: &'a str,
    pub run: &'a str,
    pub asset: Option<&'a str>,
    pub partition: Option<&'a str>,
    pub attempt: Option<i64>,
    pub body: Option<&'a str>,
}

impl Record<'_> {
    /// The digest of this record, given the one before. Texts go in behind their length and
    /// optional columns behind a mark, so that no two records are the same bytes.
    pub fn digest(&self, before: &Digest) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(before);
        for number in [self.seq, self.t_ns, self.at_ms, self.epoch] {
            hasher.update(number.to_le_bytes());
        }
        for text in [
            Some(self.kind),
            Some(self.run),
            self.asset,
            self.partition,
            self.body,
        ] {
            match text {
                None => hasher.update([0]),
                Some(text) => {
                    hasher.update([1]);
                    hasher.update((text.len() as u64).to_le_bytes());
                    hasher.update(text);
                }
            }
        }
        match self.attempt {
            None => hasher.update([0]),
            Some(attempt) => {
                hasher.update([1]);
                hasher.update(attempt.to_le_bytes());
            }
        }
        hasher.finalize().into()
    }
}

/// A digest as text, two hexadecimal digits a byte.
pub(super) fn hex(digest: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let halves = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.map(|half| DIGITS[usize::from(half)]).collect()
}
