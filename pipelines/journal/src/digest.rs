//! Digests that the work and its checker compute alike.

use sha2::{Digest as _, Sha256};

use crate::day::Day;

/// The digest over partitions: SHA-256 of `day digest\n` lines. The partitions have to come in the order of their days.
pub fn partitions_digest<'a>(partitions: impl Iterator<Item = (Day, &'a str)>) -> String {
    let mut hasher = Sha256::new();
    for (day, digest) in partitions {
        hasher.update(format!("{day} {digest}\n").as_bytes());
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 0x0F)]));
    }
    text
}
