//! Canonical rows and their digests: the data version.
//!
//! The encoding, which is the same for rows of a Parquet file and rows of the warehouse:
//! - a row is its fields in the order of the schema, each followed by the unit separator 0x1F, and
//!   then the record separator 0x1E;
//! - null is the byte 0x00, so that it differs from an empty text;
//! - integers are decimal; instants are seconds since 1970, decimal; floats are the shortest
//!   decimal text that reads back as the same float (Rust's `Display`); text is itself in UTF-8
//!   (it has no control characters: a row that has some went to quarantine).
//!
//! The digest of a row is the SHA-256 of its encoding. The digest of a table is the SHA-256 of the
//! column names, encoded as a row, and then of all rows, sorted by key. The digest of several
//! partitions is [`orchbench_journal::partitions_digest`]. No run id, attempt
//! or time goes in, so the same data has the same version on every engine and database.

use orchbench_journal::hex;
use sha2::{Digest as _, Sha256};

use crate::schema::Column;

const NULL: u8 = 0x00;
const UNIT_SEPARATOR: u8 = 0x1F;
const RECORD_SEPARATOR: u8 = 0x1E;

/// One field of a row.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Value<'a> {
    /// Nothing there.
    Null,
    /// An integer, or an instant in seconds since 1970.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(&'a str),
}

impl Value<'_> {
    /// The value as text, for messages and keys.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::Null => "NA".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => (*value).to_owned(),
        }
    }
}

/// Appends one field to an encoded row.
pub fn encode(row: &mut Vec<u8>, value: Value<'_>) {
    use std::io::Write as _;
    match value {
        Value::Null => row.push(NULL),
        Value::Int(value) => encode_int(row, value),
        // Writing to a Vec cannot fail.
        Value::Float(value) => drop(write!(row, "{value}")),
        Value::Text(value) => row.extend_from_slice(value.as_bytes()),
    }
    row.push(UNIT_SEPARATOR);
}

/// Ends an encoded row.
pub fn end_row(row: &mut Vec<u8>) {
    row.push(RECORD_SEPARATOR);
}

/// Decimal digits without the machinery of `write!`: most fields are integers.
fn encode_int(row: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        row.push(b'-');
    }
    row.extend_from_slice(&digits[start..]);
}

/// The digest of a table, fed row by row in the order of the keys.
#[derive(Clone, Debug)]
pub struct TableDigest {
    hasher: Sha256,
    rows: u64,
}

impl TableDigest {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        let mut header = Vec::new();
        for column in columns {
            encode(&mut header, Value::Text(column.name));
        }
        end_row(&mut header);
        let mut hasher = Sha256::new();
        hasher.update(&header);
        Self { hasher, rows: 0 }
    }

    /// Adds rows that are encoded already.
    pub fn push_encoded(&mut self, encoded: &[u8], rows: u64) {
        self.hasher.update(encoded);
        self.rows += rows;
    }

    /// How many rows went in.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The digest, in hex.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.hasher.finalize())
    }
}

/// The digest of one encoded row, in hex.
#[must_use]
pub fn row_digest(encoded: &[u8]) -> String {
    hex(&Sha256::digest(encoded))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(values: &[Value<'_>]) -> Vec<u8> {
        let mut row = Vec::new();
        for value in values {
            encode(&mut row, *value);
        }
        end_row(&mut row);
        row
    }

    #[test]
    fn null_differs_from_empty_and_fields_keep_their_borders() {
        assert_ne!(encoded(&[Value::Null]), encoded(&[Value::Text("")]));
        assert_ne!(
            encoded(&[Value::Text("a"), Value::Text("bc")]),
            encoded(&[Value::Text("ab"), Value::Text("c")])
        );
        assert_eq!(
            encoded(&[
                Value::Int(-7),
                Value::Float(10.357_019_999_999_999),
                Value::Float(30.0)
            ]),
            b"-7\x1f10.357019999999999\x1f30\x1f\x1e"
        );
    }

    proptest! {
        #[test]
        fn integers_are_written_as_rust_writes_them(value in any::<i64>()) {
            let mut row = Vec::new();
            encode_int(&mut row, value);
            prop_assert_eq!(String::from_utf8_lossy(&row), value.to_string());
        }
    }
}
