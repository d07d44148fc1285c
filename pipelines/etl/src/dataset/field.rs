//! From the bytes of a field to a typed value.

use jiff::Timestamp;

use crate::canonical::Value;
use crate::schema::{Column, ColumnKind};

/// An integer, without the leniencies of general parsers (no plus sign, no spaces).
pub(crate) fn parse_int(field: &[u8]) -> Option<i64> {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(if digits.len() == field.len() {
        value
    } else {
        -value
    })
}

fn parse_float(field: &str) -> Option<f64> {
    let value: f64 = field.parse().ok()?;
    // SQLite stores minus zero as zero, and the digest must not depend on where a row is.
    value
        .is_finite()
        .then_some(if value == 0.0 { 0.0 } else { value })
}

/// The value of a field, or what is wrong with it.
pub(crate) fn field<'a>(bytes: &'a [u8], column: &Column) -> Result<Value<'a>, String> {
    let wrong = || {
        let found = String::from_utf8_lossy(bytes);
        format!(
            "column {}: expected {}, found {found:?}",
            column.name,
            column.kind.expected()
        )
    };
    if bytes == b"NA" {
        return if column.required {
            Err(wrong())
        } else {
            Ok(Value::Null)
        };
    }
    if column.kind == ColumnKind::Int {
        return parse_int(bytes).map(Value::Int).ok_or_else(wrong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
    let value = match column.kind {
        ColumnKind::Float => parse_float(text).map(Value::Float),
        ColumnKind::Time => text
            .parse::<Timestamp>()
            .ok()
            .map(|time| Value::Int(time.as_second())),
        ColumnKind::Int | ColumnKind::Text => {
            let missing = column.required && bytes.is_empty();
            let plain = !missing && !bytes.iter().any(u8::is_ascii_control);
            plain.then_some(Value::Text(text))
        }
    };
    value.ok_or_else(wrong)
}

/// An origin that can be told from garbage: three capital letters or digits.
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == 3
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A raw line for the quarantine: without its end, and with control characters and bytes that are
/// no UTF-8 replaced, so that the quarantine itself is clean text.
pub(super) fn raw_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_matches(['\r', '\n'])
        .chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}
