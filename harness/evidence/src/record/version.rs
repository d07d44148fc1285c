//! The version of the formats in a results folder, `MAJOR.MINOR`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of every format that this code writes into a results folder.
pub const FORMAT_VERSION: FormatVersion = FormatVersion { major: 3, minor: 3 };

/// A version of the formats in a results folder. A new minor version adds fields that an older
/// reader may ignore; a new kind of event, or another meaning of what there is, is a new major
/// version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion {
    /// A reader reads one major version.
    pub major: u32,
    /// A reader reads every minor version of it, older and newer.
    pub minor: u32,
}

impl FormatVersion {
    /// Whether this code reads the version.
    pub fn is_read(self) -> bool {
        self.major == FORMAT_VERSION.major
    }

    /// What a reader expects, in words.
    pub(super) fn expected() -> String {
        format!("format {}.x", FORMAT_VERSION.major)
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no format version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a format version such as {FORMAT_VERSION}, found {found:?}")]
pub struct FormatVersionError {
    /// What stood in its place.
    pub found: String,
}

impl FromStr for FormatVersion {
    type Err = FormatVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The parser of numbers takes a sign as well, which no version has.
        let number = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        text.split_once('.')
            .and_then(|(major, minor)| {
                Some(Self {
                    major: number(major)?,
                    minor: number(minor)?,
                })
            })
            .ok_or_else(|| FormatVersionError {
                found: text.to_owned(),
            })
    }
}

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Before version 2.0 the version was a whole number; it is read, so that it can be refused by
/// name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(u32),
}

impl<'de> Deserialize<'de> for FormatVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
            Written::Number(major) => Ok(Self { major, minor: 0 }),
        }
    }
}

impl JsonSchema for FormatVersion {
    fn schema_name() -> Cow<'static, str> {
        "FormatVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": format!("^{}\\.[0-9]+$", FORMAT_VERSION.major),
            "description": "The version of the format, MAJOR.MINOR."
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn a_version_is_the_same_in_text_and_in_json() {
        for (text, version) in [
            ("3.3", FORMAT_VERSION),
            (
                "12.34",
                FormatVersion {
                    major: 12,
                    minor: 34,
                },
            ),
        ] {
            assert_eq!(text.parse(), Ok(version));
            assert_eq!(serde_json::to_value(version).unwrap(), text);
            assert_eq!(
                serde_json::from_value::<FormatVersion>(text.into()).unwrap(),
                version
            );
        }
        for foreign in ["2", "2.", ".0", "2.0.1", "+2.0", "2.x", ""] {
            assert!(foreign.parse::<FormatVersion>().is_err(), "{foreign:?}");
        }
    }

    #[test]
    fn one_major_version_is_read() {
        for (text, read) in [("3.0", true), ("3.7", true), ("2.9", false), ("4.0", false)] {
            assert_eq!(
                text.parse::<FormatVersion>().unwrap().is_read(),
                read,
                "{text}"
            );
        }
        let before: FormatVersion = serde_json::from_str("1").unwrap();
        assert!(!before.is_read());
    }
}
