//! Sources: the entries of the catalogue file `sources.toml`, the argument of a pipeline run.
//!
//! A source is a filter on the data (origin airports) and a range of days.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use orchbench_journal::{Day, DayRange};
use serde::{Deserialize, Serialize};

/// A source: what a run of the pipeline is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The name that a run is started with.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Origin airports (FAA codes) whose flights and weather belong to the source; empty means all.
    pub origins: Vec<String>,
    /// The days, each a partition.
    pub days: DayRange,
}

impl Source {
    /// The partitions, in calendar order.
    #[must_use]
    pub fn partitions(&self) -> Vec<Day> {
        self.days.days().collect()
    }

    /// Whether a row with this origin airport belongs to the source.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|known| known == origin)
    }
}

/// Why a catalogue cannot be used or has no such source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The name stands in no entry.
    #[error("unknown source {name:?}: expected one of {}", known.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that exist, sorted.
        known: Vec<String>,
    },
    /// The catalogue file cannot be read.
    #[error("catalogue {}: cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The catalogue is not valid.
    #[error("catalogue {origin}: {message}")]
    Invalid {
        /// The file, or "embedded".
        origin: String,
        /// What is wrong, and where.
        message: String,
    },
}

/// All sources by name.
#[derive(Clone, Debug)]
pub struct SourceCatalogue {
    sources: BTreeMap<String, Source>,
}

/// An entry as it stands in the file, below `[sources.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    title: String,
    #[serde(default)]
    origins: Vec<String>,
    first: Day,
    last: Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    sources: BTreeMap<String, Entry>,
}

impl SourceCatalogue {
    /// The catalogue that is part of the binary.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] when the embedded file is broken, which a test excludes.
    pub fn embedded() -> Result<Self, SourceError> {
        Self::parse(include_str!("../sources.toml"), "embedded")
    }

    /// The catalogue in a file.
    ///
    /// # Errors
    /// When the file cannot be read or has a key that does not belong there, a day that does not
    /// exist, or a range of days that ends before it starts.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let text = std::fs::read_to_string(path).map_err(|error| SourceError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, origin: &str) -> Result<Self, SourceError> {
        let invalid = |message: String| SourceError::Invalid {
            origin: origin.to_owned(),
            message,
        };
        let file: CatalogueFile =
            toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let mut sources = BTreeMap::new();
        for (name, entry) in file.sources {
            let days = DayRange {
                first: entry.first,
                last: entry.last,
            };
            if days.is_empty() {
                return Err(invalid(format!(
                    "source {name}: expected last on or after first {}, found {}",
                    days.first, days.last
                )));
            }
            // The name becomes a part of keys and asset names, so it has to be plain.
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(invalid(format!(
                    "source name: expected letters, digits, '-' and '_', found {name:?}"
                )));
            }
            let source = Source {
                name: name.clone(),
                title: entry.title,
                origins: entry.origins,
                days,
            };
            sources.insert(name, source);
        }
        Ok(Self { sources })
    }

    /// The source of this name.
    ///
    /// # Errors
    /// [`SourceError::Unknown`], which lists the known names.
    pub fn get(&self, name: &str) -> Result<&Source, SourceError> {
        self.sources.get(name).ok_or_else(|| SourceError::Unknown {
            name: name.to_owned(),
            known: self.names(),
        })
    }

    /// The names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.sources.keys().cloned().collect()
    }

    /// The sources, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn the_embedded_catalogue_has_the_known_sources() {
        let catalogue = SourceCatalogue::embedded().unwrap();
        for (name, partitions) in [
            ("all", 365),
            ("EWR", 365),
            ("JFK", 365),
            ("LGA", 365),
            ("my-source", 7),
        ] {
            assert_eq!(
                catalogue.get(name).unwrap().partitions().len(),
                partitions,
                "{name}"
            );
        }
        assert_eq!(catalogue.get("my-source").unwrap().origins, ["EWR"]);
    }

    #[test]
    fn an_unknown_source_lists_the_known_ones() {
        let message = SourceCatalogue::embedded()
            .unwrap()
            .get("ewr")
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            "unknown source \"ewr\": expected one of EWR, JFK, LGA, all, my-source, one-day, \
             one-day-EWR, one-day-JFK, one-day-LGA"
        );
    }

    #[test]
    fn a_broken_catalogue_says_where() {
        let parse = |text| {
            SourceCatalogue::parse(text, "x.toml")
                .unwrap_err()
                .to_string()
        };
        let message =
            parse("[sources.a]\ntitle = \"a\"\nfirst = \"2013-01-02\"\nlast = \"2013-01-01\"\n");
        assert_eq!(
            message,
            "catalogue x.toml: source a: expected last on or after first 2013-01-02, found 2013-01-01"
        );
        assert!(parse("[sources.a]\ntitel = \"a\"\n").contains("titel"));
    }
}
