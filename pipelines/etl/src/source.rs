//! Sources: the entries of the catalogue file `sources.toml`, the argument of a pipeline run.
//!
//! A source is a filter on the data (origin airports) and a range of days.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use orchbench_journal::{Day, DayRange};
use serde::{Deserialize, Serialize};

use crate::dataset::field::is_code;

/// A source: what a run of the pipeline is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The share of a dataset's rows, of a day where it has days, above which its quarantine is
    /// unusual and warned of: 0 to 1.
    #[serde(default = "max_quarantine")]
    pub max_quarantine: f64,
}

/// One row in a hundred; nycflights13 has none.
fn max_quarantine() -> f64 {
    0.01
}

/// The longest name of a source, in characters: it is a part of keys and file names.
const MAX_NAME_CHARS: usize = 64;

/// The most days of a source: a century. Each is a partition, which engines hold in memory.
const MAX_DAYS: usize = 36_525;

/// The longest catalogue file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

impl Source {
    /// The source of a name in the embedded catalogue.
    ///
    /// # Errors
    /// [`SourceError::Unknown`], as the embedded catalogue is valid.
    pub fn embedded(name: &str) -> Result<Self, SourceError> {
        Ok(SourceCatalogue::embedded()?.get(name)?.clone())
    }

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
    #[serde(default = "max_quarantine")]
    max_quarantine: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    sources: BTreeMap<String, Entry>,
}

impl Entry {
    /// The source, or what is wrong with its entry.
    fn valid(self, name: &str) -> Result<Source, String> {
        let wrong = |what: &str, expected: &str, found: &dyn std::fmt::Debug| {
            Err(format!(
                "source {name}: {what}: expected {expected}, found {found:?}"
            ))
        };
        let days = DayRange {
            first: self.first,
            last: self.last,
        };
        // The name becomes a part of keys and asset names, so it has to be plain.
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(plain) {
            return Err(format!(
                "source name: expected 1 to {MAX_NAME_CHARS} letters, digits, '-' and '_', found {name:?}"
            ));
        }
        if days.is_empty() {
            return Err(format!(
                "source {name}: expected last on or after first {}, found {}",
                days.first, days.last
            ));
        }
        if days.days().nth(MAX_DAYS).is_some() {
            let expected = format!("at most {MAX_DAYS} days from first {}", days.first);
            return wrong("last", &expected, &days.last.to_string());
        }
        if self.title.chars().any(char::is_control) {
            return wrong("title", "one line of text", &self.title);
        }
        if let Some(origin) = self.origins.iter().find(|origin| !is_code(origin)) {
            return wrong("origins", "airports' codes such as \"EWR\"", origin);
        }
        if !(0.0..=1.0).contains(&self.max_quarantine) {
            return wrong(
                "max_quarantine",
                "a share from 0 to 1",
                &self.max_quarantine,
            );
        }
        Ok(Source {
            name: name.to_owned(),
            title: self.title,
            origins: self.origins,
            days,
            max_quarantine: self.max_quarantine,
        })
    }
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
    /// exist, a range of days that ends before it starts or has no end in practice, an origin that
    /// is no airport's code, or a share that is none.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let unreadable = |error| SourceError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        let origin = path.display().to_string();
        if text.len() as u64 > MAX_FILE_BYTES {
            let message = format!("expected at most {MAX_FILE_BYTES} bytes, found more");
            return Err(SourceError::Invalid { origin, message });
        }
        Self::parse(&text, &origin)
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
            let source = entry.valid(&name).map_err(invalid)?;
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
mod tests;
